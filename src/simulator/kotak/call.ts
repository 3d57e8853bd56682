// One request to Kotak as the endpoints see it, read off the wire.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { readText, splitUrl } from '../body.ts';
import type { FaultTarget } from '../faults/fault.ts';
import { isTree, type Tree } from '../reply.ts';
import type { Kotak } from './kotak.ts';
import { type Host, hosts, kotakApp, kotakUser } from './users.ts';

/** One request. */
export interface KotakCall {
  readonly method: string;
  /** The whole path, without the query. */
  readonly path: string;
  /** Which of the two hosts was asked. */
  readonly host: Host;
  /** The path at that host, such as `/session/1.0/session/init`. */
  readonly resource: string;
  /** Where the hosts are reached as this caller reaches them, such as `http://127.0.0.1:4010`. */
  readonly origin: string;
  /** A header; empty where it is missing. */
  header(name: string): string;
  /** What a JSON body says; empty for anything else. */
  readonly json: Tree;
  /** What a form says. */
  readonly form: URLSearchParams;
}

/** Whether a path is one of the API. */
export function isKotakPath(path: string): boolean {
  return hosts.some((host) => path.startsWith(`/${host}/`));
}

/** Where a host is, as a caller reaches it. */
export function baseOf(origin: string, host: Host): string {
  return `${origin}/${host}/apim`;
}

/**
 * Reads a request.
 * @throws Error where the client goes away in mid-body, or sends more than any of these calls needs.
 */
export async function readKotakCall(incoming: IncomingMessage): Promise<KotakCall> {
  const { method = 'GET', url = '/', headers } = incoming;
  const [path] = splitUrl(url);
  const host = hosts.find((name) => path.startsWith(`/${name}/`)) ?? hosts[0];
  const body = method === 'POST' ? await readText(incoming) : '';
  return {
    method,
    path,
    host,
    resource: path.slice(`/${host}`.length).replace(/^\/apim(?=\/)/, ''),
    origin: originOf(incoming),
    header: (name) => headerOf(headers, name),
    json: jsonOf(body),
    form: new URLSearchParams(body),
  };
}

/** Whose a request is. What is not registered counts as none: it may be anything, even a secret in the wrong place. */
export function kotakTargetOf(call: KotakCall, kotak: Kotak): FaultTarget {
  const named = call.header('userid') || String(call.json.userid ?? '');
  const userId = kotakUser(named)?.userId ?? kotak.sessions.ownerOf(call.header('sessionToken'));
  const isOurs = call.header('consumerKey') === kotakApp.consumerKey;
  const { method, path } = call;
  return { method, path, userId, apiKey: isOurs ? kotakApp.consumerKey : null };
}

function headerOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name.toLowerCase()];
  return typeof value === 'string' ? value : '';
}

function originOf({ headers, socket }: IncomingMessage): string {
  const host = headers.host ?? '';
  return /^[\w.:[\]-]+$/.test(host) ? `http://${host}` : `http://127.0.0.1:${socket.localPort}`;
}

function jsonOf(body: string): Tree {
  try {
    const value: unknown = JSON.parse(body);
    return isTree(value) ? value : {};
  } catch {
    return {};
  }
}
