// Exact sums of float64 amounts: decimal inside, rounded to float64 once, at the end.
import { Big } from 'big.js';
import { type Field, requiredAmount } from '../brokers/field.ts';

/** What is less, in paise, has 15 digits at most: then the float64 of a decimal stands for no other one so short. */
const mostPaise = 1e15;

/**
 * The sum of finite amounts. Each counts as its shortest decimal, which is what JSON showed, so 0.1 and 0.2 are 0.3;
 * order and grouping make no difference, and there is no -0. Malformed where no float64 is large enough.
 */
export function exactSum(amounts: readonly number[]): Field<number> {
  // Most amounts are whole paise, of which the sum is exact as well.
  let paise = 0;
  let rest: Big | null = null;
  for (const amount of amounts) {
    const own = Math.round(amount * 100);
    const isWhole = own / 100 === amount && Math.abs(own) < mostPaise;
    if (isWhole && Number.isSafeInteger(paise + own)) paise += own;
    // Big's plus is exact, whatever the exponents: its precision settings are for division and powers.
    else rest = (rest ?? new Big(0)).plus(String(amount));
  }
  if (rest === null) return paise / 100;
  return requiredAmount(Number(rest.plus(`${paise}e-2`).toString()));
}

/** The same, of amounts that may be unknown: then the sum is unknown too. Null is not zero. */
export function exactSumOrNull(amounts: readonly (number | null)[]): Field<number | null> {
  return isKnown(amounts) ? exactSum(amounts) : null;
}

function isKnown(amounts: readonly (number | null)[]): amounts is readonly number[] {
  return !amounts.includes(null);
}
