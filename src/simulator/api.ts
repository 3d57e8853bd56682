// The API's way with a request: log it, limit it, let a fault have it, answer it.
//
// On node:http rather than on the router of the pages: every byte of these answers counts, some of them
// are wrong on purpose, and thousands a second pass here.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readCall, splitUrl, targetOf } from './call.ts';
import { misbehave, pause } from './faults/misbehaviour.ts';
import { tooManyRequests } from './kite/envelope.ts';
import type { Kite } from './kite/kite.ts';
import { jsonReply, send } from './reply.ts';
import { answerTo } from './routes.ts';

const mostPathCharacters = 200;

/** Handles every request that is for the API. */
export function apiListener(
  kite: Kite,
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  return (incoming, outgoing) => {
    // A client that left in mid-body, or that sent far too much: no client is left to answer.
    serve(kite, incoming, outgoing).catch(() => outgoing.destroy());
  };
}

async function serve(
  kite: Kite,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { log, settings, rateLimit, faults } = kite;
  const entry = log.add({
    at: kite.clock.now(),
    monotonicMilliseconds: performance.now(),
    method: incoming.method ?? 'GET',
    path: splitUrl(incoming.url ?? '/')[0].slice(0, mostPathCharacters),
    userId: null,
    apiKey: null,
    status: null,
  });
  const call = await readCall(incoming);
  const target = targetOf(call, kite);
  entry.userId = target.userId;
  entry.apiKey = target.apiKey;

  // Taken anew, so that the limit sees one request after the other, however slowly their bodies came.
  entry.monotonicMilliseconds = performance.now();
  // The limit comes first, as at a real edge: what it turns away uses up no fault.
  const admitted =
    target.apiKey === null || rateLimit.admits(target.apiKey, entry.monotonicMilliseconds);
  if (settings.latencyMilliseconds > 0) await pause(settings.latencyMilliseconds);

  if (admitted) {
    const fault = faults.take(target);
    const truth = () => answerTo(call, kite);
    if (fault === null) send(outgoing, jsonReply(truth()));
    else await misbehave(fault, truth, outgoing);
  } else {
    send(outgoing, jsonReply(tooManyRequests));
  }
  if (outgoing.headersSent) entry.status = outgoing.statusCode;
}
