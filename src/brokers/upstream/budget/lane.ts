// Calls that wait and compete with each other: callers take turns, the operations of each caller too.
import type { Operation } from '../operation.ts';
import {
  type CallerCalls,
  fewCalls,
  firstCall,
  firstKeyOf,
  firstOf,
  lastCall,
  moveToEnd,
  noCalls,
  type OperationCalls,
  type QueuedCall,
  type Turn,
} from './lane-calls.ts';
import { type Certainty, leastStartsBefore } from './least-before.ts';

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
  #current: Turn<C> | undefined;

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

  /** Whether a call of the operation waits. */
  holds({ calls, callerId }: Operation): boolean {
    return this.#callers.get(callerId)?.operations.has(calls) ?? false;
  }

  /** Whether another call of its operation and account waits. */
  holdsAccount({ operation: { calls, callerId }, account }: QueuedCall): boolean {
    return this.#callers.get(callerId)?.operations.get(calls)?.accounts.has(account) ?? false;
  }

  *[Symbol.iterator](): Generator<C> {
    for (const { operations } of this.#callers.values()) {
      for (const { accounts } of operations.values()) {
        for (const calls of accounts.values()) yield* calls;
      }
    }
  }

  add(call: C, hasBegun: boolean): void {
    const { calls: key, callerId } = call.operation;
    const caller = this.#callers.get(callerId) ?? { operations: new Map(), size: 0, debt: 0 };
    this.#callers.set(callerId, caller);
    const operation: OperationCalls<C> = caller.operations.get(key) ?? noCalls();
    caller.operations.set(key, operation);
    const calls = operation.accounts.get(call.account);
    if (calls === undefined) operation.accounts.set(call.account, [call]);
    else operation.mostOfAccount = Math.max(operation.mostOfAccount, calls.push(call));
    if (hasBegun) operation.begun.add(call.account);
    this.size += 1;
    caller.size += 1;
    operation.size += 1;
  }

  delete(call: C): boolean {
    const { calls: key, callerId } = call.operation;
    const caller = this.#callers.get(callerId);
    const operation = caller?.operations.get(key);
    const calls = operation?.accounts.get(call.account);
    const index = calls?.indexOf(call) ?? -1;
    if (caller === undefined || operation === undefined || calls === undefined || index < 0) {
      return false;
    }
    calls.splice(index, 1);
    this.size -= 1;
    caller.size -= 1;
    operation.size -= 1;
    if (calls.length === 0) {
      operation.accounts.delete(call.account);
      operation.begun.delete(call.account);
    }
    if (operation.size === 0) {
      caller.operations.delete(key);
      if (this.#current?.operation === operation) this.#current = undefined;
    }
    if (caller.size === 0) this.#callers.delete(callerId);
    return true;
  }

  canStart(mayStart: (call: C) => boolean): boolean {
    for (const { operations } of this.#callers.values()) {
      const operation = firstOf(operations);
      const call = operation && firstCall(operation);
      if (call !== undefined && mayStart(call)) return true;
    }
    return false;
  }

  firstCaller(): string | undefined {
    return firstKeyOf(this.#callers);
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
        const caller = firstOf(this.#callers);
        if (caller === undefined) return undefined;
        moveToEnd(this.#callers);
        const operation = firstOf(caller.operations);
        if (operation === undefined) continue;
        const call = firstCall(operation);
        if (call === undefined || !mayStart(call)) continue;
        if (caller.debt > 0) {
          caller.debt -= 1;
          hasPassed = true;
          continue;
        }
        moveToEnd(caller.operations);
        return this.#take(caller, operation, call);
      }
    }
    return undefined;
  }

  startsBefore({ calls, callerId }: Operation): number {
    const caller = this.#callers.get(callerId);
    const own = (caller?.size ?? 0) - (caller?.operations.get(calls)?.size ?? 0);
    let starts = own;
    for (const other of this.#callers.values()) {
      if (other !== caller) starts += Math.min(other.size, own + 1);
    }
    return starts;
  }

  /** See {@link leastStartsBefore}. */
  leastBefore(call: QueuedCall, certainty: Certainty): number {
    return leastStartsBefore(this.#callers, this.#current, call, certainty);
  }

  /** The call of an operation that has its turn after its others. */
  lastOf({ calls, callerId }: Operation): C | undefined {
    const operation = this.#callers.get(callerId)?.operations.get(calls);
    return operation && lastCall(operation);
  }

  /** The last call of each operation. */
  *lastCalls(): Generator<C> {
    for (const { operations } of this.#callers.values()) {
      for (const operation of operations.values()) {
        const call = lastCall(operation);
        if (call !== undefined) yield call;
      }
    }
  }

  #take(caller: CallerCalls<C>, operation: OperationCalls<C>, call: C): C {
    this.delete(call);
    const hasMore = operation.accounts.has(call.account);
    if (hasMore) operation.begun.add(call.account);
    const isUnfinished = hasMore || (operation.size > 0 && operation.size <= fewCalls);
    this.#current = isUnfinished ? { caller, operation } : undefined;
    return call;
  }
}
