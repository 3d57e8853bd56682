// The series of one metric by their labels. prom-client makes a text of all labels each time it is asked; this does so once.

/** Series by one or two labels. Labels must come from a bounded set. */
export class Children<Child> {
  readonly #make: (first: string, second: string) => Child;
  readonly #known = new Map<string, Map<string, Child>>();

  constructor(make: (first: string, second: string) => Child) {
    this.#make = make;
  }

  /** The series of these labels. */
  of(first: string, second = ''): Child {
    let row = this.#known.get(first);
    if (row === undefined) {
      row = new Map();
      this.#known.set(first, row);
    }
    let child = row.get(second);
    if (child === undefined) {
      child = this.#make(first, second);
      row.set(second, child);
    }
    return child;
  }
}
