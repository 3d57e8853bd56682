// Margins of an account: its two segments, the amounts of each, and how they are read. Sums have the same types.
import type {
  AvailableName,
  Segment,
  SegmentMargins,
  UtilisedName,
} from '../../brokers/answers.ts';
import type { Field } from '../../brokers/field.ts';
import type { Context, ReachedAccount } from '../../context.ts';
import type { Account } from '../../loaders/loaders.ts';
import { AccountRef } from '../account.ts';
import { builder } from '../builder.ts';
import { problemError } from '../errors/problem.ts';
import {
  marginsNotRead,
  type Readable,
  readField,
  wellFormed,
  withFieldErrors,
} from '../field-reads.ts';
import { NodeRef, nodeId } from '../node.ts';

/** One segment of one account, or a sum over several. */
export interface SegmentSource extends Readable<Omit<SegmentMargins, 'available' | 'utilised'>> {
  /** Whose: an account's id, or what stands for the accounts of a sum. */
  readonly owner: string;
  /** Null in a total over both. */
  readonly segment: Segment | null;
  readonly asOf: Date;
  readonly available: AmountsSource<AvailableName>;
  readonly utilised: AmountsSource<UtilisedName>;
}

/** Whose amounts they are, and of which segment: what their id is made from. */
export type Owned = Pick<SegmentSource, 'owner' | 'segment'>;

/** One half of a segment. */
export type AmountsSource<Name extends string> = Amounts<Name> & Owned;

type Amounts<Name extends string> = Readable<Record<Name, Field<number | null>>>;

const availableTexts: Readonly<Record<AvailableName, string>> = {
  adhocMargin: 'Additional margin that the broker provides. Rupees.',
  cash: 'Raw cash balance for trading, `intradayPayin` included. Rupees.',
  openingBalance: 'Balance when the day began. Rupees.',
  liveBalance: 'Balance at this moment. Rupees.',
  collateral: 'Margin derived from pledged stocks. Rupees.',
  intradayPayin: 'Paid in during the day. Rupees.',
};

const utilisedTexts: Readonly<Record<UtilisedName, string>> = {
  debits: 'The total utilised margin, as computed by Kite. Rupees.',
  exposure: 'Exposure margin blocked for open futures and options. Rupees.',
  m2mRealised: 'Booked profit and loss of the day. Rupees; its sign is Kite’s.',
  m2mUnrealised: 'Profit and loss of the day that is still open. Rupees; its sign is Kite’s.',
  optionPremium: 'Premium of options that were sold. Rupees.',
  payout: 'Paid out to the bank during the day. Rupees.',
  span: 'SPAN margin blocked for open futures and options. Rupees.',
  holdingSales: 'Value of holdings sold during the day. Rupees.',
  turnover: 'Used part of the turnover limit, for the few clients that have one. Rupees.',
  liquidCollateral: 'Margin used against pledged liquid funds. Rupees.',
  stockCollateral: 'Margin used against pledged stocks and ETFs. Rupees.',
  delivery: 'Margin blocked when shares from the demat account are sold. Rupees.',
};

/** The GraphQL type Margins. */
export const MarginsRef = builder.objectRef<ReachedAccount>('Margins').implement({
  interfaces: [NodeRef],
  description:
    'Funds and margins of an account. Selecting one segment makes one call for that segment; selecting both ' +
    'makes one call for both.',
  fields: (t) => ({
    id: t.id({
      nullable: false,
      description: 'Opaque id of the margins of this account.',
      resolve: ({ id }) => nodeId('Margins', id),
    }),
    equity: t.field({
      type: SegmentMarginsRef,
      description: 'The equity segment.',
      resolve: (account, _arguments, context) => readSegment(account, 'equity', context),
    }),
    commodity: t.field({
      type: SegmentMarginsRef,
      description: 'The commodity segment.',
      resolve: (account, _arguments, context) => readSegment(account, 'commodity', context),
    }),
  }),
});

builder.objectField(AccountRef, 'margins', (t) =>
  t.field({
    type: MarginsRef,
    description:
      'Funds and margins. Makes one call to Kite, for both segments or for the selected one. NOT_SUPPORTED, without a ' +
      'call, for a broker whose amounts have other meanings.',
    resolve: (account, _arguments, context) => {
      const problem = marginsNotRead(account, context);
      if (problem !== null) throw problemError(problem);
      return account;
    },
  }),
);

/** One segment of an account, for one call at most; null where the broker leaves it out. Rejects with the problem. */
export function readSegment(
  account: ReachedAccount,
  name: Segment,
  context: Context,
): Promise<SegmentSource | null> {
  const load = (access: Account) => context.loaders.margins(access, name);
  return readField(account, context, load, ({ value, asOf }) => {
    const found = wellFormed(value[name] ?? null, account);
    return found && segmentSource(account, name, asOf, found);
  });
}

