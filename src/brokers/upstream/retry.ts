// The one retry that a GET may have: after a connection failure or a 502, 503 or 504, with jitter.

import { isDeadline } from '../../shared/cancellation.ts';
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
  /** Sends what is not a GET. Default: the same transport. */
  readonly others?: Transport;
}

/**
 * A transport that sends a GET a second time where that may help; POST and DELETE are sent once, because what the first
 * one did is not known. Where the second attempt cannot be sent in time, the first outcome stands.
 */
export function retryingGets(send: Transport, options: RetryOptions = {}): Transport {
  const { delay = jitter, clock = machineClock, others = send } = options;
  async function again(
    first: UpstreamResponse | BrokerError,
    ...[request, operation]: Parameters<Transport>
  ): Promise<UpstreamResponse> {
    const wait = Math.max(delay(), (first.retryAfterSeconds ?? 0) * 1_000);
    const { signal } = operation;
    if (clock.milliseconds() + wait >= operation.deadlineAt) return settled(first);
    await clock.wait(wait, signal);
    if (signal.aborted && !isDeadline(signal)) throw abortedBy(signal);
    if (signal.aborted) return settled(first);
    try {
      return await send(request, operation);
    } catch (error) {
      if (wasNeverSent(error)) return settled(first);
      throw error;
    }
  }

  return (request, operation) => {
    if (request.method !== 'GET') return others(request, operation);
    return send(request, operation).then(
      (first) => (retriedStatuses.has(first.status) ? again(first, request, operation) : first),
      (error: unknown) => {
        const mayHelp = error instanceof BrokerError && error.code === 'unavailable';
        if (mayHelp) return again(error, request, operation);
        throw error;
      },
    );
  };
}

/** Whether an attempt had no turn, or its operation's time was up before it had one. */
function wasNeverSent(error: unknown): boolean {
  if (!(error instanceof BrokerError) || error.mayHaveReachedBroker) return false;
  return error.code === 'rate-limited' || error.code === 'timeout';
}

function settled(outcome: UpstreamResponse | BrokerError): UpstreamResponse {
  if (outcome instanceof BrokerError) throw outcome;
  return outcome;
}
