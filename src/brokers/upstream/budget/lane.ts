// Calls that wait and compete with each other: callers take turns, the operations of each caller too.
import type { Operation } from '../operation.ts';

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

/** An operation with no more calls left than this is finished in one turn. */
const fewCalls = 4;

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
  /** The accounts of which a call has started, and others wait. */
  readonly begun: Set<string>;
}

/** Calls that compete with each other: their callers take turns. */
export class Lane<C extends QueuedCall> {
  /** Starts that the lane has had, each divided by its weight. */
  used = 0;
  /** How many calls wait. */
  size = 0;
  /** The share of the lane while calls wait in all of them. */
  readonly weight: number;
  /** By caller; the one whose turn is next comes first. */
  readonly #callers = new Map<string, CallerCalls<C>>();
  /** The operation whose turn is not over, and its caller. */
  #current: { readonly caller: CallerCalls<C>; readonly operation: OperationCalls<C> } | undefined;

  constructor(weight: number) {
    this.weight = weight;
  }

  /** How many callers have calls that wait. */
  get callers(): number {
    return this.#callers.size;
  }

  /** How many calls of a caller wait. */
  sizeOf(callerId: string): number {
    return this.#callers.get(callerId)?.size ?? 0;
  }

  *[Symbol.iterator](): Generator<C> {
    for (const { operations } of this.#callers.values()) {
      for (const { accounts } of operations.values()) {
        for (const calls of accounts.values()) yield* calls;
      }
    }
  }

  add(call: C, hasBegun: boolean): void {
    const { id, callerId } = call.operation;
    const caller = this.#callers.get(callerId) ?? { operations: new Map(), size: 0, debt: 0 };
    this.#callers.set(callerId, caller);
    const operation: OperationCalls<C> = caller.operations.get(id) ?? {
      accounts: new Map(),
      size: 0,
      begun: new Set(),
    };
    caller.operations.set(id, operation);
    const calls = operation.accounts.get(call.account);
    if (calls === undefined) operation.accounts.set(call.account, new Set([call]));
    else calls.add(call);
    if (hasBegun) operation.begun.add(call.account);
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
    if (calls.size === 0) {
      operation.accounts.delete(call.account);
      operation.begun.delete(call.account);
    }
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
    operation.begun.add(call.account);
    this.delete(call);
    const isUnfinished =
      operation.accounts.has(call.account) || (operation.size > 0 && operation.size <= fewCalls);
    this.#current = isUnfinished ? { caller, operation } : undefined;
    return call;
  }
}

/** The next call of an operation: of an account that has begun, else of the first one. */
function firstCall<C>({ accounts, begun }: OperationCalls<C>): C | undefined {
  const [account] = begun;
  const [calls] = account === undefined ? accounts.values() : [accounts.get(account)];
  const [call] = calls ?? [];
  return call;
}
