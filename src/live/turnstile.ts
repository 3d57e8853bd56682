// Lets the polls of one app through to the rate budget one by one. All that are due could wait there, but then
// they would fill it, and a query that joins one of them would wait for all before it.

/** One stay at the turnstile. */
export interface Visit {
  /** Resolves when it may go on; also when it leaves before. */
  readonly turn: Promise<void>;
  /** Lets the next one in. May be called more than once. */
  readonly leave: () => void;
}

type Admit = () => void;

interface Gate {
  inside: Admit | undefined;
  readonly first: Set<Admit>;
  readonly again: Set<Admit>;
}

/** A turnstile for each name. What nobody waits for takes no room. */
export class Turnstile {
  readonly #gates = new Map<string, Gate>();

  /** @param isFirst whether somebody waits for a first value: those go before all who have one, in their order. */
  enter(name: string, isFirst: boolean): Visit {
    const gate = this.#gates.get(name) ?? {
      inside: undefined,
      first: new Set(),
      again: new Set(),
    };
    this.#gates.set(name, gate);
    const { promise: turn, resolve: admit } = Promise.withResolvers<void>();
    const line = isFirst ? gate.first : gate.again;
    line.add(admit);
    this.#serve(name, gate);
    const leave = () => {
      line.delete(admit);
      admit();
      if (gate.inside !== admit) return;
      gate.inside = undefined;
      this.#serve(name, gate);
    };
    return { turn, leave };
  }

  #serve(name: string, gate: Gate): void {
    if (gate.inside !== undefined) return;
    const line = gate.first.size > 0 ? gate.first : gate.again;
    const [next] = line;
    if (next === undefined) {
      this.#gates.delete(name);
      return;
    }
    line.delete(next);
    gate.inside = next;
    next();
  }
}
