// What a call to a broker belongs to: an operation that waits for it until its deadline, and takes turns with others.
import { type Cancellable, Cancellation, timeIsUp } from '../../shared/cancellation.ts';

/** On whose behalf a call is made. */
export interface Operation {
  /** Who takes turns with other callers, as one with all of its operations. */
  readonly callerId: string;
  /** The request that the operation came with, for the log; undefined where no request caused the call. */
  readonly requestId?: string | undefined;
  /** The same for all calls of one GraphQL operation, which take turns with other operations as one. */
  readonly id: symbol;
  /** Ends the waiting and the call: at the deadline, or because the client has gone. */
  readonly signal: Cancellable;
  /** The deadline, in milliseconds of `performance.now()`; retries and waiting for a turn included. */
  readonly deadlineAt: number;
  /** Counts one more call; false where the operation has made as many as it may. Left out: there is no bound. */
  readonly admit?: (() => boolean) | undefined;
  /** Told when a call has its turn and is sent: until then nothing of it has left this process; or that it needs none. */
  readonly begun?: () => void;
  /** Told when a call has to wait for its turn, with the way to ask how many seconds that will take from then on. */
  readonly queued?: (secondsUntilTurn: () => number) => void;
}

/** An operation that ends at its deadline and for no other reason; {@link Deadline.end} frees its timer. */
export class Deadline implements Operation {
  readonly id = Symbol('operation');
  readonly callerId: string;
  readonly requestId: string | undefined;
  readonly deadlineAt: number;
  readonly admit: () => boolean;
  readonly #timer: NodeJS.Timeout;
  /** What ends with it. */
  readonly #cancellations: Cancellation[] = [];
  readonly #letGo: (() => void)[] = [];
  #own: Cancellation | null = null;
  #ended: { readonly reason: unknown } | null = null;

  /**
   * @param milliseconds from now on.
   * @param callerId who takes turns with other callers, as one with all of its operations.
   * @param requestId the request that it came with, for the log.
   * @param maxCalls the most calls that it may make.
   */
  constructor(
    milliseconds: number,
    callerId = 'unknown',
    requestId?: string,
    maxCalls = Number.POSITIVE_INFINITY,
  ) {
    let calls = 0;
    this.admit = () => {
      calls += 1;
      return calls <= maxCalls;
    };
    this.callerId = callerId;
    this.requestId = requestId;
    this.deadlineAt = performance.now() + milliseconds;
    // Not AbortSignal.timeout: nothing could stop that, and at thousands of operations a second each
    // would stay in memory, with all that it holds, until long after its answer.
    this.#timer = setTimeout(() => {
      this.#abort(timeIsUp);
      this.end();
    }, milliseconds);
    this.#timer.unref();
  }

  /** Fires at the deadline. Made when it is asked for: most operations only read. */
  get signal(): Cancellable {
    this.#own ??= this.#cancellation();
    return this.#own;
  }

  /** The same operation for calls that are of no use once the client has gone. */
  unless(gone: Cancellable): Operation {
    const signal = this.#cancellation();
    const leave = () => signal.abort(gone.reason);
    if (gone.aborted) leave();
    else {
      gone.addEventListener('abort', leave, { once: true });
      this.#letGo.push(() => gone.removeEventListener('abort', leave));
    }
    const { id, callerId, requestId, deadlineAt, admit } = this;
    return { id, callerId, requestId, deadlineAt, admit, signal };
  }

  /** Calls back, once, when the operation is over or its deadline has passed. */
  onEnd(callback: () => void): void {
    this.#letGo.push(callback);
  }

  /** The operation's result is no longer needed: its calls in flight are cancelled. */
  abandon(): void {
    this.end();
    this.#abort(undefined);
  }

  /** The operation is over: its signal will never fire, and its timer is freed. */
  end(): void {
    clearTimeout(this.#timer);
    for (const letGo of this.#letGo.splice(0)) letGo();
  }

  #cancellation(): Cancellation {
    const cancellation = new Cancellation();
    if (this.#ended !== null) cancellation.abort(this.#ended.reason);
    this.#cancellations.push(cancellation);
    return cancellation;
  }

  #abort(reason: unknown): void {
    this.#ended ??= { reason };
    for (const cancellation of this.#cancellations) cancellation.abort(this.#ended.reason);
  }
}
