// The queues of apps that wait for a slot. Their callers take turns, so that one caller's many apps are as one.

/** Queues by the caller whose turn is next in them. */
export class StalledQueues<Q> {
  /** The caller whose turn is next comes first. */
  readonly #callers = new Map<string, Set<Q>>();
  readonly #callerOf = new Map<Q, string>();

  /** A queue waits for a slot; once, however often it is added. */
  add(queue: Q, callerId: string): void {
    if (this.#callerOf.has(queue)) return;
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

  /** Removes and returns the next queue that can continue; undefined if no queue can. */
  take(canGoOn: (queue: Q) => boolean): Q | undefined {
    for (const [callerId, queues] of this.#callers) {
      for (const queue of queues) {
        if (!canGoOn(queue)) continue;
        this.delete(queue);
        if (this.#callers.delete(callerId)) this.#callers.set(callerId, queues);
        return queue;
      }
    }
    return undefined;
  }
}
