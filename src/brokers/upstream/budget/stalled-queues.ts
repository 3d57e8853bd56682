// The queues of apps that wait for a slot. Their callers take turns, so that one caller's many apps are as one.

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
  next(canGoOn: (queue: Q) => boolean): Q | undefined {
    for (const [callerId, queues] of this.#callers) {
      for (const queue of queues) {
        if (!canGoOn(queue)) continue;
        moveToEnd(queues, queue);
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

function moveToEnd<T>(set: Set<T>, item: T): void {
  if (set.size === 1) return;
  set.delete(item);
  set.add(item);
}
