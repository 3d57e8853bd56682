// What the simulator's tests share: a simulator at a known hour, and the plain requests a stranger would send.
import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../src/simulator/simulator.ts';

/** Monday, ten in the morning in India. */
export const tenInTheMorning = new Date('2026-01-05T10:00:00+05:30');

/** A simulator on a free port, without a rate limit unless one is asked for; ends with the test. */
export async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({
    port: 0,
    rateLimit: 0,
    now: tenInTheMorning,
    ...options,
  });
  onTestFinished(() => simulator.close());
  return simulator;
}

const envelopeSchema = z.looseObject({ status: z.string(), data: z.unknown() });

/** A response, read. */
export interface Read {
  readonly status: number;
  readonly contentType: string | null;
  readonly text: string;
  /** The envelope; throws if the body is not one. */
  readonly envelope: z.output<typeof envelopeSchema>;
  /** The envelope's data; throws if it is not an object. */
  readonly data: Record<string, unknown>;
}

/** Reads a response to its end. */
export async function read(response: Response): Promise<Read> {
  const text = await response.text();
  const answer: Read = {
    status: response.status,
    contentType: response.headers.get('content-type'),
    text,
    get envelope() {
      return envelopeSchema.parse(JSON.parse(text));
    },
    get data() {
      return z.record(z.string(), z.unknown()).parse(answer.envelope.data);
    },
  };
  return answer;
}

/** GETs a path with a credential, by default the first user's standing token. */
export async function get(
  simulator: Simulator,
  path: string,
  credential = 'simulator:SIM0001-token',
  init: RequestInit = {},
): Promise<Read> {
  const headers = { Authorization: `token ${credential}` };
  return read(await fetch(`${simulator.url}${path}`, { headers, ...init }));
}

/** POSTs a form. */
export async function postForm(
  simulator: Simulator,
  path: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Read> {
  const body = new URLSearchParams(form);
  return read(await fetch(`${simulator.url}${path}`, { method: 'POST', body, headers }));
}

/** Sends JSON to the control API; the answer must be a success. */
export async function control(
  simulator: Simulator,
  path: string,
  body?: unknown,
  method = 'POST',
): Promise<unknown> {
  const headers = { 'Content-Type': 'application/json' };
  const init = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
  const response = await fetch(`${simulator.url}/simulator${path}`, init);
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

/** The lower-case hex SHA-256 of the parts, joined. */
export function sha256(...parts: string[]): string {
  return createHash('sha256').update(parts.join('')).digest('hex');
}

/** Submits the login page's form; the answer is the redirect, not followed. */
export function submitLogin(simulator: Simulator, form: Record<string, string>): Promise<Response> {
  return fetch(`${simulator.url}/connect/login`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ api_key: 'simulator', decision: 'approve', ...form }),
  });
}

/** Where a redirect goes. */
export function locationOf(response: Response): URL {
  return new URL(response.headers.get('location') ?? '');
}

/** Logs a user in, as far as the request token. */
export async function requestTokenFor(
  simulator: Simulator,
  userId: string,
  apiKey = 'simulator',
): Promise<string> {
  const response = await submitLogin(simulator, { user_id: userId, api_key: apiKey });
  return locationOf(response).searchParams.get('request_token') ?? '';
}

/** Exchanges a request token. */
export function exchange(
  simulator: Simulator,
  requestToken: string,
  apiKey = 'simulator',
  apiSecret = `${apiKey}-secret`,
): Promise<Read> {
  return postForm(simulator, '/session/token', {
    api_key: apiKey,
    request_token: requestToken,
    checksum: sha256(apiKey, requestToken, apiSecret),
  });
}

const tokensSchema = z.looseObject({ access_token: z.string(), refresh_token: z.string() });

/** Logs a user in, and gives the session's tokens. */
export async function logIn(
  simulator: Simulator,
  userId: string,
  apiKey = 'simulator',
): Promise<{ accessToken: string; refreshToken: string }> {
  const { data } = await exchange(
    simulator,
    await requestTokenFor(simulator, userId, apiKey),
    apiKey,
  );
  const { access_token, refresh_token } = tokensSchema.parse(data);
  return { accessToken: access_token, refreshToken: refresh_token };
}

/** DELETEs with a query. */
export async function remove(simulator: Simulator, query: Record<string, string>): Promise<Read> {
  const url = `${simulator.url}/session/token?${new URLSearchParams(query)}`;
  return read(await fetch(url, { method: 'DELETE' }));
}

const logSchema = z.strictObject({
  requests: z.array(
    z.strictObject({
      time: z.iso.datetime({ precision: 3 }),
      monotonicMilliseconds: z.number(),
      method: z.string(),
      path: z.string(),
      userId: z.string().nullable(),
      apiKey: z.string().nullable(),
      status: z.number().nullable(),
    }),
  ),
  counts: z.record(z.string(), z.number()),
});

/** The log of requests, whose shape is checked on the way. */
export async function readLog(simulator: Simulator): Promise<z.output<typeof logSchema>> {
  return logSchema.parse(await control(simulator, '/requests', undefined, 'GET'));
}
