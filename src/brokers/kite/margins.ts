// Funds and margins, as GET /user/margins and /user/margins/:segment send them (docs: "Funds and margins").
// All amounts are rupees, float64, with Kite's own noise.
import type { AvailableName, Margins, SegmentMargins, UtilisedName } from '../answers.ts';
import { amount, type Field, isRecord, malformed, requiredAmount, requiredFlag } from '../field.ts';

/** Reads the nested answer of both segments: null for data that is not an object. */
export function parseMargins(data: unknown): Margins | null {
  if (!isRecord(data)) return null;
  return { equity: parseSegment(data.equity), commodity: parseSegment(data.commodity) };
}

/**
 * Reads one segment, from the nested answer or as the flat one. One that is left out, null or empty is null: the user
 * does not have it, whichever endpoint says so.
 */
export function parseSegment(data: unknown): Field<SegmentMargins | null> {
  if (data == null) return null;
  if (!isRecord(data)) return malformed;
  if (isEmpty(data)) return null;
  return {
    enabled: requiredFlag(data.enabled),
    net: requiredAmount(data.net),
    available: amounts(data.available, availableIn),
    utilised: amounts(data.utilised, utilisedIn),
  };
}

function isEmpty(data: Wire): boolean {
  for (const _name in data) return false;
  return true;
}

function amounts<T>(value: unknown, read: (wire: Wire) => T): Field<T> {
  if (value == null) return read({});
  return isRecord(value) ? read(value) : malformed;
}

type Wire = Readonly<Record<string, unknown>>;
type Amounts<Name extends string> = Record<Name, Field<number | null>>;

// Written out, one by one: an object that grows name by name takes more time and memory.
function availableIn(wire: Wire): Amounts<AvailableName> {
  return {
    adhocMargin: amount(wire.adhoc_margin),
    cash: amount(wire.cash),
    openingBalance: amount(wire.opening_balance),
    liveBalance: amount(wire.live_balance),
    collateral: amount(wire.collateral),
    intradayPayin: amount(wire.intraday_payin),
  };
}

function utilisedIn(wire: Wire): Amounts<UtilisedName> {
  return {
    debits: amount(wire.debits),
    exposure: amount(wire.exposure),
    m2mRealised: amount(wire.m2m_realised),
    m2mUnrealised: amount(wire.m2m_unrealised),
    optionPremium: amount(wire.option_premium),
    payout: amount(wire.payout),
    span: amount(wire.span),
    holdingSales: amount(wire.holding_sales),
    turnover: amount(wire.turnover),
    liquidCollateral: amount(wire.liquid_collateral),
    stockCollateral: amount(wire.stock_collateral),
    delivery: amount(wire.delivery),
  };
}
