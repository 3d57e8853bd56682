// Amounts as people in India read them, and exact differences of amounts.

/** What amounts are counted in. */
export const units = ['rupee', 'lakh', 'crore'] as const;

/** One of them. */
export type Unit = (typeof units)[number];

const factors: Readonly<Record<Unit, number>> = { rupee: 1, lakh: 1e5, crore: 1e7 };
const number = new Intl.NumberFormat('en-IN', {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
const percent = new Intl.NumberFormat('en-IN', { style: 'percent', maximumFractionDigits: 0 });

/** What the head says of the unit. */
export const unitNames: Readonly<Record<Unit, string>> = {
  rupee: '₹',
  lakh: '₹ lakh',
  crore: '₹ crore',
};

/** An amount in a unit, without its name: `2,45,431.60`, `−1,000.00`; a dash for one that is unknown. */
export function formatAmount(amount: number | null | undefined, unit: Unit = 'rupee'): string {
  if (amount === null || amount === undefined) return '–';
  const text = number.format(Math.abs(amount) / factors[unit]);
  return amount < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

/** A share as a whole percentage. */
export function formatShare(share: number): string {
  return percent.format(share);
}

/** The decimal digits of a number as an integer, and how many of them follow the point. */
function digitsOf(amount: number): { readonly digits: bigint; readonly scale: number } {
  const [mantissa = '0', exponent = '0'] = String(amount).toLowerCase().split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(`${whole}${fraction}`);
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

/** `later` minus `earlier`, exact in decimal: 0.3 and 0.1 are 0.2 apart. */
export function difference(later: number, earlier: number): number {
  const [a, b] = [digitsOf(later), digitsOf(earlier)];
  const scale = Math.max(a.scale, b.scale);
  const at = ({ digits, scale: own }: typeof a) => digits * 10n ** BigInt(scale - own);
  return Number(`${at(a) - at(b)}e-${scale}`);
}

/** A change as a sign and a word: `+2,500.00 up`; null for no change. */
export function formatChange(change: number, unit: Unit = 'rupee'): string | null {
  if (change === 0) return null;
  return change > 0 ? `+${formatAmount(change, unit)} up` : `${formatAmount(change, unit)} down`;
}
