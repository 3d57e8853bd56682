// The calls of one app that wait to start, in the order of their turns: lanes share the budget, in a lane the callers
// take turns, and the operations of a caller take turns too. Work that has begun is finished before the turn goes on.
import type { Operation } from './operation.ts';

/**
 * What a call competes with: `login` for an exchange or a renewal, `accepted` for a credential that has worked lately,
 * `other` for everything else.
 */
export type LaneName = 'login' | 'accepted' | 'other';

/** A call that waits. */
export interface QueuedCall {
  readonly operation: Operation;
  readonly lane: LaneName;
  /** The same for all calls of one account; empty where the call is for none. */
  readonly account: string;
}

/** The share of each lane while calls wait in all of them. A lane without calls leaves its share to the others. */
const weights: Readonly<Record<LaneName, number>> = { login: 1, accepted: 2, other: 1 };

/** An operation with no more calls left than this is finished in one turn. */
const fewCalls = 4;

/**
 * A queue in which callers take turns: however many calls and operations a caller has, another caller's call waits for
 * one turn of it. A turn completes an account, or an operation of few calls; what it takes beyond one call is made up
 * for by the turns that the caller passes.
 */
export class FairQueue<C extends QueuedCall> {
  readonly #lanes: Readonly<Record<LaneName, Lane<C>>> = {
    login: new Lane(weights.login),
    accepted: new Lane(weights.accepted),
    other: new Lane(weights.other),
  };
  readonly #all: readonly Lane<C>[] = Object.values(this.#lanes);
  readonly #callers = new Map<string, number>();
  readonly #operations = new Map<symbol, number>();
  #size = 0;

  /** How many calls wait. */
  get size(): number {
    return this.#size;
  }

  /** How many callers have calls that wait. */
  get callers(): number {
    return this.#callers.size;
  }

  /** How many calls of a caller wait. */
  sizeOf(callerId: string): number {
    return this.#callers.get(callerId) ?? 0;
  }

  /** Whether a call of the operation waits. */
  holds({ id }: Operation): boolean {
    return this.#operations.has(id);
  }

  /** Every call that waits. */
  *[Symbol.iterator](): Generator<C> {
    for (const lane of this.#all) yield* lane;
  }

  /** Lets a call wait. */
  add(call: C): void {
    const lane = this.#lanes[call.lane];
    // A lane that was idle has saved up nothing.
    if (lane.size === 0) lane.used = Math.max(lane.used, this.#leastUsed());
    lane.add(call);
    this.#count(call.operation, 1);
  }

  /** A call no longer waits. */
  delete(call: C): void {
    if (this.#lanes[call.lane].delete(call)) this.#count(call.operation, -1);
  }

  /** Whether there is a call that may start. */
  canStart(mayStart: (call: C) => boolean): boolean {
    return this.#all.some((lane) => lane.canStart(mayStart));
  }

  /** The caller whose turn is next, as far as it can be told. */
  nextCaller(): string | undefined {
    const [lane] = this.#inTurn();
    return lane?.firstCaller();
  }

  /** Takes out the call whose turn it is among those that may start; undefined where there is none. */
  next(mayStart: (call: C) => boolean = () => true): C | undefined {
    for (const lane of this.#inTurn()) {
      const call = lane.next(mayStart);
      if (call === undefined) continue;
      lane.used += 1 / lane.weight;
      this.#count(call.operation, -1);
      return call;
    }
    return undefined;
  }

  /**
   * After how many starts a new call of the operation's caller would have its turn, were the operation's own calls gone:
   * all that wait in its lane before it, and the other lanes' share meanwhile.
   */
  startsBefore({ operation, lane: name }: QueuedCall): number {
    const lane = this.#lanes[name];
    const others = this.#all.filter((other) => other !== lane);
    const ownTurns = lane.startsBefore(operation);
    let starts = ownTurns;
    for (const other of others) {
      starts += Math.min(other.size, ((ownTurns + 1) * other.weight) / lane.weight);
    }
    return starts;
  }

  #inTurn(): Lane<C>[] {
    return this.#all.filter(({ size }) => size > 0).sort((a, b) => a.used - b.used);
  }

  #leastUsed(): number {
    const used = this.#all.filter(({ size }) => size > 0).map((lane) => lane.used);
    return used.length === 0 ? 0 : Math.min(...used);
  }

  #count({ id, callerId }: Operation, change: number): void {
    this.#size += change;
    addTo(this.#callers, callerId, change);
    addTo(this.#operations, id, change);
  }
}

/** Adds to a count, which is dropped at zero. */
export function addTo<K>(counts: Map<K, number>, key: K, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

/** The calls of one caller in a lane. */
interface CallerCalls<C> {
  /** By operation; the one whose turn is next comes first. */
  readonly operations: Map<symbol, OperationCalls<C>>;
  size: number;
  /** Turns to pass, for the calls beyond one that earlier turns have taken. */
  debt: number;
}

/** The calls of one operation in a lane. */
interface OperationCalls<C> {
  /** By account, in the order in which the operation asked. */
  readonly accounts: Map<string, Set<C>>;
  size: number;
  /** The account whose calls have begun to start. */
  begun: string | undefined;
}

class Lane<C extends QueuedCall> {
  /** Starts that the lane has had, each divided by its weight. */
  used = 0;
  size = 0;
  readonly weight: number;
  /** By caller; the one whose turn is next comes first. */
  readonly #callers = new Map<string, CallerCalls<C>>();
  /** The operation whose turn is not over, and its caller. */
  #current: { readonly caller: CallerCalls<C>; readonly operation: OperationCalls<C> } | undefined;

  constructor(weight: number) {
    this.weight = weight;
  }

  *[Symbol.iterator](): Generator<C> {
    for (const { operations } of this.#callers.values()) {
      for (const { accounts } of operations.values()) {
        for (const calls of accounts.values()) yield* calls;
      }
    }
  }

  add(call: C): void {
    const { id, callerId } = call.operation;
    const caller = this.#callers.get(callerId) ?? { operations: new Map(), size: 0, debt: 0 };
    this.#callers.set(callerId, caller);
    const operation: OperationCalls<C> = caller.operations.get(id) ?? {
      accounts: new Map(),
      size: 0,
      begun: undefined,
    };
    caller.operations.set(id, operation);
    const calls = operation.accounts.get(call.account);
    if (calls === undefined) operation.accounts.set(call.account, new Set([call]));
    else calls.add(call);
    this.size += 1;
    caller.size += 1;
    operation.size += 1;
  }

  delete(call: C): boolean {
    const { id, callerId } = call.operation;
    const caller = this.#callers.get(callerId);
    const operation = caller?.operations.get(id);
    const calls = operation?.accounts.get(call.account);
    if (caller === undefined || operation === undefined || !calls?.delete(call)) return false;
    this.size -= 1;
    caller.size -= 1;
    operation.size -= 1;
    if (calls.size === 0) operation.accounts.delete(call.account);
    if (operation.size === 0) {
      caller.operations.delete(id);
      if (this.#current?.operation === operation) this.#current = undefined;
    }
    if (caller.size === 0) this.#callers.delete(callerId);
    return true;
  }

  canStart(mayStart: (call: C) => boolean): boolean {
    for (const { operations } of this.#callers.values()) {
      const [operation] = operations.values();
      const call = operation && firstCall(operation);
      if (call !== undefined && mayStart(call)) return true;
    }
    return false;
  }

  firstCaller(): string | undefined {
    const [first] = this.#callers.keys();
    return first;
  }

  next(mayStart: (call: C) => boolean): C | undefined {
    if (this.#current !== undefined) {
      const { caller, operation } = this.#current;
      const call = firstCall(operation);
      if (call !== undefined && mayStart(call)) {
        caller.debt += 1;
        return this.#take(caller, operation, call);
      }
      this.#current = undefined;
    }
    for (let hasPassed = true; hasPassed; ) {
      hasPassed = false;
      for (let callers = this.#callers.size; callers > 0; callers -= 1) {
        const [entry] = this.#callers;
        if (entry === undefined) return undefined;
        const [callerId, caller] = entry;
        this.#callers.delete(callerId);
        this.#callers.set(callerId, caller);
        const [turn] = caller.operations;
        if (turn === undefined) continue;
        const [id, operation] = turn;
        const call = firstCall(operation);
        if (call === undefined || !mayStart(call)) continue;
        if (caller.debt > 0) {
          caller.debt -= 1;
          hasPassed = true;
          continue;
        }
        caller.operations.delete(id);
        caller.operations.set(id, operation);
        return this.#take(caller, operation, call);
      }
    }
    return undefined;
  }

  startsBefore({ id, callerId }: Operation): number {
    const caller = this.#callers.get(callerId);
    const own = (caller?.size ?? 0) - (caller?.operations.get(id)?.size ?? 0);
    let starts = own;
    for (const other of this.#callers.values()) {
      if (other !== caller) starts += Math.min(other.size, own + 1);
    }
    return starts;
  }

  #take(caller: CallerCalls<C>, operation: OperationCalls<C>, call: C): C {
    operation.begun = call.account;
    this.delete(call);
    const isUnfinished =
      operation.accounts.has(call.account) || (operation.size > 0 && operation.size <= fewCalls);
    this.#current = isUnfinished ? { caller, operation } : undefined;
    return call;
  }
}

/** The next call of an operation: of the account that has begun, else of the first one. */
function firstCall<C>({ accounts, begun }: OperationCalls<C>): C | undefined {
  const begunCalls = begun === undefined ? undefined : accounts.get(begun);
  const [calls] = begunCalls === undefined ? accounts.values() : [begunCalls];
  const [call] = calls ?? [];
  return call;
}
