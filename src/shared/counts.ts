// Counts by key, of which nothing stays behind at zero; and the failures of an operation, counted by code.

/** Counts failures, each object once: a field may be resolved under many aliases, or not be selected at all. */
export class FailureCounts {
  /** Most operations have none. */
  #counted: Set<object> | null = null;
  #byCode: Record<string, number> | undefined;

  /** Counts a failure that was not counted yet. */
  add(failure: { readonly code: string }): void {
    this.#counted ??= new Set();
    if (this.#counted.has(failure)) return;
    this.#counted.add(failure);
    this.#byCode ??= {};
    this.#byCode[failure.code] = (this.#byCode[failure.code] ?? 0) + 1;
  }

  /** The number of failures for each code; undefined without failures. */
  get byCode(): Readonly<Record<string, number>> | undefined {
    return this.#byCode;
  }
}

/** Adds to a count, which is dropped at zero. */
export function addTo<K>(counts: Map<K, number>, key: K, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
