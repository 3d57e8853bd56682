// Reads of one kind, shared between requests: a call in flight is joined, and an answer that is young enough is given
// again. A call ends when it is answered, or when the last operation that waits for it has ended.

import { abortedBy, BrokerError } from '../brokers/error.ts';
import { isWhole } from '../brokers/field.ts';
import type { Operation } from '../brokers/upstream/operation.ts';
import type { OperationCost, ReadSource } from '../brokers/upstream/report/operation-cost.ts';
import { type Cancellable, Cancellation, isDeadline } from '../shared/cancellation.ts';
import type { Answer, Asker } from './answer.ts';
import type { AnswerCache } from './answer-cache.ts';

/** What reads of one kind are made from. */
export interface SharedReadOptions<Q, T> {
  /** Makes the call that a question stands for. Rejects with BrokerError. */
  readonly call: (question: Q, operation: Operation) => Promise<T>;
  /** The time: when an answer arrived. */
  readonly now: () => Date;
  /** The answers of this kind that are held; null where none are. */
  readonly held: AnswerCache<T> | null;
  /** Told of each read before it is answered, and where its answer comes from. */
  readonly note?: (source: ReadSource, question: Q, operation: Operation) => void;
  /** Told when the broker has answered, except calls that were forgotten meanwhile. */
  readonly onAnswer: (digest: string, asOf: Date) => void;
  /** Told that the broker refuses a token, before the operations that wait for the answer are. */
  readonly onRefused: (digest: string, refusal: BrokerError) => void;
}

/** Reads of one kind, by the digest of the credential that reads. */
export class SharedRead<Q, T> {
  readonly options: SharedReadOptions<Q, T>;
  readonly #calls = new Map<string, SharedCall<Q, T>>();

  constructor(options: SharedReadOptions<Q, T>) {
    this.options = options;
  }

  /** How many calls are in flight. */
  get size(): number {
    return this.#calls.size;
  }

  /** The answer that is held, where it is young enough; otherwise that of a call which is joined or made. */
  read(digest: string, question: Q, { operation, maxAgeSeconds }: Asker): Promise<Answer<T>> {
    const known = this.find(digest, maxAgeSeconds);
    if (known === undefined || !isWhole(known.value)) return this.ask(digest, question, operation);
    this.options.note?.('held', question, operation);
    return Promise.resolve(known);
  }

  /** The answer that is held, where it is young enough. It may have values of the wrong type. */
  find(digest: string, maxAgeSeconds: number): Answer<T> | undefined {
    return this.options.held?.find(digest, maxAgeSeconds);
  }

  /** Joins the call of a credential that is in flight, or makes it. */
  ask(digest: string, question: Q, operation: Operation): Promise<Answer<T>> {
    // Otherwise no operation would wait for the call, and none would ever cancel it.
    if (operation.signal.aborted) return Promise.reject(abortedBy(operation.signal, false));
    let call = this.#calls.get(digest);
    this.options.note?.(call === undefined ? 'call' : 'shared', question, operation);
    if (call === undefined) {
      call = new SharedCall(this, digest, operation);
      this.#calls.set(digest, call);
      call.begin(question);
    } else {
      // The turn that it takes, or has had, is another operation's.
      operation.begun?.();
    }
    return call.join(operation);
  }

  /** The call of a credential is not joined from now on; operations that wait for it still get its answer. */
  forget(digest: string): void {
    this.#calls.delete(digest);
    this.options.held?.forget(digest);
  }

  /** A call is over: its answer is held, unless it was forgotten meanwhile. */
  keep(digest: string, call: SharedCall<Q, T>, answer: Answer<T>): void {
    if (!this.remove(digest, call)) return;
    this.options.onAnswer(digest, answer.asOf);
    this.options.held?.hold(digest, answer);
  }

  /** A call is over. @returns whether it could still be joined. */
  remove(digest: string, call: SharedCall<Q, T>): boolean {
    return this.#calls.get(digest) === call && this.#calls.delete(digest);
  }
}

