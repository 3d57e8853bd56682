// Lets the polls of one caller and app through to the rate budget one by one. All that are due could wait there, but
// then they would fill it, and a query that joins one of them would wait for all before it. Watches take turns.

/** One stay at the turnstile. */
export interface Visit {
  /** Resolves when it may go on; also when it leaves before. */
  readonly turn: Promise<void>;
  /** Lets the next one in. May be called more than once. */
  readonly leave: () => void;
}

/** For whom a poll is made. */
export interface Visitor {
  /** What is polled through: an app. */
  readonly app: string;
  /** Callers do not wait for each other here: the rate budget gives them their turns. */
  readonly callerId: string;
  /** The watches of a caller take turns. */
  readonly watchId: symbol;
}

type Admit = () => void;

interface Gate {
  inside: Admit | undefined;
  /** By watch; the one whose turn is next comes first. */
  readonly watches: Map<symbol, WatchPolls>;
}

/** The polls of one watch that wait, each in the order in which they came. */
interface WatchPolls {
  /** Those without a value yet, which go first. */
  readonly first: Set<Admit>;
  readonly again: Set<Admit>;
}

/** A gate for each caller and app. One at which no poll waits takes no room. */
export class Turnstile {
  readonly #gates = new Map<string, Gate>();

  /** How many polls of the visitor's watch wait. */
  waiting(visitor: Visitor): number {
    const polls = this.#gates.get(nameOf(visitor))?.watches.get(visitor.watchId);
    return polls === undefined ? 0 : polls.first.size + polls.again.size;
  }

  /** @param isFirst whether there is no value yet: such polls go before the others of the same watch. */
  enter(visitor: Visitor, isFirst: boolean): Visit {
    const name = nameOf(visitor);
    const gate: Gate = this.#gates.get(name) ?? { inside: undefined, watches: new Map() };
    this.#gates.set(name, gate);
    const { watchId } = visitor;
    const polls = gate.watches.get(watchId) ?? { first: new Set(), again: new Set() };
    gate.watches.set(watchId, polls);
    const { promise: turn, resolve: admit } = Promise.withResolvers<void>();
    const line = isFirst ? polls.first : polls.again;
    line.add(admit);
    this.#serve(name, gate);
    const leave = () => {
      if (line.delete(admit)) dropIfEmpty(gate, watchId, polls);
      admit();
      if (gate.inside !== admit) return;
      gate.inside = undefined;
      this.#serve(name, gate);
    };
    return { turn, leave };
  }

  #serve(name: string, gate: Gate): void {
    if (gate.inside !== undefined) return;
    const [turn] = gate.watches;
    if (turn === undefined) {
      this.#gates.delete(name);
      return;
    }
    const [watchId, polls] = turn;
    const line = polls.first.size > 0 ? polls.first : polls.again;
    const [next] = line;
    if (next === undefined) return;
    line.delete(next);
    gate.watches.delete(watchId);
    gate.watches.set(watchId, polls);
    dropIfEmpty(gate, watchId, polls);
    gate.inside = next;
    next();
  }
}

function nameOf({ app, callerId }: Visitor): string {
  return `${app} ${callerId}`;
}

function dropIfEmpty(gate: Gate, watchId: symbol, { first, again }: WatchPolls): void {
  if (first.size + again.size === 0) gate.watches.delete(watchId);
}
