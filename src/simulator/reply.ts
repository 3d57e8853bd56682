// What is written on the wire, byte for byte.
import type { ServerResponse } from 'node:http';

declare global {
  interface JSON {
    /** Text that JSON.stringify puts out as it is; TypeScript's library does not list it yet. */
    rawJSON(text: string): object;
  }
}

/** An answer of an API before it is written out. */
export interface Answer {
  /** The HTTP status. */
  readonly status: number;
  /** The envelope, a JSON value. */
  readonly envelope: unknown;
}

/** A JSON object. */
export type Tree = Record<string, unknown>;

/** Whether a JSON value is an object, and neither an array nor null. */
export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A response as it will be written. */
export interface Reply {
  /** The HTTP status. */
  readonly status: number;
  /** The whole Content-Type header; null for none. */
  readonly contentType: string | null;
  /** The body. */
  readonly text: string;
}

/** An answer as the brokers send it. Its Content-Type has no charset, and one client of Kite insists on that. */
export function jsonReply(answer: Answer): Reply {
  return {
    status: answer.status,
    contentType: 'application/json',
    text: toJson(answer.envelope),
  };
}

/** The headers of a reply. */
export function headersOf(reply: Reply): Record<string, string | number> {
  const length = { 'Content-Length': Buffer.byteLength(reply.text) };
  return reply.contentType === null ? length : { 'Content-Type': reply.contentType, ...length };
}

/** Sends a reply, unless the client has gone. */
export function send(outgoing: ServerResponse, reply: Reply): void {
  if (outgoing.destroyed) return;
  outgoing.writeHead(reply.status, headersOf(reply)).end(reply.text);
}

/** Writes a JSON value: unlike JSON.stringify alone, a negative zero keeps its sign. */
function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    Object.is(item, -0) ? JSON.rawJSON('-0') : item,
  );
}
