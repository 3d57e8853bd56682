// CombinedMargins: exact sums over accounts, and a plain statement of who is in them and who is not.

import { bothSegments, type Segment } from '../../brokers/answers.ts';
import { type Field, malformed } from '../../brokers/field.ts';
import type { Context } from '../../context.ts';
import { lazily } from '../../sums/lazy-properties.ts';
import { type Part, sumOf } from '../../sums/segment-sum.ts';
import { AccountRef, reachedAccounts } from '../account.ts';
import { AccountFailureRef } from '../account-failure.ts';
import { builder } from '../builder.ts';
import { type Problem, problemError } from '../errors/problem.ts';
import { NodeRef, nodeId } from '../node.ts';
import { selectedFields } from '../selected-fields.ts';
import { type Combination, combine } from './combination.ts';
import {
  type AmountsSource,
  type Owned,
  SegmentMarginsRef,
  type SegmentSource,
} from './margins.ts';

const CombinedMarginsRef = builder.objectRef<Combination>('CombinedMargins').implement({
  interfaces: [NodeRef],
  description:
    'Funds and margins of several accounts together. `accounts` are in the sums and `failures` are not; together ' +
    'they are all requested accounts. The sums cover every account only if `failures` is empty: select it, and ' +
    'show it beside the sums. An account is in the sums completely or not at all: it is a failure if its margins ' +
    'could not be read, or if a value in a selected segment is invalid. Sums are exact in decimal (0.1 and 0.2 ' +
    'are 0.3) and rounded to float64 once, at the end. They may differ in the last digits from a sum with ' +
    'JavaScript’s `+`, and from a sum of rounded amounts. An amount that Kite leaves out for any account is null ' +
    'in the sum: unknown, not 0.',
  fields: (t) => ({
    id: t.id({
      nullable: false,
      description: 'Opaque id of the sums over the requested accounts.',
      resolve: ({ key }) => nodeId('CombinedMargins', key),
    }),
    equity: t.field({
      type: SegmentMarginsRef,
      description:
        'The sum of the equity segments. A disabled segment adds nothing; null if no account in `accounts` has it ' +
        'enabled.',
      resolve: (combination) => sumSource(combination, 'equity'),
    }),
    commodity: t.field({
      type: SegmentMarginsRef,
      description:
        'The sum of the commodity segments. A disabled segment adds nothing; null if no account in `accounts` has it ' +
        'enabled.',
      resolve: (combination) => sumSource(combination, 'commodity'),
    }),
    total: t.field({
      type: SegmentMarginsRef,
      description:
        'The sum of both segments; its `segment` is null. It is rounded once, from all amounts, not from the rounded ' +
        '`equity` and `commodity`. Null if no account in `accounts` has a segment enabled.',
      resolve: (combination) => sumSource(combination, 'total'),
    }),
    accounts: t.field({
      type: [AccountRef],
      nullable: false,
      description:
        'The accounts in the sums, in the order of the request. An account with every segment disabled is included ' +
        'and adds nothing.',
      resolve: ({ included }) => included.map(({ account }) => account),
    }),
    failures: t.field({
      type: [AccountFailureRef],
      nullable: false,
      description:
        'The accounts that are missing from the sums, each with the reason, in the order of the request. ' +
        'SESSION_EXPIRED: log in again. NOT_FOUND: the request has no such account. DUPLICATE_USER: nothing is ' +
        'missing, another account of the same user is in the sums. For other codes, `retryable` says whether a retry ' +
        'may help.',
      resolve: ({ failures }) => [...failures],
    }),
  }),
});

