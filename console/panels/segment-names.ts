// What the amounts of a segment are called, in the order in which they are shown.
import type { SegmentFieldsFragment } from '../generated/graphql.ts';

/** The sources of the money. */
export const availableNames = [
  ['cash', 'Cash'],
  ['collateral', 'Collateral'],
  ['adhocMargin', 'Ad hoc margin'],
  ['intradayPayin', 'Pay-in today'],
  ['openingBalance', 'Opening balance'],
  ['liveBalance', 'Live balance'],
] as const satisfies readonly (readonly [
  Exclude<keyof SegmentFieldsFragment['available'], 'id'>,
  string,
])[];

/** Those that add up; the others are parts or other views of them. */
export const stackedAvailable: readonly string[] = ['cash', 'collateral', 'adhocMargin'];

/** The same where the cash is in the opening balance. */
export const openingAvailable: readonly string[] = ['openingBalance', 'collateral', 'adhocMargin'];

/** What the money is used for. */
export const usedNames = [
  ['debits', 'All debits'],
  ['span', 'SPAN margin'],
  ['exposure', 'Exposure margin'],
  ['optionPremium', 'Option premium'],
  ['m2mRealised', 'Booked P&L'],
  ['m2mUnrealised', 'Unbooked P&L'],
  ['holdingSales', 'Sales of holdings'],
  ['delivery', 'Delivery margin'],
  ['payout', 'Payout'],
  ['turnover', 'Turnover'],
  ['liquidCollateral', 'Against liquid funds'],
  ['stockCollateral', 'Against pledged stock'],
] as const satisfies readonly (readonly [
  Exclude<keyof SegmentFieldsFragment['utilised'], 'id'>,
  string,
])[];

/** Those that are parts of the debits. */
export const stackedUsed: readonly string[] = [
  'span',
  'exposure',
  'optionPremium',
  'm2mRealised',
  'delivery',
  'payout',
];
