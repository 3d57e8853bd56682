// Which waiting calls certainly get no turn before their operation's deadline: more calls come before them than the app's
// window can start by then. No call is taken to be quicker than the quickest so far. Where it is not certain, the call
// waits.

import type { Clock } from '../clock.ts';
import type { QueuedCall } from './lane-calls.ts';
import type { Certainty } from './least-before.ts';
import { countedMilliseconds, longestWayMilliseconds, type RateLog } from './rate-log/rate-log.ts';
import type { Slots } from './slots.ts';
import type { AppQueue, Refusal, WaitingCall } from './waiting-room.ts';

/** Finds calls that are too late. */
export class LateCalls {
  readonly #log: Pick<RateLog, 'limit'>;
  readonly #clock: Clock;
  readonly #mayStart: Certainty['mayStart'];

  constructor(log: Pick<RateLog, 'limit'>, clock: Clock, slots: Pick<Slots, 'isShare'>) {
    this.#log = log;
    this.#clock = clock;
    this.#mayStart = slots.isShare;
  }

  /**
   * The call that is too late if another one comes: that one, or the last one of its operation, where the others of
   * its account go first. Null where none is.
   */
  withNew(call: QueuedCall, queue: AppQueue, hasBegun: boolean): QueuedCall | WaitingCall | null {
    const { waiting } = queue;
    const starts = this.#mostStarts(call, queue);
    if (waiting.size < starts) return null;
    const last = (starts > 0 && waiting.lastWith(call, hasBegun)) || call;
    if (last === call && this.#refusalLike(call, queue) !== null) return call;
    if (!this.#isBeyond(this.#mostStarts(last, queue), call, queue, true)) return null;
    if (last === call) {
      const { operation, lane } = call;
      const at = this.#clock.milliseconds();
      const { started } = queue;
      const { size } = waiting;
      queue.refusal = { calls: operation.calls, lane, at, size, started, seconds: null };
    }
    return last;
  }

  /** The refusal of another call of the operation, of late and with as many before it: a thousand calls may come at once. */
  #refusalLike({ operation, lane }: QueuedCall, queue: AppQueue): Refusal | null {
    const { refusal, waiting, started } = queue;
    const isLike =
      refusal?.calls === operation.calls &&
      refusal.lane === lane &&
      refusal.size === waiting.size &&
      refusal.started === started &&
      this.#clock.milliseconds() - refusal.at < countedMilliseconds;
    return isLike ? refusal : null;
  }

  /** The calls of a queue that are too late, to be taken out one by one. Once a window, it looks at all operations. */
  *among(queue: AppQueue): Generator<WaitingCall> {
    const { waiting, opensAt } = queue;
    // Found first, and then taken out: the queue must not change while it is read.
    const late: WaitingCall[] = [];
    for (const call of waiting) {
      if (call.operation.deadlineAt < opensAt + queue.quickest) late.push(call);
    }
    yield* late;
    const now = this.#clock.milliseconds();
    if (now - queue.lookedAt < countedMilliseconds) return;
    queue.lookedAt = now;
    // Nothing is certain of calls without slots.
    if (!waiting.canStart(this.#mayStart)) return;
    for (const each of [...waiting.lastCalls()]) {
      let last: WaitingCall | undefined = each;
      while (
        last !== undefined &&
        this.#isBeyond(this.#mostStarts(last, queue), last, queue, false)
      ) {
        yield last;
        last = waiting.lastOf(last);
      }
    }
  }

  /** A call that had waited has ended after so many milliseconds. */
  learn(queue: AppQueue, took: number): void {
    queue.quickest = queue.quickest === 0 ? took : Math.min(queue.quickest, took);
  }

  /** A call starts. */
  start(queue: AppQueue): void {
    if (queue.started === 0) queue.startedSince = this.#clock.milliseconds();
    queue.started += 1;
  }

  /**
   * When a window that is full has room again, in milliseconds of the clock: after so many, but not before the first of all
   * the calls that fill it can have arrived a window ago.
   */
  opensAt(queue: AppQueue, milliseconds: number): number {
    const isFilled = queue.started >= this.#log.limit;
    const known = this.#clock.milliseconds() + milliseconds;
    const soonest = isFilled ? queue.startedSince + this.#apart(queue) : 0;
    queue.started = 0;
    return Math.max(known, soonest);
  }

  /** When a caller that asks again then has its turn, as far as can be told from what waits now. */
  secondsUntilTurn(call: QueuedCall, queue: AppQueue): number {
    const refusal = this.#refusalLike(call, queue);
    const seconds = refusal?.seconds ?? this.#untilTurn(call, queue);
    if (refusal !== null) refusal.seconds = seconds;
    return seconds;
  }

  #untilTurn(call: QueuedCall, { waiting, opensAt }: AppQueue): number {
    const untilOpen = Math.max(0, opensAt - this.#clock.milliseconds());
    let before = waiting.startsBefore(call);
    // Where operations are finished in one turn, more start before a newcomer than there are turns.
    if (!waiting.holds(call.operation)) {
      const certainty = { comes: true, most: Number.POSITIVE_INFINITY, mayStart: this.#mayStart };
      before = Math.max(before, waiting.leastBefore(call, certainty));
    }
    const inQueue = (before / this.#log.limit) * 1_000;
    return Math.max(1, Math.ceil((untilOpen + inQueue) / 1_000));
  }

  /**
   * The most starts of the app that can be answered before the deadline of a call. A start makes room for the next one a
   * window after it arrived, which may have been as late as its answer.
   */
  #mostStarts({ operation }: QueuedCall, queue: AppQueue): number {
    const { opensAt, quickest } = queue;
    const from = Math.max(this.#clock.milliseconds(), opensAt) + quickest;
    if (operation.deadlineAt < from) return 0;
    return this.#log.limit * (1 + Math.floor((operation.deadlineAt - from) / this.#apart(queue)));
  }

  /** The least time between a start and the one that it makes room for. */
  #apart({ quickest }: AppQueue): number {
    return countedMilliseconds + Math.min(quickest, longestWayMilliseconds);
  }

  /** Whether as many calls as that have their turns before the last one of a call's operation. */
  #isBeyond(starts: number, call: QueuedCall, { waiting }: AppQueue, comes: boolean): boolean {
    if (waiting.size - (comes ? 0 : 1) < starts) return false;
    const certainty = { comes, most: starts, mayStart: this.#mayStart };
    return waiting.leastBefore(call, certainty) >= starts;
  }
}
