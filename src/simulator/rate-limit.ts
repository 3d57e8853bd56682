// The rate limit: a sliding log per api_key.

const windowMilliseconds = 1_000;

interface Accepted {
  /** When the last accepted requests arrived: a ring, written at `next`, which is also its oldest entry. */
  readonly arrivals: Float64Array;
  next: number;
}

/**
 * Accepts at most `limit` requests per api_key in any 1,000 ms. A log rather than a bucket, because a bucket
 * that refills lets nearly twice as many through in its first second.
 */
export class RateLimit {
  readonly #limit: number;
  readonly #accepted = new Map<string, Accepted>();

  /** @param limit The most requests in any 1,000 ms; 0 for no limit. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Whether a request that arrives now is accepted. One that is not leaves no trace, so that a caller who
   * keeps knocking is let in as soon as the window has room; whether Kite counts those is not established.
   * @param apiKey A registered app's key: nothing is ever forgotten, so unknown keys must not come here.
   * @param at When it arrived, in milliseconds of a clock that never jumps.
   */
  admits(apiKey: string, at: number): boolean {
    if (this.#limit === 0) return true;
    let accepted = this.#accepted.get(apiKey);
    if (accepted === undefined) {
      const arrivals = new Float64Array(this.#limit).fill(Number.NEGATIVE_INFINITY);
      accepted = { arrivals, next: 0 };
      this.#accepted.set(apiKey, accepted);
    }
    const oldest = accepted.arrivals[accepted.next] ?? Number.NEGATIVE_INFINITY;
    if (at - oldest < windowMilliseconds) return false;
    accepted.arrivals[accepted.next] = at;
    accepted.next = (accepted.next + 1) % this.#limit;
    return true;
  }

  /** Forgets what was accepted. */
  clear(): void {
    this.#accepted.clear();
  }
}
