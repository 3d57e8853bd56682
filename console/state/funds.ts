// The funds of one account: what arrived last, what failed, and how net went while the page is open.
import type { KotakMarginFieldsFragment, SegmentFieldsFragment } from '../generated/graphql.ts';
import type { Problem } from './gateway.ts';

/** The name of a segment. */
export type SegmentName = 'equity' | 'commodity';

/** The names, in the order in which they are shown. */
export const segmentNames: readonly SegmentName[] = ['equity', 'commodity'];

/** Net at a time, in milliseconds. */
export interface Point {
  readonly at: number;
  readonly net: number;
}

/** One segment over time. */
export interface SegmentFunds {
  /** What arrived last; null where the broker leaves the segment out. */
  readonly latest: SegmentFieldsFragment | null;
  /** Net whenever it changed. */
  readonly points: readonly Point[];
  /** What is wrong with the newest read; `latest` is then older. */
  readonly problem: Problem | null;
}

/** What is known of an account's funds. */
export interface Funds {
  readonly equity: SegmentFunds | null;
  readonly commodity: SegmentFunds | null;
  readonly kotak: KotakMarginFieldsFragment | null;
  /** What is wrong with the whole of it. */
  readonly problem: Problem | null;
}

/** The funds of an account that has not answered yet. */
export const noFunds: Funds = { equity: null, commodity: null, kotak: null, problem: null };

/** How many changes a line shows: those of some hours. */
const maxPoints = 1_000;

/** A segment with its newest read: null is what the broker leaves out, undefined what failed. */
export function withSegment(
  before: SegmentFunds | null,
  read: SegmentFieldsFragment | null | undefined,
  problem: Problem | null,
): SegmentFunds {
  const { latest = null, points = [] } = before ?? {};
  if (read === null && problem === null) return { latest: null, points, problem: null };
  if (!read) return { latest, points, problem };
  // An answer that was overtaken by the stream.
  if (latest && Date.parse(read.asOf) < Date.parse(latest.asOf)) return { latest, points, problem };
  const point = { at: Date.parse(read.asOf), net: read.net };
  const last = points.at(-1);
  const isNew = last === undefined || last.net !== point.net;
  return {
    latest: read,
    points: isNew ? [...points, point].slice(-maxPoints) : points,
    problem: null,
  };
}

/** The share of a segment's money that is used, from 0 to 1; null where the broker does not say. */
export function usedShare({ net, utilised }: SegmentFieldsFragment): number | null {
  const used = utilised.debits;
  if (used === null || used === undefined || used < 0) return null;
  if (net <= 0) return used > 0 ? 1 : 0;
  return used / (net + used);
}
