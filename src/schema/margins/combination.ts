// Who is in a sum over accounts and who is not: each account whole or not at all, each broker user once.

import type { Segment } from '../../brokers/answers.ts';
import { malformed } from '../../brokers/field.ts';
import type { Context, ReachedAccount } from '../../context.ts';
import type { Account } from '../../loaders/loaders.ts';
import type { MarginsAnswer } from '../../loaders/shared-reads.ts';
import { lazily } from '../../sums/lazy-properties.ts';
import { type Part, partOf } from '../../sums/segment-sum.ts';
import type { AccountFailure } from '../account-failure.ts';
import { accountNotFound, type Problem } from '../errors/problem.ts';
import { malformedAnswer, marginsNotRead, type Outcome, tryRead } from '../field-reads.ts';
import { sumKey } from './sum-key.ts';

/** What an account brings to a sum over each segment; absent where that is disabled or not asked for. */
export type Parts = Readonly<Partial<Record<Segment, Part>>>;

/** Accounts that are in a sum, and those that are not: together every one that was asked for. */
export interface Combination {
  /** What stands for the accounts asked for in ids. */
  readonly key: string;
  readonly included: readonly { readonly account: ReachedAccount; readonly parts: Parts }[];
  readonly failures: readonly AccountFailure[];
}

/**
 * Reads the segments of accounts, all at once; never rejects for what one of them does.
 * @param ids which accounts, in the order of the answer; one named twice counts once.
 */
export async function combine(
  accounts: readonly ReachedAccount[],
  ids: readonly string[],
  segments: readonly Segment[],
  context: Context,
): Promise<Combination> {
  const reached = new Map(accounts.map((account) => [account.id, account]));
  const asked = [...new Set(ids)];
  const reads = asked.map((id) => reached.get(id)).map(readerOf(segments, context));
  const included: Combination['included'][number][] = [];
  const failures: AccountFailure[] = [];
  for (const [index, outcome] of (await Promise.all(reads)).entries()) {
    const id = asked[index] ?? '';
    const account = reached.get(id);
    if (outcome === null || account === undefined) {
      failures.push({ accountId: id, account: null, error: accountNotFound(id) });
    } else if ('problem' in outcome) {
      failures.push({ accountId: id, account, error: outcome.problem });
    } else included.push({ account, parts: outcome.value });
  }
  // Also where the answer does not select them.
  for (const { error } of failures) context.failures.add(error);
  return lazily<Combination>({
    key: () => sumKey(asked, context),
    included: () => included,
    failures: () => failures,
  });
}

/**
 * Reads accounts, each once, in their order. Accounts of one user hold the same money: the first that can be read counts,
 * and the rest cost no call. That is known of a keyring's accounts, and not of a header's.
 */
function readerOf(segments: readonly Segment[], context: Context) {
  /** Of the user of several accounts: whether one of those so far counts. */
  const counted = new Map<string, Promise<boolean>>();
  const readNext = async (account: ReachedAccount, before: Promise<boolean> | undefined) => {
    // One whose session has ended says so, wherever it stands: there it is the login that is missing.
    const isSpare = (await before) === true && account.access !== null;
    return isSpare ? { problem: duplicateUser(account) } : partsOf(account, segments, context);
  };
  return (account: ReachedAccount | undefined): Promise<Outcome<Parts>> | null => {
    if (account === undefined) return null;
    const { broker, session } = account;
    if (session?.userId == null) return partsOf(account, segments, context);
    const user = `${broker} ${session.userId}`;
    const before = counted.get(user);
    const outcome =
      before === undefined ? partsOf(account, segments, context) : readNext(account, before);
    const isCounted = (known: Outcome<Parts>) => 'value' in known || (before ?? false);
    // Whatever it rejects for, the sums reject for as well.
    counted.set(
      user,
      outcome.then(isCounted).catch(() => false),
    );
    return outcome;
  };
}

function partsOf(
  account: ReachedAccount,
  segments: readonly Segment[],
  context: Context,
): Promise<Outcome<Parts>> {
  const unread = marginsNotRead(account, context);
  if (unread !== null) return Promise.resolve({ problem: unread });
  const load = (access: Account): Promise<MarginsAnswer | readonly MarginsAnswer[]> => {
    // Asked for in one wave, so that the loader sees both segments and calls once.
    const reads = segments.map((segment) => context.loaders.margins(access, segment));
    const [one, other] = reads;
    return one !== undefined && one === other ? one : Promise.all(reads);
  };
  return tryRead(account, context, load, (answers) => {
    const parts: { -readonly [Name in Segment]?: Part } = {};
    for (const [index, segment] of segments.entries()) {
      const answer = Array.isArray(answers) ? answers[index] : answers;
      const part = partOf(answer.value[segment] ?? null, answer.asOf);
      if (part === malformed) return { problem: malformedAnswer(account) };
      if (part !== null) parts[segment] = part;
    }
    return { value: parts };
  });
}

function duplicateUser({ id }: ReachedAccount): Problem {
  return {
    code: 'DUPLICATE_USER',
    message: 'The sums already contain the same broker user through another app.',
    retryable: false,
    accountId: id,
  };
}
