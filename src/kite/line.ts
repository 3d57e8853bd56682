// The calls of one app that wait to start, in the order in which they get their turns.
import type { Operation } from './operation.ts';

/** A call that waits. */
export interface Waiter {
  readonly operation: Operation;
  /** Whether it goes before all that are not. */
  readonly isUrgent: boolean;
}

/**
 * A line in which operations take turns: however many calls one of them has waiting, the next operation's
 * first call waits for one of them and not for all. Within an operation: first come, first served.
 */
export class Line<W extends Waiter> {
  readonly #urgent = new Set<W>();
  /** By operation; the operation whose turn is next comes first. */
  readonly #turns = new Map<symbol, Set<W>>();
  #size = 0;

  /** How many calls wait. */
  get size(): number {
    return this.#size;
  }

  /** How many calls wait that are not an operation's own. */
  othersThan({ id }: Operation): number {
    return this.#size - (this.#turns.get(id)?.size ?? 0);
  }

  /** Every call that waits. */
  *[Symbol.iterator](): Generator<W> {
    yield* this.#urgent;
    for (const waiters of this.#turns.values()) yield* waiters;
  }

  /** Lets a call wait. */
  add(waiter: W): void {
    this.#size += 1;
    if (waiter.isUrgent) {
      this.#urgent.add(waiter);
      return;
    }
    const { id } = waiter.operation;
    const waiters = this.#turns.get(id);
    if (waiters === undefined) this.#turns.set(id, new Set([waiter]));
    else waiters.add(waiter);
  }

  /** A call no longer waits. */
  delete(waiter: W): void {
    const { id } = waiter.operation;
    const waiters = waiter.isUrgent ? this.#urgent : this.#turns.get(id);
    if (!waiters?.delete(waiter)) return;
    this.#size -= 1;
    if (!waiter.isUrgent && waiters.size === 0) this.#turns.delete(id);
  }

  /** Takes out the call whose turn it is; undefined when nobody waits. */
  next(): W | undefined {
    const [urgent] = this.#urgent;
    if (urgent !== undefined) {
      this.delete(urgent);
      return urgent;
    }
    const [turn] = this.#turns;
    if (turn === undefined) return undefined;
    const [id, waiters] = turn;
    const [first] = waiters;
    if (first !== undefined) this.delete(first);
    if (this.#turns.delete(id)) this.#turns.set(id, waiters);
    return first;
  }
}