/**
 * One call on behalf of all operations that wait for it. It takes the turn of the operation that began it, and may wait
 * for that turn as long as the most patient of them; once sent, it has the broker's time limit to itself.
 */
class SharedCall<Q, T> implements Operation {
  readonly id: symbol;
  readonly callerId: string;
  readonly requestId: string | undefined;
  /** Fires when no operation waits any more, for the reason of the last one. */
  readonly signal = new Cancellation();
  /** The latest deadline of all that wait or waited. */
  deadlineAt: number;
  readonly #reads: SharedRead<Q, T>;
  readonly #digest: string;
  /**
   * Emptied with the rest when the call is over: tables that a Map has outgrown can outlive by far what they refer to,
   * and with thousands of calls a second each would drag all that hangs on it through the garbage collector.
   */
  #waiters: Waiter<T>[] | null = null;
  #opener: Operation | null;
  #waiting = 0;
  #hasBegun = false;
  #secondsUntilTurn: (() => number) | null = null;

  constructor(reads: SharedRead<Q, T>, digest: string, opener: Operation) {
    this.#reads = reads;
    this.#digest = digest;
    this.#opener = opener;
    this.id = opener.id;
    this.callerId = opener.callerId;
    this.requestId = opener.requestId;
    this.deadlineAt = opener.deadlineAt;
  }

  /** Of the operation that began it. */
  get cost(): OperationCost | null {
    return this.#opener?.cost ?? null;
  }

  /** Makes the call. */
  begin(question: Q): void {
    this.#reads.options.call(question, this).then(
      (value) => this.#answer(value),
      (error: unknown) => this.#fail(error),
    );
  }

  /** It is one of the opener's calls. */
  admit(): boolean {
    return this.#opener?.admit?.() ?? true;
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
    return new Promise((resolve, reject) => {
      const waiter = new Waiter(this, operation.signal, resolve, reject);
      if (this.#waiters === null) this.#waiters = [waiter];
      else this.#waiters.push(waiter);
    });
  }

  /** The operation of a waiter has ended. @returns its error; null where it is the last, and gets the call's own. */
  leave(signal: Cancellable): BrokerError | null {
    this.#waiting -= 1;
    if (this.#waiting === 0) {
      // It must not be joined any more when it is cancelled.
      this.#reads.remove(this.#digest, this);
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
      answer = { value, asOf: this.#reads.options.now() };
      this.#reads.keep(this.#digest, this, answer);
    } catch (error) {
      // A fault of the gateway: the operations that wait are told, and not left waiting.
      this.#fail(error);
      return;
    }
    for (const waiter of this.#over()) waiter.answer(answer);
  }

  #fail(error: unknown): void {
    if (error instanceof BrokerError && error.code === 'token') {
      this.#reads.options.onRefused(this.#digest, error);
    }
    this.#reads.remove(this.#digest, this);
    for (const waiter of this.#over()) waiter.fail(error);
  }

  #over(): readonly Waiter<T>[] {
    const waiters = this.#waiters ?? [];
    this.#waiters = null;
    this.#opener = null;
    this.#secondsUntilTurn = null;
    return waiters;
  }
}

/** One operation's waiting for a call. */
class Waiter<T> {
  readonly #call: Pick<SharedCall<never, T>, 'leave'>;
  readonly #signal: Cancellable;
  readonly #resolve: (answer: Answer<T>) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    call: Pick<SharedCall<never, T>, 'leave'>,
    signal: Cancellable,
    resolve: (answer: Answer<T>) => void,
    reject: (error: unknown) => void,
  ) {
    this.#call = call;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    signal.addEventListener('abort', this, { once: true });
  }

  /** The operation has ended. */
  handleEvent(): void {
    const error = this.#call.leave(this.#signal);
    if (error !== null) this.#reject(error);
  }

  answer(answer: Answer<T>): void {
    this.#signal.removeEventListener('abort', this);
    this.#resolve(answer);
  }

  fail(error: unknown): void {
    this.#signal.removeEventListener('abort', this);
    this.#reject(error);
  }
}
