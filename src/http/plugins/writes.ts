// What changes something at Kite or in the store while it lasts. A stop waits for it also where the client has left:
// a token that was obtained and not kept would be lost.

/** The writes in flight of a gateway. */
export class Writes {
  readonly #inFlight = new Map<Promise<unknown>, string>();

  /** The ids of the requests whose writes are in flight. */
  get requestIds(): readonly string[] {
    return [...new Set(this.#inFlight.values())];
  }

  /** Counts a write until it has settled, and gives it back. */
  async during<Result>(requestId: string, write: Promise<Result>): Promise<Result> {
    this.#inFlight.set(write, requestId);
    try {
      return await write;
    } finally {
      this.#inFlight.delete(write);
    }
  }

  /** Waits until no write is in flight. */
  async settled(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.allSettled(this.#inFlight.keys());
  }
}
