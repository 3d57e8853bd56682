// What the upstream answers: constant JSON in Kite's form. Margins come in ten variants, by the last digit of the
// access token, so that a sum over accounts says whether each was counted, and once.

/** The app whose credentials all questions carry. */
export const app = { apiKey: 'bench', apiSecret: 'secret-of-the-bench' };

/** Who every account belongs to, as GET /user/profile sends it. */
export const profile = {
  user_id: 'AB1234',
  user_type: 'individual',
  email: 'asha.rao@kite.example',
  user_name: 'Asha Rao',
  user_shortname: 'Asha',
  broker: 'ZERODHA',
  exchanges: ['BFO', 'MCX', 'NSE', 'CDS', 'BSE', 'BCD', 'MF', 'NFO'],
  products: ['CNC', 'NRML', 'MIS', 'BO', 'CO'],
  order_types: ['MARKET', 'LIMIT', 'SL', 'SL-M'],
  avatar_url: null,
  meta: { demat_consent: 'physical' },
};

/** A profile on the wire. */
export type WireProfile = typeof profile;

/** One segment on the wire. */
export type WireSegment = ReturnType<typeof segmentOf>;

/** Both segments on the wire. */
export interface WireMargins {
  readonly equity: WireSegment;
  readonly commodity: WireSegment;
}

/** How many variants of margins there are. */
export const variants = 10;

/** Hundredths of a rupee: the net balance of a variant, in each segment. */
export function netInPaise(variant: number): {
  readonly equity: bigint;
  readonly commodity: bigint;
} {
  return { equity: BigInt(9_972_505 + 10 * variant), commodity: BigInt(10_066_171 + variant) };
}

/** The margins of a variant, as GET /user/margins sends them. */
export function marginsOf(variant: number): WireMargins {
  const { equity, commodity } = netInPaise(variant);
  return { equity: segmentOf(equity), commodity: segmentOf(commodity) };
}

/** The envelope around an answer, as text. */
export function envelope(data: unknown): string {
  return JSON.stringify({ status: 'success', data });
}

/** What Kite answers to a token that it does not accept. */
export const refusal = JSON.stringify({
  status: 'error',
  message: 'Incorrect `api_key` or `access_token`.',
  data: null,
  error_type: 'TokenException',
});

/** The session that a request token is exchanged for: a user and an access token of its own. */
export function sessionFor(requestToken: string) {
  return {
    ...profile,
    user_id: `BN${requestToken}`,
    api_key: app.apiKey,
    access_token: `k${requestToken}`,
    public_token: '',
    refresh_token: '',
    login_time: new Date(Date.now() + 5.5 * 3_600_000).toISOString().slice(0, 19).replace('T', ' '),
  };
}

function segmentOf(net: bigint) {
  return {
    enabled: true,
    net: rupees(net),
    available: {
      adhoc_margin: 0,
      cash: rupees(net + 14_570_655n),
      opening_balance: rupees(net + 14_570_655n),
      live_balance: rupees(net),
      collateral: 0,
      intraday_payin: 0,
    },
    utilised: {
      debits: 145_706.55,
      exposure: 38_981.25,
      m2m_realised: 761.7,
      m2m_unrealised: 0,
      option_premium: 0,
      payout: 0,
      span: 101_989,
      holding_sales: 0,
      turnover: 0,
      liquid_collateral: 0,
      stock_collateral: 0,
      delivery: 0,
    },
  };
}

/** The float64 nearest to an amount of paise. */
export function rupees(paise: bigint): number {
  return Number(`${paise / 100n}.${String(paise % 100n).padStart(2, '0')}`);
}
