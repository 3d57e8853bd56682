// Funds and margins, as GET /user/margins and /user/margins/:segment send them (docs: "Funds and margins").
// All amounts are rupees, float64, with Kite's own noise.
import { amount, type Field, isRecord, malformed, requiredAmount, requiredFlag } from './field.ts';

/** Kite's two segments, in its own spelling. */
export type Segment = 'equity' | 'commodity';

/** What a user can trade with in one segment. */
export interface SegmentMargins {
  /** Whether the segment is enabled for the user; a disabled one is all zeros. */
  readonly enabled: Field<boolean>;
  /** Net balance for trading, rupees. */
  readonly net: Field<number>;
  /** Where the money comes from. */
  readonly available: Field<Record<AvailableName, Field<number | null>>>;
  /** What holds it. */
  readonly utilised: Field<Record<UtilisedName, Field<number | null>>>;
}

/** Both segments; null where Kite's answer leaves one out. */
export type Margins = Readonly<Record<Segment, Field<SegmentMargins | null>>>;

const availableNames = {
  adhocMargin: 'adhoc_margin',
  cash: 'cash',
  openingBalance: 'opening_balance',
  liveBalance: 'live_balance',
  collateral: 'collateral',
  intradayPayin: 'intraday_payin',
} as const;

const utilisedNames = {
  debits: 'debits',
  exposure: 'exposure',
  m2mRealised: 'm2m_realised',
  m2mUnrealised: 'm2m_unrealised',
  optionPremium: 'option_premium',
  payout: 'payout',
  span: 'span',
  holdingSales: 'holding_sales',
  turnover: 'turnover',
  liquidCollateral: 'liquid_collateral',
  stockCollateral: 'stock_collateral',
  delivery: 'delivery',
} as const;

/** The amounts of `available`, in our spelling. */
export type AvailableName = keyof typeof availableNames;
/** The amounts of `utilised`, in our spelling. */
export type UtilisedName = keyof typeof utilisedNames;

/** Reads the nested answer of both segments: null for data that is no object at all. */
export function parseMargins(data: unknown): Margins | null {
  if (!isRecord(data)) return null;
  return { equity: segment(data.equity), commodity: segment(data.commodity) };
}

/** Reads the flat answer of one segment: null for data that is no object at all. */
export function parseSegmentMargins(data: unknown): SegmentMargins | null {
  if (!isRecord(data)) return null;
  return {
    enabled: requiredFlag(data.enabled),
    net: requiredAmount(data.net),
    available: amounts(data.available, availableNames),
    utilised: amounts(data.utilised, utilisedNames),
  };
}

function segment(value: unknown): Field<SegmentMargins | null> {
  return value == null ? null : (parseSegmentMargins(value) ?? malformed);
}

function amounts<Name extends string>(
  value: unknown,
  names: Readonly<Record<Name, string>>,
): Field<Record<Name, Field<number | null>>> {
  if (value != null && !isRecord(value)) return malformed;
  const parsed = {} as Record<Name, Field<number | null>>;
  for (const name in names) parsed[name] = amount(value?.[names[name]]);
  return parsed;
}