builder.queryField('combinedMargins', (t) =>
  t.field({
    type: CombinedMarginsRef,
    description:
      'Sums of funds and margins over every account of this request, or over the selected ones. An account that ' +
      'fails is listed in `failures` and does not affect the others. Makes one call to Kite for each account: for ' +
      'one segment if only `equity` or only `commodity` is selected, otherwise for both, also if only `accounts` ' +
      'or `failures` is selected. `margins` that the same operation reads are not called for again. The answer ' +
      'waits for the slowest account; `asOf` of a sum is the oldest of its parts. A broker user that a keyring has ' +
      'through two apps counts once: the first that can be read is in the sum, and the others are DUPLICATE_USER ' +
      'without a call. Credentials in a header do not reveal their user, and the gateway makes no call to find it: ' +
      'send only one for each user, or the money counts twice.',
    args: {
      accountIds: t.arg.idList({
        description:
          'The `id`s of the accounts to sum. A repeated id counts once; an unknown id is a failure with NOT_FOUND. ' +
          'Default: every account.',
      }),
    },
    resolve: (_root, { accountIds }, context, info) => {
      const ids = accountIds ?? reachedAccounts(context).map(({ id }) => id);
      return combineAsked(ids, selectedFields(info), context);
    },
  }),
);

/** The sums over the accounts with these ids, of the segments that the fields selected need. */
export function combineAsked(
  ids: readonly string[],
  selected: ReadonlySet<string>,
  context: Context,
): Promise<Combination> {
  return combine(reachedAccounts(context), ids, segmentsFor(selected), context);
}

/** The segments that the fields selected need. */
function segmentsFor(selected: ReadonlySet<string>): readonly Segment[] {
  const named = bothSegments.filter((segment) => selected.has(segment));
  // Who is in the sums and who is not is a question about both, unless one segment is asked for by name.
  const asksWho = selected.has('accounts') || selected.has('failures');
  const asksBoth = selected.has('total') || (named.length === 0 && asksWho);
  return asksBoth ? bothSegments : named;
}

/** A sum over one segment, or over both; null where no account has it enabled. */
export function sumSource(combination: Combination, part: Segment | 'total'): SegmentSource | null {
  const segments = part === 'total' ? bothSegments : [part];
  const segment = part === 'total' ? null : part;
  // The key of many accounts takes time, and only ids need it.
  const owned = { owner: () => combination.key, segment: () => segment };
  const sum = sumOf(partsIn(combination.included, segments));
  if (sum === null) return null;
  const { margins, asOf } = sum;
  return lazily<SegmentSource>({
    ...owned,
    asOf: () => asOf,
    enabled: () => sumOrError(margins.enabled),
    net: () => sumOrError(margins.net),
    available: () => sumsOrErrors(sumOrError(margins.available), owned),
    utilised: () => sumsOrErrors(sumOrError(margins.utilised), owned),
  });
}

function partsIn(included: Combination['included'], segments: readonly Segment[]): readonly Part[] {
  const all: Part[] = [];
  for (const { parts } of included) {
    for (const segment of segments) {
      const part = parts[segment];
      if (part !== undefined) all.push(part);
    }
  }
  return all;
}

/** A sum; or the error in its place, which GraphQL reports at its field. */
function sumOrError<T>(value: Field<T>): T {
  return value === malformed ? (problemError(tooLarge) as never) : value;
}

function sumsOrErrors<Name extends string>(
  sums: Readonly<Record<Name, Field<number | null>>>,
  owned: { readonly [Key in keyof Owned]: () => Owned[Key] },
): AmountsSource<Name> {
  const names = Object.keys(sums) as Name[];
  const makers = names.map((name) => [name, () => sumOrError(sums[name])]);
  return lazily<AmountsSource<Name>>({ ...Object.fromEntries(makers), ...owned } as Makers<Name>);
}

type Makers<Name extends string> = {
  readonly [Key in keyof AmountsSource<Name>]: () => AmountsSource<Name>[Key];
};

/** Only unrealistic amounts have such a sum. JSON has no Infinity, so the field fails. */
const tooLarge: Problem = {
  code: 'UPSTREAM_INVALID_RESPONSE',
  message: 'The sum of the amounts is too large for a float64.',
  retryable: false,
};
