// Exact sums of float64 amounts: decimal inside, rounded to float64 once, at the end.
import { Big } from 'big.js';
import { type Field, requiredAmount } from '../brokers/field.ts';

/**
 * The sum of finite amounts. Each counts as its shortest decimal, which is what JSON showed, so 0.1 and 0.2 are 0.3;
 * order and grouping make no difference, and there is no -0. Malformed where no float64 is large enough.
 */
export function exactSum(amounts: readonly number[]): Field<number> {
  // Big's plus is exact, whatever the exponents: its precision settings are for division and powers.
  const sum = amounts.reduce((total, amount) => total.plus(String(amount)), new Big(0));
  return requiredAmount(Number(sum.toString()));
}

/** The same, of amounts that may be unknown: then the sum is unknown too. Null is not zero. */
export function exactSumOrNull(amounts: readonly (number | null)[]): Field<number | null> {
  const known = amounts.filter((amount) => amount !== null);
  return known.length === amounts.length ? exactSum(known) : null;
}
