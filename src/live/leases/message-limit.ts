// How many messages are read in a second.

/** Counts by the second; each second begins with the first that is counted. */
export class MessageLimit {
  readonly #max: number;
  #endsAt = 0;
  #count = 0;

  /** @param max the most in a second. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Counts one; false where there were too many. */
  take(): boolean {
    const now = performance.now();
    if (now >= this.#endsAt) {
      this.#endsAt = now + 1_000;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count <= this.#max;
  }
}
