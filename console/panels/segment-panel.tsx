// One segment of an account: net, how it went, what is available and what it is used for.
import { useState } from 'preact/hooks';
import { NetLine } from '../charts/net-line.tsx';
import { type Component, StackedBars } from '../charts/stacked-bars.tsx';
import { UsedBar } from '../charts/used-bar.tsx';
import { difference } from '../format/amounts.ts';
import { formatClock } from '../format/times.ts';
import type { SegmentFieldsFragment } from '../generated/graphql.ts';
import { Amount, Change } from '../parts/amount.tsx';
import { ProblemNote } from '../parts/problem-note.tsx';
import { type SegmentFunds, type SegmentName, usedShare } from '../state/funds.ts';
import { availableNames, stackedAvailable, stackedUsed, usedNames } from './segment-names.ts';

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
  const stack = (names: readonly string[], all: readonly Component[], fields: readonly string[]) =>
    all.filter((_, index) => names.includes(fields[index] ?? ''));
  const sources = availableNames.map(([field, title]) => ({
    name: title,
    value: available[field],
  }));
  const uses = usedNames.map(([field, title]) => ({ name: title, value: utilised[field] }));
  // Some accounts have their cash in the opening balance alone.
  const stacked = available.cash
    ? stackedAvailable
    : ['openingBalance', 'collateral', 'adhocMargin'];
  return (
    <div class="components">
      <StackedBars
        available={stack(
          stacked,
          sources,
          availableNames.map(([field]) => field),
        )}
        used={stack(
          stackedUsed,
          uses,
          usedNames.map(([field]) => field),
        )}
      />
      <div class="tables">
        <Table
          caption={`Available in ${name}`}
          heading="Available"
          rows={sources}
          tintOf={(field) => tint(stacked, sources, availableNames, field)}
          tone="available"
        />
        <Table
          caption={`Used in ${name}`}
          heading="Used"
          rows={uses}
          tintOf={(field) => tint(stackedUsed, uses, usedNames, field)}
          tone="spent"
        />
      </div>
    </div>
  );
}

/** The tint of a row in the bar above; null where it has no part there. */
function tint(
  stacked: readonly string[],
  rows: readonly Component[],
  names: readonly (readonly [string, string])[],
  title: string,
): number | null {
  const fields = names.map(([field]) => field);
  const inBar = rows.filter((_, index) => stacked.includes(fields[index] ?? ''));
  const place = inBar.findIndex(({ name }) => name === title);
  const value = inBar[place]?.value ?? 0;
  return place < 0 || value <= 0 ? null : place % 6;
}

interface TableProps {
  readonly caption: string;
  readonly heading: string;
  readonly rows: readonly Component[];
  readonly tone: 'available' | 'spent';
  readonly tintOf: (name: string) => number | null;
}

function Table({ caption, heading, rows, tone, tintOf }: TableProps) {
  const [isWhole, setWhole] = useState(false);
  const zeros = rows.filter(({ value }) => value === 0).length;
  const shown = isWhole ? rows : rows.filter(({ value }) => value !== 0);
  return (
    <table class="figures">
      <caption class="unseen">{caption}</caption>
      <thead>
        <tr>
          <th scope="col" colSpan={2}>
            {heading}
          </th>
        </tr>
      </thead>
      <tbody>
        {shown.map(({ name, value }) => {
          const place = tintOf(name);
          return (
            <tr key={name}>
              <th scope="row">
                <span
                  class={place === null ? 'swatch' : `swatch ${tone} tint-${place}`}
                  aria-hidden="true"
                />
                {name}
              </th>
              <td>
                <Amount value={value} />
              </td>
            </tr>
          );
        })}
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
