// The figures of a segment as the cells of a table.
import type { Cell } from '../format/csv.ts';
import type { SegmentFieldsFragment } from '../generated/graphql.ts';
import { availableNames, usedNames } from './segment-names.ts';

/** The headings of the cells. */
export const segmentColumns: readonly string[] = [
  'As of',
  'Enabled',
  'Net',
  ...availableNames.map(([, name]) => `Available: ${name}`),
  ...usedNames.map(([, name]) => `Used: ${name}`),
];

/** The cells, as the gateway sent them; empty where it sent none. */
export function segmentRow(segment: SegmentFieldsFragment | null): readonly Cell[] {
  if (segment === null) return segmentColumns.map(() => null);
  const { asOf, enabled, net, available, utilised } = segment;
  return [
    asOf,
    enabled ? 'yes' : 'no',
    net,
    ...availableNames.map(([field]) => available[field]),
    ...usedNames.map(([field]) => utilised[field]),
  ];
}
