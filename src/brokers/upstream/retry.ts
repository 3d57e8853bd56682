// The one retry that a GET may have: after a connection failure or a 502, 503 or 504, with jitter.

import { isDeadline } from '../../cancellation.ts';
import { abortedBy, BrokerError } from '../error.ts';
import { type Clock, machineClock } from './clock.ts';
import type { Transport, UpstreamResponse } from './transport.ts';

const retriedStatuses = new Set([502, 503, 504]);

/** Milliseconds before the second attempt: 50 to 250, so that many callers do not return at once. */
export function jitter(): number {
  return 50 + Math.random() * 200;
}

/** How a GET is sent again. */
export interface RetryOptions {
  /** Milliseconds before the second attempt. Default: {@link jitter}. */
  readonly delay?: () => number;
  /** By which it waits. Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * A transport that sends a GET a second time where that may help; POST and DELETE are sent once, because what the first
 * one did is not known. Where the second attempt cannot be sent in time, the first outcome stands.
 */
export function retryingGets(send: Transport, options: RetryOptions = {}): Transport {
  const { delay = jitter, clock = machineClock } = options;
  return async (request, operation, onSent) => {
    const first = await attempt(send, request, operation, onSent);
    if (request.method !== 'GET' || !mayBeRetried(first)) return settled(first);
    const wait = Math.max(delay(), (first.retryAfterSeconds ?? 0) * 1_000);
    const { signal } = operation;
    if (clock.milliseconds() + wait >= operation.deadlineAt) return settled(first);
    await clock.wait(wait, signal);
    if (signal.aborted && !isDeadline(signal)) throw abortedBy(signal);
    if (signal.aborted) return settled(first);
    const second = await attempt(send, request, operation, onSent);
    return settled(wasNeverSent(second) ? first : second);
  };
}

/** Whether an attempt had no turn, or its operation's time was up before it had one. */
function wasNeverSent(outcome: UpstreamResponse | BrokerError): boolean {
  if (!(outcome instanceof BrokerError) || outcome.mayHaveReachedBroker) return false;
  return outcome.code === 'rate-limited' || outcome.code === 'timeout';
}

function attempt(send: Transport, ...call: Parameters<Transport>) {
  return send(...call).catch((error: unknown) => {
    if (error instanceof BrokerError) return error;
    throw error;
  });
}

function mayBeRetried(outcome: UpstreamResponse | BrokerError): boolean {
  return outcome instanceof BrokerError
    ? outcome.code === 'unavailable'
    : retriedStatuses.has(outcome.status);
}

function settled(outcome: UpstreamResponse | BrokerError): UpstreamResponse {
  if (outcome instanceof BrokerError) throw outcome;
  return outcome;
}
