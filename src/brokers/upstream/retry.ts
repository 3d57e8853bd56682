// The one retry that a GET may have: after a connection failure or a 502, 503 or 504, with jitter.

import { isDeadline } from '../../shared/cancellation.ts';
import { abortedBy, BrokerError } from '../error.ts';
import { type Clock, machineClock } from './clock.ts';
import type { Operation } from './operation.ts';
import type { Transport, UpstreamRequest, UpstreamResponse } from './transport.ts';

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

/** Makes the second attempt, where the outcome of the first one asks for it; null where that outcome stands. */
export type SecondAttempt = (
  first: UpstreamResponse | BrokerError,
  request: UpstreamRequest,
  operation: Operation,
) => Promise<UpstreamResponse> | null;

/**
 * Sends a GET a second time where that may help; POST and DELETE are sent once, because what the first one did is not
 * known. Where the second attempt cannot be sent in time, the first outcome stands.
 */
export function secondAttempts(send: Transport, options: RetryOptions = {}): SecondAttempt {
  const { delay = jitter, clock = machineClock } = options;
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

  return (first, request, operation) => {
    if (request.method !== 'GET') return null;
    if (first instanceof BrokerError) {
      return first.code === 'unavailable' ? again(first, request, operation) : null;
    }
    return retriedStatuses.has(first.status) ? again(first, request, operation) : null;
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
