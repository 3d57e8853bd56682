// When an operation may begin to execute: callers take turns, a few milliseconds in each turn of the event loop. Requests
// that arrive together would otherwise all be executed before anything else is, and a user beside them waits for all.

/** The turns of a gateway. */
export class ExecutionTurns {
  readonly #turnMilliseconds: number;
  readonly #milliseconds: () => number;
  /** Operations that wait, by caller; the caller whose turn is next comes first. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #turnBegan = 0;
  #isTurnKnown = false;

  /**
   * @param turnMilliseconds of one turn of the event loop in which operations may begin.
   * @param milliseconds a clock that never jumps.
   */
  constructor(turnMilliseconds: number, milliseconds: () => number = () => performance.now()) {
    this.#turnMilliseconds = turnMilliseconds;
    this.#milliseconds = milliseconds;
  }

  /** Waits for a turn of the caller; undefined where it is now, as it is on a gateway that has time. */
  take(callerId: string): Promise<void> | undefined {
    const now = this.#milliseconds();
    if (!this.#isTurnKnown) {
      this.#isTurnKnown = true;
      this.#turnBegan = now;
      setImmediate(this.#nextTurn);
    }
    if (this.#waiting.size === 0 && now - this.#turnBegan < this.#turnMilliseconds)
      return undefined;
    return new Promise((resolve) => {
      const own = this.#waiting.get(callerId);
      if (own === undefined) this.#waiting.set(callerId, [resolve]);
      else own.push(resolve);
    });
  }

  /** One waiting operation begins in each turn of the loop: what it does first is done before the next one is let in. */
  readonly #nextTurn = (): void => {
    this.#turnBegan = this.#milliseconds();
    const [next] = this.#waiting;
    this.#isTurnKnown = next !== undefined;
    if (next === undefined) return;
    const [callerId, operations] = next;
    const begin = operations.shift();
    this.#waiting.delete(callerId);
    if (operations.length > 0) this.#waiting.set(callerId, operations);
    setImmediate(this.#nextTurn);
    begin?.();
  };
}
