// A call to a broker that several operations wait for. It ends when it is answered, or when the last of them has ended.

import { abortedBy, BrokerError } from '../brokers/error.ts';
import type { CallCount, Operation } from '../brokers/upstream/operation.ts';
import type { OperationCost } from '../brokers/upstream/report/operation-cost.ts';
import { type Cancellable, Cancellation, isDeadline } from '../shared/cancellation.ts';
import type { Answer } from './answer.ts';

/** Where calls in flight are found, so that others join them. */
export interface CallsInFlight<T> {
  /** The time: when an answer arrived. */
  readonly now: () => Date;
  /** A call is answered. */
  keep(digest: string, call: SharedCall<T>, answer: Answer<T>): void;
  /** A call is not joined any more. */
  remove(digest: string, call: SharedCall<T>): void;
  /** The broker refuses a token. Told before the operations that wait for the answer are. */
  refuse(digest: string, refusal: BrokerError): void;
}

/**
 * One call on behalf of all operations that wait for it. It takes the turn of the operation that began it, and may wait
 * for that turn as long as the most patient of them; once sent, it has the broker's time limit to itself.
 */
export class SharedCall<T> implements Operation {
  readonly calls: CallCount;
  readonly callerId: string;
  readonly requestId: string | undefined;
  /** Fires when no operation waits any more, for the reason of the last one. */
  readonly signal = new Cancellation();
  /** The latest deadline of all that wait or waited. */
  deadlineAt: number;
  readonly #inFlight: CallsInFlight<T>;
  readonly #digest: string;
  /**
   * Emptied with the rest when the call is over: tables that a Map has outgrown can outlive by far what they refer to,
   * and with thousands of calls a second each would drag all that hangs on it through the garbage collector.
   */
  #newestWaiter: Waiter<T> | null = null;
  #opener: Operation | null;
  #waiting = 0;
  #hasBegun = false;
  #secondsUntilTurn: (() => number) | null = null;

  constructor(inFlight: CallsInFlight<T>, digest: string, opener: Operation) {
    this.#inFlight = inFlight;
    this.#digest = digest;
    this.#opener = opener;
    this.calls = opener.calls;
    this.callerId = opener.callerId;
    this.requestId = opener.requestId;
    this.deadlineAt = opener.deadlineAt;
  }

  /** Of the operation that began it. */
  get cost(): OperationCost | null {
    return this.#opener?.cost ?? null;
  }

  /** Takes the outcome of the call that is made on its behalf. */
  settleWith(outcome: Promise<T>): void {
    outcome.then(
      (value) => this.#answer(value),
      (error: unknown) => this.#fail(error),
    );
  }

  begun(): void {
    this.#hasBegun = true;
    this.#opener?.begun?.();
  }

  queued(secondsUntilTurn: () => number): void {
    this.#secondsUntilTurn = secondsUntilTurn;
  }

  /** Waits for the outcome until the operation ends, which is then the end of this waiting alone. */
  join(operation: Operation): Promise<Answer<T>> {
    if (operation.deadlineAt > this.deadlineAt) this.deadlineAt = operation.deadlineAt;
    this.#waiting += 1;
    const answer = Promise.withResolvers<Answer<T>>();
    this.#newestWaiter = new Waiter(this, operation.signal, answer, this.#newestWaiter);
    return answer.promise;
  }

  /** The operation of a waiter has ended. @returns its error; null where it is the last, and gets the call's own. */
  leave(signal: Cancellable): BrokerError | null {
    this.#waiting -= 1;
    if (this.#waiting === 0) {
      // It must not be joined any more when it is cancelled.
      this.#inFlight.remove(this.#digest, this);
      this.signal.abort(signal.reason);
      return null;
    }
    if (this.#hasBegun || !isDeadline(signal)) return abortedBy(signal, this.#hasBegun);
    const retryAfterSeconds = this.#secondsUntilTurn?.() ?? 1;
    return new BrokerError('rate-limited', { retryAfterSeconds, mayHaveReachedBroker: false });
  }

  #answer(value: T): void {
    let answer: Answer<T>;
    try {
      answer = { value, asOf: this.#inFlight.now() };
      this.#inFlight.keep(this.#digest, this, answer);
    } catch (error) {
      // A fault of the gateway: the operations that wait are told, and not left waiting.
      this.#fail(error);
      return;
    }
    for (let waiter = this.#over(); waiter !== null; waiter = waiter.older) waiter.answer(answer);
  }

  #fail(error: unknown): void {
    if (error instanceof BrokerError && error.code === 'token') {
      this.#inFlight.refuse(this.#digest, error);
    }
    this.#inFlight.remove(this.#digest, this);
    for (let waiter = this.#over(); waiter !== null; waiter = waiter.older) waiter.fail(error);
  }

  #over(): Waiter<T> | null {
    const waiter = this.#newestWaiter;
    this.#newestWaiter = null;
    this.#opener = null;
    this.#secondsUntilTurn = null;
    return waiter;
  }
}

/** One operation's waiting for a call. */
class Waiter<T> {
  /** The one that came before it; null for the first. */
  readonly older: Waiter<T> | null;
  readonly #call: Pick<SharedCall<T>, 'leave'>;
  readonly #signal: Cancellable;
  readonly #answer: PromiseWithResolvers<Answer<T>>;

  constructor(
    call: Pick<SharedCall<T>, 'leave'>,
    signal: Cancellable,
    answer: PromiseWithResolvers<Answer<T>>,
    older: Waiter<T> | null,
  ) {
    this.#call = call;
    this.#signal = signal;
    this.#answer = answer;
    this.older = older;
    signal.addEventListener('abort', this, { once: true });
  }

  /** The operation has ended. */
  handleEvent(): void {
    const error = this.#call.leave(this.#signal);
    if (error !== null) this.#answer.reject(error);
  }

  answer(answer: Answer<T>): void {
    this.#signal.removeEventListener('abort', this);
    this.#answer.resolve(answer);
  }

  fail(error: unknown): void {
    this.#signal.removeEventListener('abort', this);
    this.#answer.reject(error);
  }
}
