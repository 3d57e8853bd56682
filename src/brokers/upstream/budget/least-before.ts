// The least number of calls of a lane that start before a given call, as the lane is now. Later operations can only add to
// it; it is too high only when calls leave, or when an operation that is finished in one turn grows.

import {
  type CallerCalls,
  fewCalls,
  firstCall,
  firstOf,
  type OperationCalls,
  type QueuedCall,
  type Turn,
  turnSize,
} from './lane-calls.ts';

/** What is asked about a call. */
export interface Certainty {
  /** Whether the call comes now, or waits already. */
  readonly comes: boolean;
  /** It is not counted further. */
  readonly most: number;
  /** Whether a slot is free for a call: the turns of those that have none may pass. */
  readonly mayStart: (call: QueuedCall) => boolean;
}

/**
 * At least how many calls start before the last one of an operation. Callers take turns, and pass one for each call beyond
 * one in a turn: so in a number of rounds, each of them has as many calls, except for what it has had before.
 * @param current the turn that is not over.
 * @param call one of the operation's.
 */
export function leastStartsBefore<C extends QueuedCall>(
  callers: ReadonlyMap<string, CallerCalls<C>>,
  current: Turn<C> | undefined,
  call: QueuedCall,
  { comes, most, mayStart }: Certainty,
): number {
  const caller = callers.get(call.operation.callerId);
  const own = caller?.operations.get(call.operation.calls);
  const { size, perAccount } = withCall(own, call, comes);
  const lastTurn = Math.min(size, perAccount + fewCalls);
  // The turn that is not over may be the last one.
  const turns =
    Math.ceil((size - lastTurn) / perAccount) +
    (own !== undefined && own === current?.operation ? 0 : 1);
  if (turns === 0) return size - 1;

  let before = size - 1;
  let isAhead = true;
  for (const other of caller?.operations.values() ?? []) {
    if (before >= most) return before;
    if (other === own) {
      if (turns === 1) break;
      isAhead = false;
    } else {
      const rounds = isAhead ? turns : turns - 1;
      before += Math.max(turnSize(other), Math.min(other.size, rounds));
    }
  }

  const rounds = 1 + (caller?.debt ?? 0) + Math.max(0, before - (lastTurn - 1));
  isAhead = true;
  // Callers without a slot count nothing: among very many of them it stays uncertain.
  let looks = 2 * most;
  for (const other of callers.values()) {
    if (before >= most || looks <= 0) return before;
    looks -= 1;
    if (other !== caller) {
      before += leastCalls(other, isAhead ? rounds : rounds - 1, current, mayStart);
    } else {
      if (rounds === 1) break;
      isAhead = false;
    }
  }
  return before;
}

/** An operation's calls, with one that comes, and the most of them for one account. */
function withCall<C extends QueuedCall>(
  own: OperationCalls<C> | undefined,
  { account }: QueuedCall,
  comes: boolean,
): { readonly size: number; readonly perAccount: number } {
  const { size, mostOfAccount } = own ?? { size: 0, mostOfAccount: 1 };
  if (!comes) return { size, perAccount: mostOfAccount };
  const ofAccount = (own?.accounts.get(account)?.length ?? 0) + 1;
  return { size: size + 1, perAccount: Math.max(mostOfAccount, ofAccount) };
}

/** At least how many calls of a caller start in so many rounds, of which there is one at least. */
function leastCalls<C extends QueuedCall>(
  caller: CallerCalls<C>,
  rounds: number,
  current: Turn<C> | undefined,
  mayStart: Certainty['mayStart'],
): number {
  const { operations, size, debt } = caller;
  const isCurrent = caller === current?.caller;
  const next = isCurrent ? current.operation : firstOf(operations);
  const call = next && firstCall(next);
  if (next === undefined || call === undefined || !mayStart(call)) return 0;
  const inTurn = isCurrent || debt === 0 ? turnSize(next) : 0;
  return Math.max(inTurn, Math.min(size, rounds - debt));
}
