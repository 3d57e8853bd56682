// What a call to a broker belongs to: an operation that waits for it until its deadline, and takes turns with others.
import { type Cancellable, Cancellation, timeIsUp } from '../../shared/cancellation.ts';
import type { OperationCost } from './report/operation-cost.ts';

/** On whose behalf a call is made. */
export interface Operation {
  /** Who takes turns with other callers, as one with all of its operations. */
  readonly callerId: string;
  /** The request that the operation came with, for the log; undefined where no request caused the call. */
  readonly requestId?: string | undefined;
  /** The same for all calls of one GraphQL operation, which take turns with other operations as one. */
  readonly calls: CallCount;
  /** Ends the waiting and the call: at the deadline, or because the client has gone. */
  readonly signal: Cancellable;
  /** The deadline, in milliseconds of `performance.now()`; retries and waiting for a turn included. */
  readonly deadlineAt: number;
  /** What counts the calls of the operation; null or left out where it has not asked. */
  readonly cost?: OperationCost | null;
  /** Told when a call has its turn and is sent: until then nothing of it has left this process; or that it needs none. */
  readonly begun?: () => void;
  /** Told when a call has to wait for its turn, with the way to ask how many seconds that will take from then on. */
  readonly queued?: (secondsUntilTurn: () => number) => void;
}

/** The calls of one operation, counted. */
export class CallCount {
  readonly #max: number;
  #made = 0;
  /** Those in flight. */
  #inFlight = 0;
  /** The account of the first call in flight. `#others` has the further accounts, until no call is in flight. */
  #account = '';
  #others: Set<string> | null = null;

  /** @param max the most that the operation may make. */
  constructor(max = Number.POSITIVE_INFINITY) {
    this.#max = max;
  }

  /** Counts one more; false where the operation has made as many as it may. */
  admit(): boolean {
    this.#made += 1;
    return this.#made <= this.#max;
  }

  /** A call of an account is in flight. */
  start(account: string): void {
    this.#inFlight += 1;
    if (this.#inFlight === 1) this.#account = account;
    else if (account !== this.#account) {
      this.#others ??= new Set();
      this.#others.add(account);
    }
  }

  /** A call has ended. */
  end(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#others = null;
  }

  /** Whether a call of an account is in flight, or was while others were. */
  hasBegun(account: string): boolean {
    if (this.#inFlight === 0) return false;
    return account === this.#account || !!this.#others?.has(account);
  }
}

/** An operation that ends at its deadline and for no other reason; {@link Deadline.end} frees its timer. */
export class Deadline implements Operation {
  readonly calls: CallCount;
  readonly callerId: string;
  readonly requestId: string | undefined;
  readonly deadlineAt: number;
  readonly cost: OperationCost | null;
  readonly #timer: NodeJS.Timeout;
  /** Made when it is asked for: most operations only read. */
  #own: Cancellation | null = null;
  /** What its calls become when the client has gone. */
  #reads: Reads | null = null;
  #onEnd: (() => void)[] | null = null;
  #ended: { readonly reason: unknown } | null = null;
  #isOver = false;

  /**
   * @param milliseconds from now on.
   * @param callerId who takes turns with other callers, as one with all of its operations.
   * @param requestId the request that it came with, for the log.
   * @param maxCalls the most calls that it may make.
   * @param cost counts its calls, where that is asked for.
   */
  constructor(
    milliseconds: number,
    callerId = 'unknown',
    requestId?: string,
    maxCalls?: number,
    cost: OperationCost | null = null,
  ) {
    this.callerId = callerId;
    this.requestId = requestId;
    this.cost = cost;
    this.calls = new CallCount(maxCalls);
    this.deadlineAt = performance.now() + milliseconds;
    // Not AbortSignal.timeout: nothing could stop that, and at thousands of operations a second each
    // would stay in memory, with all that it holds, until long after its answer.
    this.#timer = setTimeout(Deadline.#pass, milliseconds, this).unref();
  }

  static #pass(deadline: Deadline): void {
    deadline.#abort(timeIsUp);
    deadline.end();
  }

  /** Fires at the deadline. */
  get signal(): Cancellable {
    if (this.#own === null) {
      this.#own = new Cancellation();
      if (this.#ended !== null) this.#own.abort(this.#ended.reason);
    }
    return this.#own;
  }

  /** The same operation for calls that are of no use once the client has gone; to be asked for once. */
  unless(gone: Cancellable): Operation {
    const reads = new Reads(this, gone);
    if (this.#ended !== null) reads.signal.abort(this.#ended.reason);
    this.#reads = reads;
    return reads;
  }

  /** Calls back, once, when the operation is over or its deadline has passed; at once where it is so already. */
  onEnd(callback: () => void): void {
    if (this.#isOver) {
      callback();
      return;
    }
    this.#onEnd ??= [];
    this.#onEnd.push(callback);
  }

  /** The operation's result is no longer needed: its calls in flight are cancelled. */
  abandon(): void {
    this.end();
    this.#abort(undefined);
  }

  /** The operation is over: its signal will never fire, and its timer is freed. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#reads?.leaveClient();
    if (this.#onEnd === null) return;
    const callbacks = this.#onEnd;
    this.#onEnd = null;
    for (const callback of callbacks) callback();
  }

  #abort(reason: unknown): void {
    this.#ended ??= { reason };
    this.#own?.abort(this.#ended.reason);
    this.#reads?.signal.abort(this.#ended.reason);
  }
}

/** The calls of an operation that end with its client as well. */
class Reads implements Operation {
  readonly calls: CallCount;
  readonly callerId: string;
  readonly requestId: string | undefined;
  readonly deadlineAt: number;
  readonly cost: OperationCost | null;
  readonly signal = new Cancellation();
  readonly #client: Cancellable;

  constructor(deadline: Deadline, client: Cancellable) {
    this.calls = deadline.calls;
    this.callerId = deadline.callerId;
    this.requestId = deadline.requestId;
    this.deadlineAt = deadline.deadlineAt;
    this.cost = deadline.cost;
    this.#client = client;
    if (client.aborted) this.handleEvent();
    else client.addEventListener('abort', this, { once: true });
  }

  /** The client has gone. */
  handleEvent(): void {
    this.signal.abort(this.#client.reason);
  }

  /** A client may stay for longer than its operation, and must not hold it in memory. */
  leaveClient(): void {
    this.#client.removeEventListener('abort', this);
  }
}
