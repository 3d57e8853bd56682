// Names that become labels: a sender may invent as many as it likes, and each label costs memory for ever.

/** What stands for all names beyond the bound. */
export const otherName = 'other';

/** The first names that come, and one for all others. */
export class BoundedNames {
  readonly #max: number;
  readonly #known = new Set<string>();

  /** @param max how many names stay apart. */
  constructor(max: number) {
    this.#max = max;
  }

  /** The name itself, or the one for all others. */
  of(name: string): string {
    if (this.#known.has(name)) return name;
    if (this.#known.size >= this.#max) return otherName;
    this.#known.add(name);
    return name;
  }
}
