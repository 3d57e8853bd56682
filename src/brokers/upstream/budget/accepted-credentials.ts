// The credentials that Kite has accepted lately: a share of each app's budget is kept for them, so that calls with
// invented tokens cannot use up all of it.

/**
 * Bounded, and by digests; nothing in it opens an account. It has two generations: when the younger one is full, the
 * older one is dropped as a whole, so that no addition has to look for the oldest entry.
 */
export class AcceptedCredentials {
  readonly #max: number;
  #younger = new Map<string, number>();
  #older = new Map<string, number>();

  /** @param max the most credentials that are remembered. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Whether Kite has accepted the credential lately. */
  has(digest: string): boolean {
    return this.#younger.has(digest) || this.#older.has(digest);
  }

  /** When Kite last accepted the credential, as `add` was told; undefined where that is not known. */
  acceptedAt(digest: string): number | undefined {
    return this.#younger.get(digest) ?? this.#older.get(digest);
  }

  /** Kite has accepted the credential. @param at when, in milliseconds, where that is of interest. */
  add(digest: string, at = 0): void {
    this.#younger.set(digest, at);
    if (this.#younger.size * 2 <= this.#max) return;
    this.#older = this.#younger;
    this.#younger = new Map();
  }

  /** Kite has refused the credential. */
  delete(digest: string): void {
    this.#younger.delete(digest);
    this.#older.delete(digest);
  }
}
