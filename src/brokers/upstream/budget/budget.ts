// The rate budget: a call starts when its app's window has room, when a slot is free for it, and when it is its
// caller's turn; until then it waits here, and no longer than its operation may. A GET may have one retry: after a
// connection failure or a 502, 503 or 504, with jitter.
import type { Limits } from '../../../limits.ts';
import { Cancellation, isDeadline } from '../../../shared/cancellation.ts';
import { digestOf } from '../../credential.ts';
import { abortedBy, BrokerError } from '../../error.ts';
import { type Clock, machineClock } from '../clock.ts';
import type { Operation } from '../operation.ts';
import type { Transport, UpstreamRequest, UpstreamResponse } from '../transport.ts';
import { BudgetQueues, type BudgetQueuesOptions } from './budget-queues.ts';
import type { AcceptedCredentials } from './known-credentials.ts';
import type { LaneName, QueuedCall } from './lane-calls.ts';
import { longestWayMilliseconds, type Start } from './rate-log/rate-log.ts';

/** What a budget is made from. */
export interface BudgetOptions extends BudgetQueuesOptions {
  readonly limits: BudgetQueuesOptions['limits'] & Pick<Limits, 'upstreamPauseSeconds'>;
  /** The credentials for which a share is kept. */
  readonly accepted: AcceptedCredentials;
  /** Told of each answer that closes the window of an app. */
  readonly onClosed?: ((apiKey: string) => void) | undefined;
  /**
   * Milliseconds before a GET is sent again, where that may help; each attempt takes a turn of its own. Left out: nothing
   * is sent twice.
   */
  readonly retryDelay?: () => number;
  /** What sends calls that change something. Default: what sends the others. */
  readonly writes?: Transport;
}

const neverFired = new Cancellation();

/** The outcomes of calls that the gateway waits for no longer. */
const givenUp: ReadonlySet<string> = new Set(['aborted', 'timeout']);

/** What a 429 or a 503 closes the window for where the broker does not say, in milliseconds: its own window. */
const usualClosing = 1_000;

/**
 * A transport whose calls start within the budget. Callers take turns; exchanges and renewals have a lane of their own,
 * and a share is kept for credentials that have worked lately.
 * @param queues the queues, where something else reads them too.
 * @throws BrokerError `rate-limited`, with `retryAfterSeconds`, for a call that had no turn before its operation's
 * deadline: at once where that is certain, or where too many wait already. It has not reached Kite.
 */
export function budgeted(
  reads: Transport,
  options: BudgetOptions,
  queues = new BudgetQueues(options),
): Transport {
  const { accepted, limits, onClosed, retryDelay, writes = reads, clock = machineClock } = options;

  /** Learns from an answer how soon the app may call again, and whether the credential works. */
  function learn({ apiKey, method }: UpstreamRequest, account: string, answer: UpstreamResponse) {
    const { status, retryAfterSeconds } = answer;
    if (status === 429 || (status === 503 && retryAfterSeconds !== null)) {
      const asked = (retryAfterSeconds ?? 0) * 1_000;
      const time = Math.min(Math.max(asked, usualClosing), limits.upstreamPauseSeconds * 1_000);
      queues.close(apiKey, time);
      onClosed?.(apiKey);
    } else if (account !== '') {
      if (status === 403) accepted.delete(account);
      else if (status < 300 && method === 'GET') accepted.add(account);
    }
  }

  // The retry is decided here and not in a step around it, which would cost every call one more promise.
  function begin(
    request: UpstreamRequest,
    call: QueuedCall,
    second: SecondAttempt | null,
    start: Start,
    waited: number,
  ) {
    const { operation, account } = call;
    const { apiKey } = request;
    const began = waited > 0 ? clock.milliseconds() : 0;
    const leave = (isGivenUp: boolean, connecting: Promise<void> | null = null) => {
      // It may still be on its way, and arrive beside calls that start a window later.
      if (isGivenUp) void clock.wait(longestWayMilliseconds, neverFired).then(() => start.ended());
      else start.ended();
      // A slot is for a connection: who gives calls up would otherwise have any number of them made.
      if (connecting !== null) void connecting.then(() => queues.leave(apiKey, call, null));
      else queues.leave(apiKey, call, waited > 0 ? clock.milliseconds() - began : null);
    };
    operation.begun?.();
    request.report?.started(waited);
    const send = request.method === 'GET' ? reads : writes;
    return send(request, operation, start).then(
      (answer) => {
        learn(request, account, answer);
        leave(false);
        return second?.(answer, request, operation) ?? answer;
      },
      (error: unknown) => {
        const known = error instanceof BrokerError ? error : null;
        const isGivenUp = known !== null && givenUp.has(known.code) && known.mayHaveReachedBroker;
        leave(isGivenUp, known?.connecting);
        const next = known !== null && second?.(known, request, operation);
        if (next) return next;
        throw error;
      },
    );
  }

  // Without a promise more than it needs: nearly every call starts at once.
  function attempt(
    request: UpstreamRequest,
    operation: Operation,
    second: SecondAttempt | null,
  ): Promise<UpstreamResponse> {
    const { apiKey, credential } = request;
    const account = credential === undefined ? '' : digestOf(credential);
    const call = { operation, account, lane: laneOf(request, accepted.has(account)) };
    const start = queues.enter(apiKey, call);
    if (!(start instanceof Promise)) return begin(request, call, second, start, 0);
    const since = clock.milliseconds();
    return start.then((started) =>
      begin(request, call, second, started, clock.milliseconds() - since),
    );
  }

  const once: Transport = (request, operation) => attempt(request, operation, null);
  if (retryDelay === undefined) return once;
  const second = secondAttempts(once, retryDelay, clock);
  return (request, operation) => attempt(request, operation, second);
}

function laneOf({ method }: UpstreamRequest, isAccepted: boolean): LaneName {
  if (method === 'POST') return 'login';
  return isAccepted ? 'accepted' : 'other';
}

/** Milliseconds before the second attempt: 50 to 250, so that many callers do not return at once. */
export function jitter(): number {
  return 50 + Math.random() * 200;
}

/** Makes the second attempt, where the outcome of the first one asks for it; null where that outcome stands. */
type SecondAttempt = (
  first: UpstreamResponse | BrokerError,
  request: UpstreamRequest,
  operation: Operation,
) => Promise<UpstreamResponse> | null;

const retriedStatuses = new Set([502, 503, 504]);

/**
 * Sends a GET a second time where that may help; POST and DELETE are sent once, because what the first one did is not
 * known. Where the second attempt cannot be sent in time, the first outcome stands.
 */
function secondAttempts(send: Transport, delay: () => number, clock: Clock): SecondAttempt {
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
      if (hadNoTurn(error)) return settled(first);
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
function hadNoTurn(error: unknown): boolean {
  if (!(error instanceof BrokerError) || error.mayHaveReachedBroker) return false;
  return error.code === 'rate-limited' || error.code === 'timeout';
}

function settled(outcome: UpstreamResponse | BrokerError): UpstreamResponse {
  if (outcome instanceof BrokerError) throw outcome;
  return outcome;
}
