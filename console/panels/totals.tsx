// All together: the sums of the gateway, how many accounts are in them, and which are missing and why.
import { useState } from 'preact/hooks';
import { UsedBar } from '../charts/used-bar.tsx';
import { toCsv } from '../format/csv.ts';
import { formatClock } from '../format/times.ts';
import { wordsFor, wordsForEnd } from '../format/words.ts';
import { SumsDocument } from '../generated/graphql.ts';
import { Amount } from '../parts/amount.tsx';
import { useConsole } from '../parts/context.ts';
import { PanelMenu } from '../parts/panel-menu.tsx';
import { ProblemNote } from '../parts/problem-note.tsx';
import { segmentNames, usedShare } from '../state/funds.ts';
import type { State } from '../state/store.ts';
import { segmentColumns, segmentRow } from './csv-rows.ts';

/** The panel of the sums. */
export function Totals({ state }: { readonly state: State }) {
  const console = useConsole();
  const { sums, sumsStatus, sumsProblem, accounts } = state;
  if (accounts.length === 0) return null;
  const retry = () => void console.readFunds();
  const isFirst = sums === null && (sumsStatus === 'loading' || sumsStatus === 'idle');
  const counts = sums && countsOf(state, sums);
  const csv = () =>
    toCsv([
      ['Sum of', 'Accounts in it', 'Missing', ...segmentColumns],
      ...(['total', ...segmentNames] as const).map((name) => [
        name,
        counts?.counted,
        counts?.missing.map((each) => each.name).join('; '),
        ...segmentRow(sums?.[name] ?? null),
      ]),
    ]);
  return (
    <section class="panel totals" aria-labelledby="totals-title" aria-busy={isFirst}>
      <div class="panel-head">
        <h2 id="totals-title">Available to trade</h2>
        <PanelMenu
          title="the sums"
          snippet={{ document: SumsDocument }}
          csv={sums ? csv : undefined}
        />
      </div>
      {isFirst && <Skeleton />}
      {sums === null && sumsStatus === 'failed' && sumsProblem && (
        <ProblemNote problem={sumsProblem} onRetry={retry} />
      )}
      {sums && <Sums state={state} sums={sums} />}
      {sums && sumsStatus === 'failed' && sumsProblem && (
        <ProblemNote
          problem={sumsProblem}
          onRetry={retry}
          lead={sums.total ? `The sums are of ${formatClock(sums.total.asOf)}.` : undefined}
        />
      )}
    </section>
  );
}

function Skeleton() {
  return (
    <div class="totals-body" aria-hidden="true">
      <p class="totals-figure">
        <span class="bone wide" />
      </p>
      <p class="totals-parts">
        <span class="bone" />
        <span class="bone" />
      </p>
    </div>
  );
}

function Sums({
  state,
  sums,
}: {
  readonly state: State;
  readonly sums: NonNullable<State['sums']>;
}) {
  const console = useConsole();
  const { total } = sums;
  const { counted, missing, twice } = countsOf(state, sums);
  const all = counted + missing.length;
  const share = total && usedShare(total);
  return (
    <div class="totals-body">
      <p class="totals-figure">
        {total ? <Amount value={total.net} hasSign /> : <span class="amount">–</span>}
      </p>
      <p class="totals-count">
        {counted} of {all} {all === 1 ? 'account' : 'accounts'}
        {total && <>, as of {formatClock(total.asOf)} IST</>}
      </p>
      <dl class="totals-parts">
        {segmentNames.map((name) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {sums[name] ? (
                <Amount value={sums[name].net} hasSign />
              ) : (
                <span class="hint">in none of them</span>
              )}
            </dd>
          </div>
        ))}
        {share !== null && (
          <div>
            <dt class="unseen">used of both</dt>
            <dd>
              <UsedBar share={share} />
            </dd>
          </div>
        )}
      </dl>
      {missing.length + twice.length > 0 && (
        <div class="missing">
          <Named title="Missing" accounts={missing} />
          <Named title="Counted once" accounts={twice} />
          {missing.some(({ canRetry }) => canRetry) && (
            <button
              type="button"
              onClick={() =>
                void console.readFunds(
                  missing.flatMap(({ id, canRetry }) => (canRetry ? [id] : [])),
                )
              }
            >
              Try again
            </button>
          )}
        </div>
      )}
    </div>
  );
}

/** An account that the sums do not count, and why. */
interface LeftOut {
  readonly id: string;
  readonly name: string;
  readonly why: string;
  readonly code: string | null;
  readonly canRetry: boolean;
}

/**
 * How many accounts are in the sums, and which are not: those that the gateway names, and those of this page that it no
 * longer reads because they are logged out. The money of a user who is here through two apps is in the sums once, so
 * both accounts count as in them, and all counts of the page agree.
 */
function countsOf(state: State, { accounts, failures }: NonNullable<State['sums']>) {
  const named = failures.map(
    ({ accountId, error: { code, retryable } }): LeftOut => ({
      id: accountId,
      name: nameOf(state, accountId),
      why: lowerFirst(wordsFor(code).title),
      code,
      canRetry: retryable,
    }),
  );
  const known = new Set([...named, ...accounts].map(({ id }) => id));
  const ended = state.accounts
    .filter(({ id, isActive }) => !isActive && !known.has(id))
    .map(({ id, name, session }): LeftOut => {
      const why = wordsForEnd(session.endReason);
      return { id, name, why, code: null, canRetry: false };
    });
  const twice = named.filter(({ code }) => code === 'DUPLICATE_USER');
  const missing = [...named.filter((each) => !twice.includes(each)), ...ended];
  return { counted: accounts.length + twice.length, missing, twice };
}

function lowerFirst(text: string): string {
  return `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`;
}

interface NamedProps {
  readonly title: string;
  readonly accounts: readonly LeftOut[];
}

/** The most accounts that are named at once: with hundreds, the list of accounts would be far below. */
const maxNamed = 8;

function Named({ title, accounts }: NamedProps) {
  const [isWhole, setWhole] = useState(false);
  if (accounts.length === 0) return null;
  const isLong = accounts.length > maxNamed;
  const shown = isLong && !isWhole ? accounts.slice(0, maxNamed) : accounts;
  return (
    <>
      <h3>{isLong ? `${title} · ${accounts.length}` : title}</h3>
      <ul>
        {shown.map(({ id, name, why, code }) => (
          <li key={id}>
            <a href={`#account=${encodeURIComponent(id)}`} class="private">
              {name}
            </a>
            <span title={code ?? undefined}>{why}</span>
          </li>
        ))}
        {isLong && (
          <li>
            <button
              type="button"
              class="quiet"
              aria-expanded={isWhole}
              onClick={() => setWhole(!isWhole)}
            >
              {isWhole ? 'Show fewer' : `Show ${accounts.length - maxNamed} more`}
            </button>
          </li>
        )}
      </ul>
    </>
  );
}

function nameOf({ accounts }: State, accountId: string): string {
  return accounts.find(({ id }) => id === accountId)?.name ?? 'An unknown account';
}
