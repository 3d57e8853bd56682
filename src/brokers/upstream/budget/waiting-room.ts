// The calls that wait, and how many may. Each lane counts by itself, so that calls with invented credentials keep no login away, and
// no credential that has worked.
import type { Cancellation } from '../../../shared/cancellation.ts';
import { addTo } from '../../../shared/counts.ts';
import type { BrokerError } from '../../error.ts';
import type { CallCount, Operation } from '../operation.ts';
import type { FairQueue } from './fair-queue.ts';
import type { LaneName, QueuedCall } from './lane-calls.ts';
import type { Start } from './rate-log/rate-log.ts';

/** The most calls of each lane that may wait. */
export interface WaitingLimits {
  /** Of one caller, over all apps. */
  readonly waitingCallsPerCaller: number;
  /** Of one app. */
  readonly waitingCallsPerApp: number;
  /** In all. */
  readonly waitingCalls: number;
}

interface Waiting {
  size: number;
  readonly byCaller: Map<string, number>;
}

/** Counts the calls that wait, over all apps. */
export class WaitingRoom {
  readonly #limits: WaitingLimits;
  readonly #lanes: Readonly<Record<LaneName, Waiting>> = {
    login: { size: 0, byCaller: new Map() },
    accepted: { size: 0, byCaller: new Map() },
    other: { size: 0, byCaller: new Map() },
  };

  constructor(limits: WaitingLimits) {
    this.#limits = limits;
  }

  /**
   * Whether a call is refused. An operation of which calls wait already is let in whole; a caller that has less than
   * its share of what waits is refused only when there is twice as much as may be.
   */
  isFullFor({ operation, lane: name }: QueuedCall, queue: FairQueue<QueuedCall>): boolean {
    if (queue.holds(operation)) return false;
    const { waitingCallsPerCaller, waitingCallsPerApp, waitingCalls } = this.#limits;
    const { callerId } = operation;
    const all = this.#lanes[name];
    const own = all.byCaller.get(callerId) ?? 0;
    if (own >= waitingCallsPerCaller) return true;
    const app = queue.waiting(name);
    return (
      isOver(app.size, waitingCallsPerApp, app.sizeOf(callerId), app.callers) ||
      isOver(all.size, waitingCalls, own, all.byCaller.size)
    );
  }

  /** How many calls wait, by lane. */
  get sizes(): Readonly<Record<LaneName, number>> {
    const { login, accepted, other } = this.#lanes;
    return { login: login.size, accepted: accepted.size, other: other.size };
  }

  /** A call waits. */
  enter(call: QueuedCall): void {
    this.#count(call, 1);
  }

  /** A call waits no longer. */
  leave(call: QueuedCall): void {
    this.#count(call, -1);
  }

  #count({ operation, lane: name }: QueuedCall, change: number): void {
    const lane = this.#lanes[name];
    lane.size += change;
    addTo(lane.byCaller, operation.callerId, change);
  }
}

function isOver(size: number, max: number, own: number, callers: number): boolean {
  return size >= 2 * max || (size >= max && own >= max / Math.max(1, callers));
}

/** A call that waits for its turn. An object rather than closures: there may be thousands. */
export class WaitingCall implements QueuedCall {
  readonly operation: Operation;
  readonly lane: LaneName;
  readonly account: string;
  readonly queue: AppQueue;
  readonly resolve: (start: Start) => void;
  readonly reject: (error: BrokerError) => void;
  readonly #onEnd: (call: WaitingCall) => void;

  constructor(
    { operation, lane, account }: QueuedCall,
    queue: AppQueue,
    [resolve, reject]: readonly [(start: Start) => void, (error: BrokerError) => void],
    onEnd: (call: WaitingCall) => void,
  ) {
    this.operation = operation;
    this.lane = lane;
    this.account = account;
    this.queue = queue;
    this.resolve = resolve;
    this.reject = reject;
    this.#onEnd = onEnd;
    operation.signal.addEventListener('abort', this, { once: true });
  }

  /** Its operation has ended. */
  handleEvent(): void {
    this.#onEnd(this);
  }
}

/** The queue of one app. It is being served, or waits for a timer, or for a call of any app to end; or it is gone. */
export interface AppQueue {
  readonly apiKey: string;
  readonly waiting: FairQueue<WaitingCall>;
  isServed: boolean;
  timer: Cancellation | undefined;
  /** When the window has room again, as far as is known; in milliseconds of the clock. */
  opensAt: number;
  /** When it was last looked for calls that are too late, in milliseconds of the clock. */
  lookedAt: number;
  /** How long the quickest of its calls that had waited took, in milliseconds; 0 before one has ended. */
  quickest: number;
  /** How many have started since the window was last full or closed, and when the first did, in milliseconds of the clock. */
  started: number;
  startedSince: number;
  /** The call that was refused last when it came; null before one was. */
  refusal: Refusal | null;
}

/** A call that was refused when it came, and the queue as it was: the next ones of its operation have the same answer. */
export interface Refusal {
  readonly calls: CallCount;
  readonly lane: LaneName;
  readonly at: number;
  readonly size: number;
  readonly started: number;
  /** When its caller may ask again; null until that is known. */
  seconds: number | null;
}
