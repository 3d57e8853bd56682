// An API's way with a request: log it, limit it, let a fault have it, answer it. The same for every broker.
//
// On node:http rather than on the router of the pages: every byte of these answers counts, some of them
// are wrong on purpose, and thousands a second pass here.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { splitUrl } from './body.ts';
import type { Faults, FaultTarget } from './faults/fault.ts';
import type { FaultWords } from './faults/fault-words.ts';
import { misbehave, pause } from './faults/misbehaviour.ts';
import type { RateLimit } from './rate-limit.ts';
import { type Answer, jsonReply, send } from './reply.ts';
import type { RequestLog } from './request-log.ts';

const mostPathCharacters = 200;

/** A request that has been read whole. */
export interface ReadRequest {
  /** Whose it is. */
  readonly target: FaultTarget;
  /** Does what was asked, and gives the true answer. */
  answer(): Answer;
}

/** What an API is made of. */
export interface Api {
  /** Where requests are noted. */
  readonly log: RequestLog;
  readonly faults: Faults;
  readonly rateLimit: RateLimit;
  /** The instant it is, in milliseconds since 1970 UTC. */
  readonly now: () => number;
  /** How long every answer is held back. */
  readonly latencyMilliseconds: number;
  readonly words: FaultWords;
  /** Reads a request to its end. @throws Error where it never comes to one, or is far too long. */
  read(incoming: IncomingMessage): Promise<ReadRequest>;
}

/** Handles every request that is for the API. */
export function apiListener(
  api: Api,
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  return (incoming, outgoing) => {
    // A client that left in mid-body, or that sent far too much: no client is left to answer.
    serve(api, incoming, outgoing).catch(() => outgoing.destroy());
  };
}

async function serve(api: Api, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { log, rateLimit, faults, latencyMilliseconds, words } = api;
  const entry = log.add({
    at: api.now(),
    monotonicMilliseconds: performance.now(),
    method: incoming.method ?? 'GET',
    path: splitUrl(incoming.url ?? '/')[0].slice(0, mostPathCharacters),
    userId: null,
    apiKey: null,
    status: null,
  });
  const { target, answer } = await api.read(incoming);
  entry.userId = target.userId;
  entry.apiKey = target.apiKey;

  // Taken anew, so that the limit sees one request after the other, however slowly their bodies came.
  entry.monotonicMilliseconds = performance.now();
  // The limit comes first, as at a real edge: what it turns away uses up no fault.
  const admitted =
    target.apiKey === null || rateLimit.admits(target.apiKey, entry.monotonicMilliseconds);
  if (latencyMilliseconds > 0) await pause(latencyMilliseconds);

  if (admitted) {
    const fault = faults.take(target);
    if (fault === null) send(outgoing, jsonReply(answer()));
    else await misbehave(fault, answer, outgoing, words);
  } else {
    send(outgoing, jsonReply(words.tooManyRequests));
  }
  if (outgoing.headersSent) entry.status = outgoing.statusCode;
}
