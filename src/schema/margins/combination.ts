// Who is in a sum over accounts and who is not: each account whole or not at all, each broker user once.

import type { Segment } from '../../brokers/answers.ts';
import { malformed } from '../../brokers/field.ts';
import type { Context, ReachedAccount } from '../../context.ts';
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
  const known = asked.flatMap((id) => reached.get(id) ?? []);
  const outcomes = new Map<string, Outcome<Parts>>();
  await Promise.all(byUser(known).map((same) => readFirst(same, segments, context, outcomes)));
  const included = known.flatMap((account) => {
    const outcome = outcomes.get(account.id);
    return outcome && 'value' in outcome ? [{ account, parts: outcome.value }] : [];
  });
  const failures = asked.flatMap((id) => {
    const outcome = outcomes.get(id) ?? { problem: accountNotFound(id) };
    const account = reached.get(id) ?? null;
    return 'problem' in outcome ? [{ accountId: id, account, error: outcome.problem }] : [];
  });
  // Also where the answer does not select them.
  for (const { error } of failures) context.failures.add(error);
  return lazily<Combination>({
    key: () => sumKey(asked, context),
    included: () => included,
    failures: () => failures,
  });
}

/** Accounts of one broker user together, as far as that is known without a call: a keyring knows, a header does not. */
function byUser(accounts: readonly ReachedAccount[]): readonly (readonly ReachedAccount[])[] {
  const owner = ({ id, broker, session }: ReachedAccount) =>
    session?.userId == null ? `account ${id}` : `user of ${broker} ${session.userId}`;
  return [...Map.groupBy(accounts, owner).values()];
}

/** Accounts of one user hold the same money: the first that can be read counts, and the rest cost no call. */
async function readFirst(
  accounts: readonly ReachedAccount[],
  segments: readonly Segment[],
  context: Context,
  outcomes: Map<string, Outcome<Parts>>,
): Promise<void> {
  let counted: ReachedAccount | null = null;
  for (const account of accounts) {
    // One whose session has ended says so, wherever it stands: there it is the login that is missing.
    const isSpare = counted !== null && account.access !== null;
    const outcome: Outcome<Parts> = isSpare
      ? { problem: duplicateUser(account) }
      : await partsOf(account, segments, context);
    outcomes.set(account.id, outcome);
    if ('value' in outcome) counted = account;
  }
}

async function partsOf(
  account: ReachedAccount,
  segments: readonly Segment[],
  context: Context,
): Promise<Outcome<Parts>> {
  const unread = marginsNotRead(account, context);
  if (unread !== null) return { problem: unread };
  // Asked for in one wave, so that the loader sees both segments and calls once.
  const outcome = await tryRead(account, context, (access) =>
    Promise.all(
      segments.map((segment) => context.loaders.margins.load({ account: access, segment })),
    ),
  );
  if ('problem' in outcome) return outcome;
  const parts: Partial<Record<Segment, Part>> = {};
  for (const [index, { margins, asOf }] of outcome.value.entries()) {
    const part = partOf(margins, asOf);
    if (part === malformed) return { problem: malformedAnswer(account) };
    const segment = segments[index];
    if (part !== null && segment !== undefined) parts[segment] = part;
  }
  return { value: parts };
}

function duplicateUser({ id }: ReachedAccount): Problem {
  return {
    code: 'DUPLICATE_USER',
    message: 'The sums already contain the same broker user through another app.',
    retryable: false,
    accountId: id,
  };
}
