// The credentials that Kite has accepted lately: a share of each app's budget is kept for them, so that calls with
// invented tokens cannot use up all of it.

/**
 * A bounded set of digests; nothing in it opens an account. It has two generations: when the younger one is full, the
 * older one is dropped as a whole, so that no addition has to look for the oldest entry.
 */
export class AcceptedCredentials {
  readonly #max: number;
  #younger = new Set<string>();
  #older = new Set<string>();

  /** @param max the most credentials that are remembered. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Whether Kite has accepted the credential lately. */
  has(digest: string): boolean {
    return this.#younger.has(digest) || this.#older.has(digest);
  }

  /** Kite has accepted the credential. */
  add(digest: string): void {
    this.#younger.add(digest);
    if (this.#younger.size * 2 <= this.#max) return;
    this.#older = this.#younger;
    this.#younger = new Set();
  }

  /** Kite has refused the credential. */
  delete(digest: string): void {
    this.#younger.delete(digest);
    this.#older.delete(digest);
  }
}
