// An independent calculation of exact sums: integers of the smallest unit a shortest decimal can have, no library.

// 5e-324 is the smallest float64; its neighbours show up to 17 digits, so nothing lies below 1e-345.
const places = 345;

function scaled(amount: number): bigint {
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(amount)) ?? [];
  if (sign === undefined) throw new Error(`not finite: ${amount}`);
  const shift = BigInt(places + Number(exponent) - fraction.length);
  return BigInt(`${sign}${whole}${fraction}`) * 10n ** shift;
}

/** The sum of the shortest decimals, rounded once; Infinity where no float64 is large enough. Never -0. */
export function oracleSum(amounts: readonly number[]): number {
  const sum = amounts.reduce((total, amount) => total + scaled(amount), 0n);
  return Number(`${sum}e-${places}`) + 0;
}

/** The same where an amount may be unknown. */
export function oracleSumOrNull(amounts: readonly (number | null)[]): number | null {
  return amounts.includes(null) ? null : oracleSum(amounts.filter((amount) => amount !== null));
}
