// One segment of an account: net, how it went, what is available and what it is used for.
import { useState } from 'preact/hooks';
import { NetLine } from '../charts/net-line.tsx';
import { type Component, StackedBars, tintOf } from '../charts/stacked-bars.tsx';
import { UsedBar } from '../charts/used-bar.tsx';
import { difference } from '../format/amounts.ts';
import { formatClock } from '../format/times.ts';
import type { SegmentFieldsFragment } from '../generated/graphql.ts';
import { Amount, Change } from '../parts/amount.tsx';
import { ProblemNote } from '../parts/problem-note.tsx';
import { type SegmentFunds, type SegmentName, usedShare } from '../state/funds.ts';
import {
  availableNames,
  openingAvailable,
  stackedAvailable,
  stackedUsed,
  usedNames,
} from './segment-names.ts';

interface SegmentPanelProps {
  readonly name: SegmentName;
  readonly segment: SegmentFunds;
  readonly isActive: boolean;
  /** Whether the problem has been said above. */
  readonly isTold: boolean;
  readonly now: number;
  readonly onRetry: () => void;
}

/** The segment. */
export function SegmentPanel({ name, segment, isActive, isTold, now, onRetry }: SegmentPanelProps) {
  const { latest, problem, points } = segment;
  const isOld = problem !== null || !isActive;
  const lead = latest ? `The figures are of ${formatClock(latest.asOf)}.` : undefined;
  return (
    <section class="segment" aria-label={name}>
      {!latest?.enabled && (
        <div class="segment-head">
          <h3>{name}</h3>
          {!problem && (
            <span class="hint">{latest ? 'not enabled' : 'not told by the broker'}</span>
          )}
        </div>
      )}
      {problem && isActive && !isTold && (
        <ProblemNote problem={problem} onRetry={onRetry} lead={lead} />
      )}
      {latest?.enabled && (
        <div class={isOld ? 'old' : undefined}>
          <div class="segment-head">
            <h3>{name}</h3>
            <p class="segment-net">
              <Amount value={latest.net} hasSign />
            </p>
          </div>
          <p class="segment-about">
            <span>
              net, as of {formatClock(latest.asOf)} IST <Since points={points} />
            </span>
            <UsedBar share={usedShare(latest)} />
          </p>
          <NetLine name={name} points={points} now={now} />
          <Components name={name} segment={latest} />
        </div>
      )}
    </section>
  );
}

function Since({ points }: Pick<SegmentFunds, 'points'>) {
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last || first === last) return null;
  return (
    <>
      · <Change value={difference(last.net, first.net)} since={formatClock(first.at)} />
    </>
  );
}

function Components({
  name,
  segment,
}: {
  readonly name: SegmentName;
  readonly segment: SegmentFieldsFragment;
}) {
  const { available, utilised } = segment;
  // Some accounts have their cash in the opening balance alone.
  const inBar = available.cash ? stackedAvailable : openingAvailable;
  const sources = availableNames.map(([field, title]) => ({
    name: title,
    value: available[field],
    place: inBar.indexOf(field),
  }));
  const uses = usedNames.map(([field, title]) => ({
    name: title,
    value: utilised[field],
    place: stackedUsed.indexOf(field),
  }));
  return (
    <>
      <StackedBars available={sources} used={uses} />
      <div class="tables">
        <Table name={name} heading="Available" rows={sources} tone="available" />
        <Table name={name} heading="Used" rows={uses} tone="spent" />
      </div>
    </>
  );
}

interface TableProps {
  readonly name: SegmentName;
  readonly heading: string;
  readonly rows: readonly Component[];
  readonly tone: 'available' | 'spent';
}

function Table({ name, heading, rows, tone }: TableProps) {
  const [isWhole, setWhole] = useState(false);
  const zeros = rows.filter(({ value }) => value === 0).length;
  const shown = isWhole ? rows : rows.filter(({ value }) => value !== 0);
  return (
    <table class="figures">
      <caption class="unseen">
        {heading} in {name}
      </caption>
      <thead>
        <tr>
          <th scope="col" colSpan={2}>
            {heading}
          </th>
        </tr>
      </thead>
      <tbody>
        {shown.map((row) => (
          <tr key={row.name}>
            <th scope="row">
              <span class={`swatch ${tintOf(row, tone)}`} aria-hidden="true" />
              {row.name}
            </th>
            <td>
              <Amount value={row.value} />
            </td>
          </tr>
        ))}
        {zeros > 0 && (
          <tr>
            <td colSpan={2}>
              <button
                type="button"
                class="quiet zeros"
                aria-expanded={isWhole}
                onClick={() => setWhole(!isWhole)}
              >
                {isWhole ? 'Hide' : 'Show'} {zeros} that {zeros === 1 ? 'is' : 'are'} 0
              </button>
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

/** The shape of a segment that has not arrived. */
export function SegmentSkeleton({ name }: { readonly name: SegmentName }) {
  return (
    <section class="segment" aria-label={`${name}, loading`} aria-busy="true">
      <div class="segment-head">
        <h3>{name}</h3>
        <span class="bone wide" aria-hidden="true" />
      </div>
      <span class="bone line-bone" aria-hidden="true" />
      <span class="bone line-bone" aria-hidden="true" />
    </section>
  );
}
