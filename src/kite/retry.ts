// The one retry that a GET may have: after a connection failure or a 502, 503 or 504, with jitter.
import { setTimeout as sleep } from 'node:timers/promises';
import { abortedBy, KiteError } from './error.ts';
import type { KiteResponse, Transport } from './transport.ts';

const retriedStatuses = new Set([502, 503, 504]);

/** Milliseconds before the second attempt: 50 to 250, so that many callers do not return at once. */
export function jitter(): number {
  return 50 + Math.random() * 200;
}

/**
 * A transport that sends a GET a second time where that may help; POST and DELETE are sent once,
 * because nobody knows what the first one did. An operation without the time for it gets the first outcome.
 */
export function retryingGets(send: Transport, delay: () => number = jitter): Transport {
  return async (request, operation, onSent) => {
    const first = await attempt(send, request, operation, onSent);
    if (request.method !== 'GET' || !mayBeRetried(first)) return settled(first);
    const wait = delay();
    if (performance.now() + wait >= operation.deadlineAt) return settled(first);
    await sleep(wait, undefined, { signal: operation.signal }).catch(() => {
      throw abortedBy(operation.signal);
    });
    return send(request, operation, onSent);
  };
}

function attempt(send: Transport, ...call: Parameters<Transport>) {
  return send(...call).catch((error: unknown) => {
    if (error instanceof KiteError) return error;
    throw error;
  });
}

function mayBeRetried(outcome: KiteResponse | KiteError): boolean {
  return outcome instanceof KiteError
    ? outcome.code === 'unavailable'
    : retriedStatuses.has(outcome.status);
}

function settled(outcome: KiteResponse | KiteError): KiteResponse {
  if (outcome instanceof KiteError) throw outcome;
  return outcome;
}
