// The failures that an operation's answer tells of as data, counted by code for its line in the log.

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
