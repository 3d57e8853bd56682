// Numbers as the tables write them.
import type { Spread } from '../statistics.ts';

/** Bytes as megabytes. */
export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

/** Bytes as kibibytes. */
export function kibibytes(bytes: number): string {
  return (bytes / 1_024).toFixed(1);
}

/** A ratio. */
export function fixed(value: number): string {
  return value.toFixed(2);
}

/** A median with its quartiles. */
export function spread({ median, low, high }: Spread): string {
  return `${fixed(median)} (${fixed(low)}–${fixed(high)})`;
}
