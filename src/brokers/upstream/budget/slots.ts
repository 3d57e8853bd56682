// The calls in flight over all apps, each of which may hold a connection: no caller has all of them, and invented
// credentials leave some to those that have worked. And the queues of apps that wait for a slot.
import { addTo } from '../../../shared/counts.ts';
import type { QueuedCall } from './lane-calls.ts';

/** How many calls may be in flight. */
export interface SlotLimits {
  /** Over all callers. */
  readonly upstreamCalls: number;
  /** Of one caller. */
  readonly upstreamCallsPerCaller: number;
  /** Of all calls that are neither logins nor made with a credential that has worked lately. */
  readonly upstreamCallsUnproven: number;
}

/** Counts the calls in flight. */
export class Slots {
  readonly #limits: SlotLimits;
  readonly #byCaller = new Map<string, number>();
  #inUse = 0;
  #unproven = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  /** Whether any call may start. */
  get hasRoom(): boolean {
    return this.#inUse < this.#limits.upstreamCalls;
  }

  /** Whether this call would leave to others what is theirs. */
  readonly isShare = ({ operation, lane }: QueuedCall): boolean => {
    const { upstreamCallsPerCaller, upstreamCallsUnproven } = this.#limits;
    if (lane === 'other' && this.#unproven >= upstreamCallsUnproven) return false;
    return (this.#byCaller.get(operation.callerId) ?? 0) < upstreamCallsPerCaller;
  };

  /** Takes a slot before it is known for which call. */
  reserve(): void {
    this.#inUse += 1;
  }

  /** Gives a reserved slot back. */
  release(): void {
    this.#inUse -= 1;
  }

  /** Gives a reserved slot to a call. */
  assign(call: QueuedCall): void {
    this.#count(call, 1);
    call.operation.calls.start(call.account);
  }

  /** The call has ended. */
  leave(call: QueuedCall): void {
    this.release();
    this.#count(call, -1);
    call.operation.calls.end();
  }

  #count({ operation, lane }: QueuedCall, change: number): void {
    addTo(this.#byCaller, operation.callerId, change);
    if (lane === 'other') this.#unproven += change;
  }
}

/** Queues by the caller whose turn is next in them. */
export class StalledQueues<Q> {
  /** The caller whose turn is next comes first. */
  readonly #callers = new Map<string, Set<Q>>();
  readonly #callerOf = new Map<Q, string>();

  /** Whether none waits. */
  get isEmpty(): boolean {
    return this.#callerOf.size === 0;
  }

  /** Whether a queue waits. */
  has(queue: Q): boolean {
    return this.#callerOf.has(queue);
  }

  /** A queue waits for a slot, or waits on after it had one. @param callerId whose turn is next in it. */
  add(queue: Q, callerId: string): void {
    if (this.#callerOf.get(queue) === callerId) return;
    this.delete(queue);
    this.#callerOf.set(queue, callerId);
    const queues = this.#callers.get(callerId);
    if (queues === undefined) this.#callers.set(callerId, new Set([queue]));
    else queues.add(queue);
  }

  /** A queue waits no longer. */
  delete(queue: Q): void {
    const callerId = this.#callerOf.get(queue);
    if (callerId === undefined) return;
    this.#callerOf.delete(queue);
    const queues = this.#callers.get(callerId);
    queues?.delete(queue);
    if (queues?.size === 0) this.#callers.delete(callerId);
  }

  /** The next queue that can continue, which has its next turn after all others; undefined if no queue can. */
  next(canServe: (queue: Q) => boolean): Q | undefined {
    for (const [callerId, queues] of this.#callers) {
      for (const queue of queues) {
        if (!canServe(queue)) continue;
        moveLast(queues, queue);
        if (this.#callers.size > 1) {
          this.#callers.delete(callerId);
          this.#callers.set(callerId, queues);
        }
        return queue;
      }
    }
    return undefined;
  }
}

function moveLast<T>(set: Set<T>, item: T): void {
  if (set.size === 1) return;
  set.delete(item);
  set.add(item);
}
