// All together: the sums of the gateway, how many accounts are in them, and which are missing and why.

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
  const csv = () =>
    toCsv([
      ['Sum of', 'Accounts in it', 'Missing', ...segmentColumns],
      ...(['total', ...segmentNames] as const).map((name) => [
        name,
        sums?.accounts.length,
        sums &&
          missingIn(state, sums)
            .map((each) => each.name)
            .join('; '),
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
  const { total, accounts } = sums;
  const missing = missingIn(state, sums);
  const all = accounts.length + missing.filter(({ code }) => code !== 'DUPLICATE_USER').length;
  const share = total && usedShare(total);
  return (
    <div class="totals-body">
      <p class="totals-figure">
        {total ? <Amount value={total.net} hasSign /> : <span class="amount">–</span>}
      </p>
      <p class="totals-count">
        {accounts.length} of {all} {all === 1 ? 'account' : 'accounts'}
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
      {missing.length > 0 && <Missing missing={missing} />}
    </div>
  );
}

/** An account that is in no sum, and why. */
interface MissingAccount {
  readonly id: string;
  readonly name: string;
  readonly why: string;
  readonly code: string | null;
  readonly canRetry: boolean;
}

/** Those that the gateway names, and those of this page that it no longer reads because they are logged out. */
function missingIn(state: State, sums: NonNullable<State['sums']>): readonly MissingAccount[] {
  const named = sums.failures.map(({ accountId, error: { code, retryable } }) => ({
    id: accountId,
    name: nameOf(state, accountId),
    why: lowerFirst(wordsFor(code).title),
    code,
    canRetry: retryable,
  }));
  const known = new Set([...named, ...sums.accounts].map(({ id }) => id));
  const ended = state.accounts.filter(({ id, isActive }) => !isActive && !known.has(id));
  return [
    ...named,
    ...ended.map(({ id, name, session }) => ({
      id,
      name,
      why: wordsForEnd(session.endReason),
      code: null,
      canRetry: false,
    })),
  ];
}

function lowerFirst(text: string): string {
  return `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`;
}

function Missing({ missing }: { readonly missing: readonly MissingAccount[] }) {
  const console = useConsole();
  return (
    <div class="missing">
      <h3>Missing</h3>
      <ul>
        {missing.map(({ id, name, why, code }) => (
          <li key={id}>
            <a href={`#account=${encodeURIComponent(id)}`} class="private">
              {name}
            </a>
            <span title={code ?? undefined}>{why}</span>
          </li>
        ))}
      </ul>
      {missing.some(({ canRetry }) => canRetry) && (
        <button type="button" onClick={() => void console.readFunds()}>
          Try again
        </button>
      )}
    </div>
  );
}

function nameOf({ accounts }: State, accountId: string): string {
  return accounts.find(({ id }) => id === accountId)?.name ?? 'An unknown account';
}
