// The calls of a lane by caller, operation and account, and which of an operation is first and last.

import type { CallCount, Operation } from '../operation.ts';

/**
 * What a call competes with: `login` for an exchange or a renewal, `accepted` for a credential that has worked lately,
 * `other` for everything else.
 */
export const laneNames = ['login', 'accepted', 'other'] as const;

/** One of them. */
export type LaneName = (typeof laneNames)[number];

/** A call that waits. */
export interface QueuedCall {
  readonly operation: Operation;
  readonly lane: LaneName;
  /** The same for all calls of one account; empty where the call is for none. */
  readonly account: string;
}

/** An operation with no more calls left than this is finished in one turn. */
export const fewCalls = 4;

/** The calls of one caller in a lane. */
export interface CallerCalls<C> {
  /** By operation; the one whose turn is next comes first. */
  readonly operations: Map<CallCount, OperationCalls<C>>;
  size: number;
  /** Turns to pass, for the calls beyond one that earlier turns have taken. */
  debt: number;
}

/** The calls of one operation in a lane. */
export interface OperationCalls<C> {
  /** By account, in the order in which the operation asked. Of each there are few, and none has an empty list. */
  readonly accounts: Map<string, C[]>;
  /** The calls of the first account, as far as was looked: those of an account that is gone are an empty list. */
  first: C[] | undefined;
  /** The accounts behind the first one: a look from the beginning would step over each that is gone. */
  others: Iterator<C[], undefined>;
  size: number;
  /** The most calls that one account has had here. */
  mostOfAccount: number;
  /** The accounts of which a call has started, and others wait. */
  readonly begun: Set<string>;
}

/** A turn that is not over. */
export interface Turn<C> {
  readonly caller: CallerCalls<C>;
  readonly operation: OperationCalls<C>;
}

/** The next call of an operation: of an account that has begun, else of the first one. */
export function firstCall<C>(operation: OperationCalls<C>): C | undefined {
  return nextAccount(operation)?.[0];
}

/** An operation without calls. */
export function noCalls<C>(): OperationCalls<C> {
  const accounts = new Map<string, C[]>();
  return {
    accounts,
    first: undefined,
    others: accounts.values(),
    size: 0,
    mostOfAccount: 1,
    begun: new Set(),
  };
}

/** The calls whose turn is next: of an account that has begun, else of the first one. */
function nextAccount<C>(operation: OperationCalls<C>): C[] | undefined {
  for (const account of operation.begun) return operation.accounts.get(account);
  return firstAccount(operation);
}

/** The calls of the first account. */
function firstAccount<C>(operation: OperationCalls<C>): C[] | undefined {
  if (operation.accounts.size === 0) return undefined;
  while (operation.first === undefined || operation.first.length === 0) {
    operation.first = operation.others.next().value;
    // One that has come to the end stays there, also when more accounts come.
    if (operation.first === undefined) operation.others = operation.accounts.values();
  }
  return operation.first;
}

/** The last call of an operation: of the last account that has not begun, else of any. */
export function lastCall<C>({ accounts, begun }: OperationCalls<C>): C | undefined {
  let last: C | undefined;
  for (const [account, calls] of accounts) {
    if (last === undefined || !begun.has(account)) last = calls.at(-1);
  }
  return last;
}

/** How many calls the next turn of an operation takes. */
export function turnSize<C>(operation: OperationCalls<C>): number {
  const { size } = operation;
  if (size <= fewCalls + 1) return size;
  const ofAccount = nextAccount(operation)?.length ?? 0;
  return size - ofAccount <= fewCalls ? size : ofAccount;
}

// Loops, because destructuring makes an iterator and its result: each call that starts or ends looks at several.

/** The first value. */
export function firstOf<V>(map: ReadonlyMap<unknown, V>): V | undefined {
  for (const value of map.values()) return value;
  return undefined;
}

/** The first key. */
export function firstKeyOf<K>(map: ReadonlyMap<K, unknown>): K | undefined {
  for (const key of map.keys()) return key;
  return undefined;
}

/** The first entry becomes the last. */
export function moveToEnd<K, V>(map: Map<K, V>): void {
  if (map.size < 2) return;
  for (const [key, value] of map) {
    map.delete(key);
    map.set(key, value);
    return;
  }
}
