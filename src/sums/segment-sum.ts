// Sums of margins: what one account's segment brings to a sum, and the sum itself.

import type { AvailableName, SegmentMargins, UtilisedName } from '../brokers/answers.ts';
import { type Field, malformed } from '../brokers/field.ts';
import { exactSum, exactSumOrNull } from './exact-sum.ts';
import { lazily } from './lazy-properties.ts';

type Amounts<Name extends string> = Readonly<Record<Name, number | null>>;

/** An enabled segment of an account, every value of it well-formed. Rupees; null where Kite leaves one out. */
export interface Part {
  readonly net: number;
  readonly available: Amounts<AvailableName>;
  readonly utilised: Amounts<UtilisedName>;
  /** When Kite gave the answer it is from. */
  readonly asOf: Date;
}

/** A sum, in the form of one account's segment; an amount too large for a float64 is malformed. */
export interface SegmentSum {
  readonly margins: SegmentMargins;
  /** When the oldest of its parts was answered. */
  readonly asOf: Date;
}

/**
 * What a segment brings to a sum: null for one that is left out, and for a disabled one, of which nothing else is
 * looked at. Malformed as soon as one value is.
 */
export function partOf(margins: Field<SegmentMargins | null>, asOf: Date): Field<Part | null> {
  if (margins === null) return null;
  if (margins === malformed) return malformed;
  const { enabled, net, available, utilised } = margins;
  if (enabled === malformed) return malformed;
  if (!enabled) return null;
  if (net === malformed || !isWellFormed(available) || !isWellFormed(utilised)) return malformed;
  return { net, available, utilised, asOf };
}

/** The sum of parts; null of none. Independent of their order. Each amount is added up when it is first read. */
export function sumOf(parts: readonly Part[]): SegmentSum | null {
  if (parts.length === 0) return null;
  const margins = lazily<SegmentMargins>({
    enabled: () => true,
    net: () => exactSum(parts.map(({ net }) => net)),
    available: () => sums(parts.map(({ available }) => available)),
    utilised: () => sums(parts.map(({ utilised }) => utilised)),
  });
  const oldest = parts.reduce((time, { asOf }) => Math.min(time, asOf.getTime()), Infinity);
  return { margins, asOf: new Date(oldest) };
}

function isWellFormed<Name extends string>(
  amounts: Field<Readonly<Record<Name, Field<number | null>>>>,
): amounts is Amounts<Name> {
  if (amounts === malformed) return false;
  for (const name in amounts) if (amounts[name] === malformed) return false;
  return true;
}

function sums<Name extends string>(
  records: readonly Amounts<Name>[],
): Record<Name, Field<number | null>> {
  // Parsing gives every record the same names, null where Kite sent nothing.
  const names = Object.keys(records[0] ?? {}) as Name[];
  const sumFor = (name: Name) => () => exactSumOrNull(records.map((record) => record[name]));
  return lazily(Object.fromEntries(names.map((name) => [name, sumFor(name)])) as Makers<Name>);
}

type Makers<Name extends string> = Record<Name, () => Field<number | null>>;
