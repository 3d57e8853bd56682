// The calls of one app that wait to start, in the order of their turns: lanes share the budget, in a lane the callers
// take turns, and the operations of a caller take turns too. Work that has begun is finished before the turn goes on.

import type { Operation } from '../operation.ts';
import { Lane } from './lane.ts';
import type { LaneName, QueuedCall } from './lane-calls.ts';
import type { Certainty } from './least-before.ts';

/** The share of each lane while calls wait in all of them. A lane without calls leaves its share to the others. */
const weights: Readonly<Record<LaneName, number>> = { login: 1, accepted: 2, other: 1 };

/** What shares of lanes are not exact by. */
const rounding = 1e-6;

/**
 * A queue in which callers take turns: however many calls and operations a caller has, another caller's call waits for
 * one turn of it. A turn completes an account, or an operation of few calls; what it takes beyond one call is made up
 * for by the turns that the caller passes.
 */
export class FairQueue<C extends QueuedCall> {
  readonly #lanes: Readonly<Record<LaneName, Lane<C>>> = {
    login: new Lane(weights.login),
    accepted: new Lane(weights.accepted),
    other: new Lane(weights.other),
  };
  readonly #all: readonly Lane<C>[] = Object.values(this.#lanes);
  #size = 0;

  /** How many calls wait. */
  get size(): number {
    return this.#size;
  }

  /** What waits in a lane. */
  waiting(lane: LaneName): Pick<Lane<C>, 'size' | 'callers' | 'sizeOf'> {
    return this.#lanes[lane];
  }

  /** Whether a call of the operation waits. */
  holds(operation: Operation): boolean {
    for (const lane of this.#all) if (lane.holds(operation)) return true;
    return false;
  }

  /** Every call that waits. */
  *[Symbol.iterator](): Generator<C> {
    for (const lane of this.#all) yield* lane;
  }

  /** Lets a call wait. @param hasBegun whether another call of its account and operation has started already. */
  add(call: C, hasBegun = false): void {
    const lane = this.#lanes[call.lane];
    // A lane that was idle has saved up nothing.
    if (lane.size === 0) lane.used = Math.max(lane.used, this.#leastUsed());
    lane.add(call, hasBegun);
    this.#size += 1;
  }

  /** A call no longer waits. */
  delete(call: C): void {
    if (this.#lanes[call.lane].delete(call)) this.#size -= 1;
  }

  /** Whether there is a call that may start. */
  canStart(mayStart: (call: C) => boolean): boolean {
    for (const lane of this.#all) if (lane.canStart(mayStart)) return true;
    return false;
  }

  /** The caller whose turn is next, as far as it can be told. */
  nextCaller(): string | undefined {
    return this.#first()?.firstCaller();
  }

  /** Removes and returns the next call that may start; undefined if no call may start. */
  next(mayStart: (call: C) => boolean = () => true): C | undefined {
    const first = this.#first();
    return first && (this.#nextOf(first, mayStart) ?? this.#nextBut(first, mayStart));
  }

  #nextBut(first: Lane<C>, mayStart: (call: C) => boolean): C | undefined {
    const others = this.#all.filter((lane) => lane !== first && lane.size > 0);
    for (const lane of others.sort((a, b) => a.used - b.used)) {
      const call = this.#nextOf(lane, mayStart);
      if (call !== undefined) return call;
    }
    return undefined;
  }

  #nextOf(lane: Lane<C>, mayStart: (call: C) => boolean): C | undefined {
    const call = lane.next(mayStart);
    if (call === undefined) return undefined;
    lane.used += 1 / lane.weight;
    this.#size -= 1;
    return call;
  }

  /**
   * After how many starts a new call of the operation's caller would have its turn, were the operation's own calls gone:
   * all that wait in its lane before it, and the other lanes' share meanwhile.
   */
  startsBefore({ operation, lane: name }: QueuedCall): number {
    const lane = this.#lanes[name];
    const others = this.#all.filter((other) => other !== lane);
    const ownTurns = lane.startsBefore(operation);
    let starts = ownTurns;
    for (const other of others) {
      starts += Math.min(other.size, ((ownTurns + 1) * other.weight) / lane.weight);
    }
    return starts;
  }

  /**
   * At least how many calls start before the last one of a call's operation, as the queue is now: those of its lane, and
   * what the other lanes have meanwhile.
   */
  leastBefore(call: QueuedCall, certainty: Certainty): number {
    const lane = this.#lanes[call.lane];
    const inLane = lane.leastBefore(call, certainty);
    const used = lane.size === 0 ? Math.max(lane.used, this.#leastUsed()) : lane.used;
    const usedThen = used + inLane / lane.weight;
    let before = inLane;
    for (const other of this.#all) {
      if (before >= certainty.most) break;
      const share = Math.ceil((usedThen - other.used) * other.weight - rounding);
      if (other === lane || share <= 0 || !other.canStart(certainty.mayStart)) continue;
      before += Math.min(other.size, share);
    }
    return before;
  }

  /** The call that has its turn after one that comes now, in its lane and operation; undefined where none has. */
  lastWith(call: QueuedCall, hasBegun: boolean): C | undefined {
    const lane = this.#lanes[call.lane];
    return hasBegun || lane.holdsAccount(call) ? lane.lastOf(call.operation) : undefined;
  }

  /** The call that has its turn after the others of the call's operation in its lane. */
  lastOf({ operation, lane }: QueuedCall): C | undefined {
    return this.#lanes[lane].lastOf(operation);
  }

  /** The last call of each operation in each lane. */
  *lastCalls(): Generator<C> {
    for (const lane of this.#all) yield* lane.lastCalls();
  }

  /** The lane whose turn is next. */
  #first(): Lane<C> | undefined {
    let first: Lane<C> | undefined;
    for (const lane of this.#all) {
      if (lane.size > 0 && (first === undefined || lane.used < first.used)) first = lane;
    }
    return first;
  }

  #leastUsed(): number {
    return this.#first()?.used ?? 0;
  }
}
