// The simulator's clock: it runs like a real one, from wherever it was last set.

/** A clock that can be set and that goes on running. All instants are milliseconds since 1970 UTC. */
export class Clock {
  readonly #start: Date | undefined;
  #base = 0;
  #mark = 0;

  /**
   * @param start Where the clock starts, and starts again after a reset; without it, the real time.
   */
  constructor(start: Date | undefined) {
    this.#start = start;
    this.reset();
  }

  /** The instant it is, in milliseconds since 1970 UTC. */
  now(): number {
    // The monotonic clock underneath: a correction of the machine's time must not move ours.
    return this.#base + Math.floor(performance.now() - this.#mark);
  }

  /** Goes on from another instant, in milliseconds since 1970 UTC, earlier or later. */
  set(instant: number): void {
    this.#base = instant;
    this.#mark = performance.now();
  }

  /** Back to where it started. */
  reset(): void {
    this.set(this.#start?.getTime() ?? Date.now());
  }
}
