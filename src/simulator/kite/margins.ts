// The funds and margins of a simulated user, as GET /user/margins answers them.

import { type Draw, seededDraw } from '../random.ts';
import { edgeCasesOf } from './edge-cases.ts';

/** One segment on Kite's wire. All amounts are rupees, as JSON floats. */
export interface SegmentMargins {
  /** Whether the segment is enabled for the user; if not, every amount is zero. */
  readonly enabled: boolean;
  /** cash (or where that is 0, opening_balance) + adhoc_margin + collateral - debits, up to float noise. */
  readonly net: number;
  /** What can be used, by attribute of Kite's documentation. */
  readonly available: Readonly<Record<string, number>>;
  /** What is used, by attribute of Kite's documentation. */
  readonly utilised: Readonly<Record<string, number>>;
}

/** Both segments, as the unsegmented call nests them. */
export interface Margins {
  /** Funds for equity. */
  readonly equity: SegmentMargins;
  /** Funds for commodity. */
  readonly commodity: SegmentMargins;
}

/** What an account starts from before its oddities are applied; every figure in rupees. */
interface Figures {
  cash: number;
  collateral: number;
  intraday_payin: number;
  debits: number;
  exposure: number;
  m2m_realised: number;
  m2m_unrealised: number;
  option_premium: number;
  span: number;
  liquid_collateral: number;
  stock_collateral: number;
}

const nothing: Figures = {
  cash: 0,
  collateral: 0,
  intraday_payin: 0,
  debits: 0,
  exposure: 0,
  m2m_realised: 0,
  m2m_unrealised: 0,
  option_premium: 0,
  span: 0,
  liquid_collateral: 0,
  stock_collateral: 0,
};

// The documentation's own sample.
const documented = {
  equity: {
    ...nothing,
    cash: 245431.6,
    debits: 145706.55,
    exposure: 38981.25,
    m2m_realised: 761.7,
    span: 101989,
  },
  commodity: { ...nothing, cash: 100661.7 },
};

const rupees = (draw: Draw, low: number, high: number) => draw(low * 100, high * 100) / 100;

function drawnFigures(draw: Draw, scale: number): Figures {
  const span = rupees(draw, 0, 90_000 * scale);
  const exposure = rupees(draw, 0, 40_000 * scale);
  const premium = rupees(draw, 0, 5_000 * scale);
  const realised = rupees(draw, 0, 4_000 * scale);
  const pledged = rupees(draw, 0, 60_000 * scale);
  const liquid = rupees(draw, 0, 20_000 * scale);
  return {
    cash: rupees(draw, 150_000 * scale, 900_000 * scale),
    collateral: roundTo(pledged + liquid, 2),
    intraday_payin: draw(0, 3) * 5_000,
    debits: roundTo(span + exposure + premium + realised, 2),
    exposure,
    m2m_realised: realised,
    m2m_unrealised: rupees(draw, -3_000 * scale, 3_000 * scale),
    option_premium: premium,
    span,
    liquid_collateral: liquid,
    stock_collateral: pledged,
  };
}

function roundTo(amount: number, decimals: number): number {
  return Number(amount.toFixed(decimals));
}

function segment(figures: Figures, net: number, payout: number): SegmentMargins {
  return {
    enabled: true,
    net,
    available: {
      adhoc_margin: 0,
      cash: figures.cash,
      opening_balance: roundTo(figures.cash - figures.intraday_payin, 2),
      live_balance: net,
      collateral: figures.collateral,
      intraday_payin: figures.intraday_payin,
    },
    utilised: {
      debits: figures.debits,
      exposure: figures.exposure,
      m2m_realised: figures.m2m_realised,
      m2m_unrealised: figures.m2m_unrealised,
      option_premium: figures.option_premium,
      payout,
      span: figures.span,
      holding_sales: 0,
      turnover: 0,
      liquid_collateral: figures.liquid_collateral,
      stock_collateral: figures.stock_collateral,
      delivery: 0,
    },
  };
}

function netOf(figures: Figures): number {
  return figures.cash + figures.collateral - figures.debits;
}

// Arithmetic alone leaves noise in some sums and not in others; who is to have noise has it for certain.
function withNoise(net: number): number {
  const step = Math.abs(net) * Number.EPSILON;
  return String(net).length > 14 ? net : roundTo(net, 2) + step;
}

function without(margins: SegmentMargins, missing: readonly string[]): SegmentMargins {
  const kept = (amounts: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(amounts).filter(([name]) => !missing.includes(name)));
  return { ...margins, available: kept(margins.available), utilised: kept(margins.utilised) };
}

/** What a funded account was seen with: nothing in cash, everything in the opening balance. */
function withoutCash(margins: SegmentMargins): SegmentMargins {
  const { available } = margins;
  const opening_balance = available.cash ?? 0;
  return { ...margins, available: { ...available, cash: 0, opening_balance, intraday_payin: 0 } };
}

const newerAttributes = [
  'opening_balance',
  'live_balance',
  'turnover',
  'delivery',
  'liquid_collateral',
  'stock_collateral',
];

/** The margins of a user, by number: a pure function of number and seed; the first user's are the documented ones. */
export function marginsOf(userNumber: number, seed: number): Margins {
  const odd = edgeCasesOf(userNumber);
  const draw = seededDraw(seed, userNumber, 'margins');
  const equity = userNumber === 1 ? { ...documented.equity } : drawnFigures(draw, 1);
  const commodity = userNumber === 1 ? documented.commodity : drawnFigures(draw, 0.4);

  if (odd.includes('negative-net')) {
    equity.debits = roundTo(equity.cash + equity.collateral + rupees(draw, 1_000, 50_000), 2);
  }
  // An odd number of thousandths, so that the third decimal is never a zero.
  if (odd.includes('three-decimals')) equity.m2m_unrealised = (draw(0, 900_000) * 10 + 5) / 1_000;
  const payout = odd.includes('negative-zero-payout') ? -0 : 0;
  const net = odd.includes('float-noise') ? withNoise(netOf(equity)) : roundTo(netOf(equity), 2);

  const whole = segment(equity, net, payout);

  const missing = odd.includes('older-payload')
    ? newerAttributes
    : odd.includes('missing-turnover')
      ? ['turnover']
      : [];
  return {
    equity: without(odd.includes('zero-cash') ? withoutCash(whole) : whole, missing),
    commodity: odd.includes('disabled-commodity')
      ? { ...without(segment(nothing, 0, 0), missing), enabled: false }
      : without(segment(commodity, roundTo(netOf(commodity), 2), 0), missing),
  };
}
