// Passes the polls of a caller and app to the rate budget one at a time. If all due polls waited there,
// a query that joins one of them would wait for all before it. Watches take turns.

/** A permit to poll; release it when the poll has started. */
export interface Permit {
  /** Resolves when the poll may start, and when it is released. */
  readonly turn: Promise<void>;
  /** Releases the permit for the next poll. May be called more than once. */
  readonly leave: () => void;
}

/** The app, caller and watch of a poll. */
export interface PollOwner {
  /** The app. */
  readonly app: string;
  /** Callers do not wait for each other here: the rate budget gives them their turns. */
  readonly callerId: string;
  /** The watches of a caller take turns. */
  readonly watchId: symbol;
}

type Admit = () => void;

interface Gate {
  active: Admit | undefined;
  /** By watch; the one whose turn is next comes first. */
  readonly watches: Map<symbol, WatchPolls>;
}

/** The polls of one watch that wait, each in the order in which they came. */
interface WatchPolls {
  /** Those without a value yet, which go first. */
  readonly first: Set<Admit>;
  readonly again: Set<Admit>;
}

/** One queue for each caller and app; an empty queue is removed. */
export class PollLimiter {
  readonly #gates = new Map<string, Gate>();

  /** How many polls of the owner's watch wait. */
  waiting(owner: PollOwner): number {
    const polls = this.#gates.get(nameOf(owner))?.watches.get(owner.watchId);
    return polls === undefined ? 0 : polls.first.size + polls.again.size;
  }

  /** @param isFirst whether there is no value yet: such polls go before the others of the same watch. */
  enter(owner: PollOwner, isFirst: boolean): Permit {
    const name = nameOf(owner);
    const gate: Gate = this.#gates.get(name) ?? { active: undefined, watches: new Map() };
    this.#gates.set(name, gate);
    const { watchId } = owner;
    const polls = gate.watches.get(watchId) ?? { first: new Set(), again: new Set() };
    gate.watches.set(watchId, polls);
    const { promise: turn, resolve: admit } = Promise.withResolvers<void>();
    const line = isFirst ? polls.first : polls.again;
    line.add(admit);
    this.#serve(name, gate);
    const leave = () => {
      if (line.delete(admit)) dropIfEmpty(gate, watchId, polls);
      admit();
      if (gate.active !== admit) return;
      gate.active = undefined;
      this.#serve(name, gate);
    };
    return { turn, leave };
  }

  #serve(name: string, gate: Gate): void {
    if (gate.active !== undefined) return;
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
    gate.active = next;
    next();
  }
}

function nameOf({ app, callerId }: PollOwner): string {
  return `${app} ${callerId}`;
}

function dropIfEmpty(gate: Gate, watchId: symbol, { first, again }: WatchPolls): void {
  if (first.size + again.size === 0) gate.watches.delete(watchId);
}
