// The accounts of this browser: first those that need a login, then the others, each in a row.
import { memo } from 'preact/compat';
import { UsedBar } from '../charts/used-bar.tsx';
import { toCsv } from '../format/csv.ts';
import { formatClock, formatDuration, formatMoment } from '../format/times.ts';
import { brokerNames, wordsFor, wordsForEnd } from '../format/words.ts';
import { FundsDocument } from '../generated/graphql.ts';
import { Amount } from '../parts/amount.tsx';
import { useNow } from '../parts/context.ts';
import { appName, LoginLink } from '../parts/login-link.tsx';
import { PanelMenu } from '../parts/panel-menu.tsx';
import type { Account, AccountGroup } from '../state/accounts.ts';
import { type Funds, segmentNames, usedShare } from '../state/funds.ts';
import type { State } from '../state/store.ts';
import { segmentColumns, segmentRow } from './csv-rows.ts';
import { LogOutAll } from './log-out-all.tsx';

interface AccountListProps {
  readonly state: State;
  /** The id of the account that is shown beside the list. */
  readonly chosen: string | null;
}

/** The panel of the accounts. */
export function AccountList({ state, chosen }: AccountListProps) {
  const now = useNow();
  const { accounts, apps } = state;
  const groups = [
    { key: 'login', title: 'Login needed' },
    { key: 'active', title: 'Logged in' },
  ] as const;
  const active = accounts.filter(({ isActive }) => isActive);
  const idsOf = (broker: Account['broker']) =>
    active.filter((each) => each.broker === broker).map(({ id }) => id);
  return (
    <nav class="panel list" aria-labelledby="list-title">
      <div class="panel-head">
        <h2 id="list-title" tabIndex={-1}>
          Accounts <AsOf state={state} />
        </h2>
        <PanelMenu
          title="the accounts"
          snippet={{
            document: FundsDocument,
            variables: { kite: idsOf('KITE'), kotak: idsOf('KOTAK') },
          }}
          csv={() => csvOf(state)}
        />
      </div>
      {groups.map(({ key, title }) => {
        const members = accounts.filter(({ group }) => group === key);
        if (members.length === 0) return null;
        return (
          <section key={key} aria-labelledby={`group-${key}`}>
            <h3 id={`group-${key}`}>
              {title} · {countOf(members, key)}
            </h3>
            <ul class="rows">
              {members.map((account) => (
                <Row
                  key={account.id}
                  account={account}
                  funds={state.funds.get(account.id)}
                  isChosen={account.id === chosen}
                  now={now}
                />
              ))}
            </ul>
          </section>
        );
      })}
      <div class="another">
        <h3>Log in another account</h3>
        <ul class="apps">
          {apps.map((app) => (
            <li key={app.id}>
              <a class="button" href={app.loginUrl}>
                {appName(app)}
              </a>
              {!accounts.some(({ apiKey }) => apiKey === app.apiKey) && (
                <span class="hint">no account yet</span>
              )}
            </li>
          ))}
        </ul>
        {apps.length === 0 && <p class="hint">This gateway lists no app to log in through.</p>}
      </div>
      <LogOutAll state={state} />
    </nav>
  );
}

/** How many accounts a group has. One that ends keeps its place among those that are logged in: `3 of 4`. */
function countOf(members: readonly Account[], group: AccountGroup): string {
  const active = members.filter(({ isActive }) => isActive).length;
  const isMixed = group === 'active' && active < members.length;
  return isMixed ? `${active} of ${members.length}` : `${members.length}`;
}

/** The time of the figures in the list: that of the oldest of those that are up to date. */
function AsOf({ state: { accounts, funds } }: Pick<AccountListProps, 'state'>) {
  const times = accounts.flatMap(({ id, isActive }) => {
    const latest = isActive ? funds.get(id)?.equity : null;
    return latest?.latest && !latest.problem ? [Date.parse(latest.latest.asOf)] : [];
  });
  if (times.length === 0) return null;
  return <span class="as-of">net, as of {formatClock(Math.min(...times))} IST</span>;
}

interface RowProps {
  readonly account: Account;
  readonly funds: Funds | undefined;
  readonly isChosen: boolean;
  readonly now: number;
}

const Row = memo(function Row({ account, funds, isChosen, now }: RowProps) {
  const { id, name, broker, userId, isActive } = account;
  return (
    <li class={`row${isChosen ? ' chosen' : ''}`}>
      <a
        class="row-link"
        href={`#account=${encodeURIComponent(id)}`}
        aria-current={isChosen ? 'true' : undefined}
      >
        <span class="row-name private">{name}</span>
        <span class="row-about">
          {brokerNames[broker]} {userId && <span class="private">{userId}</span>}
        </span>
      </a>
      <span class="row-state">{stateWords(account, now)}</span>
      <span class="row-end">
        <Figures account={account} funds={funds} />
        {!isActive && <LoginLink account={account} />}
      </span>
    </li>
  );
});

/** The state of an account in words: what is left of its session, or how that ended. */
export function stateWords({ session }: Account, now: number): string {
  const { state, expiresAt, endedAt, endReason } = session;
  if (state === 'ACTIVE') {
    const left = expiresAt === null ? null : Date.parse(expiresAt) - now;
    if (left === null) return 'active';
    return left > 0 ? `${formatDuration(left)} left` : 'expires now';
  }
  if (state === 'REVOKING') return 'logging out';
  const at = endedAt ?? expiresAt;
  return `${wordsForEnd(endReason)}${at === null ? '' : ` ${formatMoment(at, now)}`}`;
}

function Figures({ account: { isActive }, funds }: Pick<RowProps, 'account' | 'funds'>) {
  if (funds === undefined) {
    return isActive ? <span class="bone" aria-hidden="true" /> : null;
  }
  const shown = segmentNames.flatMap((name) => {
    const latest = funds[name]?.latest;
    return latest?.enabled ? [{ name, latest }] : [];
  });
  const problem = funds.problem ?? funds.equity?.problem ?? funds.commodity?.problem;
  const [main] = shown;
  return (
    <span class={`row-figures${isActive && !problem ? '' : ' old'}`}>
      {shown.map(({ name, latest }) => (
        <span key={name} class="row-figure">
          <span class="row-segment">{name}</span>
          <Amount value={latest.net} />
        </span>
      ))}
      {funds.kotak && isActive && <span class="row-segment">margins in no sum</span>}
      {!isActive && main && (
        <span class="row-segment">last known {formatClock(main.latest.asOf)}</span>
      )}
      {problem && isActive && (
        <span class="row-problem">
          {wordsFor(problem.code).title}
          {main && `, as of ${formatClock(main.latest.asOf)}`}
        </span>
      )}
      {!problem && main && isActive && <UsedBar share={usedShare(main.latest)} />}
    </span>
  );
}

function csvOf({ accounts, funds }: State): string {
  return toCsv([
    ['Account', 'Broker', 'User id', 'State', 'Segment', ...segmentColumns],
    ...accounts.flatMap((account) => {
      const { name, broker, userId, session } = account;
      const about = [name, brokerNames[broker], userId, session.state.toLowerCase()];
      const known = funds.get(account.id);
      const rows = segmentNames.flatMap((segment) => {
        const latest = known?.[segment]?.latest;
        return latest ? [[...about, segment, ...segmentRow(latest)]] : [];
      });
      return rows.length > 0 ? rows : [[...about, null, ...segmentRow(null)]];
    }),
  ]);
}
