// Which simulated user shows which of the real Kite's irregularities.

/**
 * A way in which real answers differ from the documentation's sample:
 * - `disabled-commodity`: the commodity segment is `enabled: false` with zeros, and the user has no MCX exchange
 * - `negative-net`: equity's net is below zero
 * - `float-noise`: equity's net carries binary noise, such as `99725.05000000002`
 * - `three-decimals`: equity's unbooked profit has three decimals
 * - `negative-zero-payout`: equity's payout is `-0` on the wire
 * - `older-payload`: no opening_balance, live_balance, turnover, delivery, liquid_collateral, stock_collateral
 * - `missing-turnover`: no turnover, the rest is there
 * - `zero-cash`: equity's cash is 0 beside a funded opening_balance, from which its net is reckoned
 * - `null-avatar`: `avatar_url` is null
 * - `missing-meta`: the profile has no `meta`
 * - `demat-consent-empty`, `demat-consent-given`: `meta.demat_consent` is `""`, `"consent"`; otherwise `"physical"`
 * - `mtf-product`: `MTF` is among the products
 * - `unknown-product`: so is an invented product
 */
export type EdgeCase =
  | 'disabled-commodity'
  | 'negative-net'
  | 'float-noise'
  | 'three-decimals'
  | 'negative-zero-payout'
  | 'older-payload'
  | 'missing-turnover'
  | 'zero-cash'
  | 'null-avatar'
  | 'missing-meta'
  | 'demat-consent-empty'
  | 'demat-consent-given'
  | 'mtf-product'
  | 'unknown-product';

/**
 * The oddities of the first five users, `SIM0001` to `SIM0005` in this order. The sixth user has those
 * of the first, and so on, with other figures. SIM0001 is the documentation's own sample, noise included.
 */
export const edgeCases: readonly (readonly EdgeCase[])[] = [
  ['float-noise'],
  ['disabled-commodity', 'null-avatar', 'demat-consent-empty'],
  [
    'negative-net',
    'float-noise',
    'negative-zero-payout',
    'demat-consent-given',
    'mtf-product',
    'unknown-product',
  ],
  ['older-payload', 'missing-meta', 'mtf-product'],
  ['missing-turnover', 'three-decimals', 'zero-cash', 'null-avatar'],
];

/** The oddities of a user, by number (1 for `SIM0001`). */
export function edgeCasesOf(userNumber: number): readonly EdgeCase[] {
  return edgeCases[(userNumber - 1) % edgeCases.length] ?? [];
}