/** One account's segment, readable: an error stands in place of a value that is malformed. */
function segmentSource(
  account: ReachedAccount,
  segment: Segment,
  asOf: Date,
  { enabled, net, available, utilised }: SegmentMargins,
): SegmentSource {
  // Written out, so that most are made in one step: they have nothing that is malformed.
  const source = {
    owner: account.id,
    segment,
    asOf,
    enabled,
    net,
    available: ownedAvailable(withFieldErrors(available, account), account.id, segment),
    utilised: ownedUtilised(withFieldErrors(utilised, account), account.id, segment),
  };
  return withFieldErrors(source, account) as SegmentSource;
}

const ownedAvailable = owning(availableTexts);
const ownedUtilised = owning(utilisedTexts);

/** Makes amounts know whose they are, without a copy: requests share them. An error in their place stays what it is. */
function owning<Name extends string>(names: Readonly<Record<Name, string>>) {
  class View implements Owned {
    readonly amounts: Amounts<Name>;
    readonly owner: string;
    readonly segment: Segment;

    constructor(amounts: Amounts<Name>, owner: string, segment: Segment) {
      this.amounts = amounts;
      this.owner = owner;
      this.segment = segment;
    }
  }
  for (const name of Object.keys(names) as Name[]) {
    Object.defineProperty(View.prototype, name, {
      get(this: View) {
        return this.amounts[name];
      },
    });
  }
  return (amounts: Amounts<Name>, owner: string, segment: Segment) =>
    (amounts instanceof Error
      ? amounts
      : new View(amounts, owner, segment)) as unknown as AmountsSource<Name>;
}

const AvailableMarginsRef = amountsType(
  'AvailableMargins',
  'The sources of the money of a segment. An amount that Kite leaves out is null, never 0; in a sum it is null ' +
    'if Kite leaves it out for any account.',
  availableTexts,
);

const UtilisedMarginsRef = amountsType(
  'UtilisedMargins',
  'The uses of the money of a segment. An amount that Kite leaves out is null, never 0; in a sum it is null if ' +
    'Kite leaves it out for any account.',
  utilisedTexts,
);

/** The GraphQL enum Segment; its values inside are Kite's own words. */
const SegmentEnum = builder.enumType('Segment', {
  description: 'A segment of the market that an account trades in.',
  values: {
    EQUITY: { value: 'equity', description: 'Stocks, and futures and options on them.' },
    COMMODITY: { value: 'commodity', description: 'Commodity futures and options.' },
  } as const,
});

/** The GraphQL type SegmentMargins. */
export const SegmentMarginsRef = builder.objectRef<SegmentSource>('SegmentMargins').implement({
  interfaces: [NodeRef],
  description:
    'Funds and margins of one segment, or a sum of several. Amounts are in rupees. The amounts of one account ' +
    'are Kite’s own float64 values; sums are exact. Round them only for display.',
  fields: (t) => ({
    id: t.id({
      nullable: false,
      description: 'Opaque id of this segment of this account; in a sum, of these accounts.',
      resolve: (source) => idOf('SegmentMargins', source),
    }),
    segment: t.expose('segment', {
      type: SegmentEnum,
      description: 'The segment; null in a total over both.',
    }),
    asOf: t.expose('asOf', {
      type: 'DateTime',
      nullable: false,
      description:
        'When Kite sent this answer; in a sum, the oldest of its parts. The answer is fresh unless the request ' +
        'accepts older ones with the header `Cache-Control: max-age=N` (N seconds, 60 at most by default); a cached ' +
        'answer makes no call.',
    }),
    enabled: t.exposeBoolean('enabled', {
      nullable: false,
      description:
        'Whether the segment is enabled for the user. The amounts of a disabled segment are 0. Always true in a sum, ' +
        'which contains only enabled segments.',
    }),
    net: t.exposeFloat('net', {
      nullable: false,
      description: 'Net balance for trading. Rupees; can be negative.',
    }),
    available: t.expose('available', {
      type: AvailableMarginsRef,
      nullable: false,
      description: 'The sources of the money.',
    }),
    utilised: t.expose('utilised', {
      type: UtilisedMarginsRef,
      nullable: false,
      description: 'The uses of the money.',
    }),
  }),
});

function amountsType<Name extends string>(
  typeName: string,
  description: string,
  descriptions: Readonly<Record<Name, string>>,
) {
  return builder.objectRef<AmountsSource<Name>>(typeName).implement({
    description,
    interfaces: [NodeRef],
    fields: (t) => {
      const names = Object.keys(descriptions) as Name[];
      const amounts = names.map((name) => [
        name,
        t.exposeFloat(name as never, { description: descriptions[name] }),
      ]);
      const id = t.id({
        nullable: false,
        description: 'Opaque id of these amounts of this segment.',
        resolve: (source: Owned) => idOf(typeName, source),
      });
      return { id, ...Object.fromEntries(amounts) };
    },
  });
}

function idOf(typeName: string, { owner, segment }: Owned): string {
  return nodeId(typeName, owner, segment ?? 'total');
}
