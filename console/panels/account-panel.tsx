// One account: who it is, its funds segment by segment, its sessions, and what can be done with it.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { toCsv } from '../format/csv.ts';
import { formatClock } from '../format/times.ts';
import { brokerNames } from '../format/words.ts';
import { AccountFundsDocument, KotakFundsDocument } from '../generated/graphql.ts';
import { useConsole, useNow } from '../parts/context.ts';
import { LoginLink } from '../parts/login-link.tsx';
import { PanelMenu } from '../parts/panel-menu.tsx';
import { ProblemNote } from '../parts/problem-note.tsx';
import { forgetsWords, Question, useFocusBack } from '../parts/question.tsx';
import { type Account, forgetsBrowser, isOpen } from '../state/accounts.ts';
import { type Funds, segmentNames } from '../state/funds.ts';
import { logOut } from '../state/mutations.ts';
import type { State } from '../state/store.ts';
import { stateWords } from './account-list.tsx';
import { segmentColumns, segmentRow } from './csv-rows.ts';
import { KotakFunds } from './kotak-funds.tsx';
import { LabelForm } from './label-form.tsx';
import { SegmentPanel, SegmentSkeleton } from './segment-panel.tsx';
import { UserSessions } from './user-sessions.tsx';

interface AccountPanelProps {
  readonly state: State;
  readonly account: Account;
}

/** The panel of an account. */
export function AccountPanel({ state, account }: AccountPanelProps) {
  const { id, name, broker, userId } = account;
  const now = useNow();
  const funds = state.funds.get(id);
  const title = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    // On a phone this is another screen.
    if (matchMedia('(max-width: 899px)').matches) {
      title.current?.focus();
      scrollTo(0, 0);
    }
  }, [id]);
  const csv = () =>
    toCsv([
      ['Account', 'Segment', ...segmentColumns],
      ...segmentNames.map((each) => [name, each, ...segmentRow(funds?.[each]?.latest ?? null)]),
    ]);
  const document = broker === 'KOTAK' ? KotakFundsDocument : AccountFundsDocument;
  return (
    <section class="panel account" aria-labelledby="account-title">
      <a class="back" href="#accounts">
        ‹ All accounts
      </a>
      <div class="panel-head">
        <div>
          <h2 id="account-title" ref={title} tabIndex={-1} class="private">
            {name}
          </h2>
          <p class="about">
            {brokerNames[broker]} {userId && <span class="private">{userId}</span>} ·{' '}
            {stateWords(account, now)}
          </p>
        </div>
        <PanelMenu
          title={name}
          snippet={{ document, variables: { accountId: id } }}
          csv={broker === 'KITE' && funds ? csv : undefined}
        />
      </div>
      <Actions state={state} account={account} />
      <AccountFunds account={account} funds={funds} now={now} />
      <UserSessions state={state} account={account} now={now} />
    </section>
  );
}

function Actions({ state, account }: AccountPanelProps) {
  const console = useConsole();
  const { id, name, isActive } = account;
  const isBusy = state.busy.has(`logout:${id}`);
  const [asked, setAsked] = useState<'logout' | 'label' | null>(null);
  const root = useFocusBack(asked, 'account-title');
  useEffect(() => setAsked(null), [id]);
  const done = () => setAsked(null);
  if (asked === 'label') return <LabelForm account={account} onDone={done} />;
  if (asked === 'logout') {
    return (
      <Question
        title={`Log out ${name}?`}
        yes="Log out"
        isBusy={isBusy}
        onYes={() => void logOut(console, [account]).then(done)}
        onNo={done}
      >
        Log out <span class="private">{name}</span>? The broker ends the session; a new login is
        needed to come back. {forgetsBrowser(state.accounts, [account]) && forgetsWords}
      </Question>
    );
  }
  return (
    <div class="actions" ref={root}>
      {!isActive && <LoginLink account={account} />}
      <button type="button" data-asks="label" onClick={() => setAsked('label')}>
        {account.label === null ? 'Give it a label' : 'Change the label'}
      </button>
      {isOpen(account) && (
        <button
          type="button"
          data-asks="logout"
          disabled={isBusy}
          onClick={() => setAsked('logout')}
        >
          {isBusy ? 'Logging out…' : 'Log out'}
        </button>
      )}
    </div>
  );
}

interface AccountFundsProps {
  readonly account: Account;
  readonly funds: Funds | undefined;
  readonly now: number;
}

function AccountFunds({ account, funds, now }: AccountFundsProps) {
  const console = useConsole();
  const { isActive, broker } = account;
  const retry = () => void console.readFunds([account.id]);
  if (!funds) {
    if (isActive) return segmentNames.map((name) => <SegmentSkeleton key={name} name={name} />);
    return <p class="hint">Log in to see the funds of this account.</p>;
  }
  const { equity, commodity } = funds;
  // One failed read of both segments is said once.
  const isShared =
    equity?.problem != null && equity.problem.requestId === commodity?.problem?.requestId;
  const problem = funds.problem ?? (isShared ? equity.problem : null);
  const asOf = equity?.latest?.asOf ?? commodity?.latest?.asOf;
  const lead = asOf === undefined ? undefined : `The figures are of ${formatClock(asOf)}.`;
  return (
    <>
      {!isActive && <p class="hint">These figures are from before the session ended.</p>}
      {problem && isActive && <ProblemNote problem={problem} onRetry={retry} lead={lead} />}
      {broker === 'KOTAK' && funds.kotak && <KotakFunds margins={funds.kotak} />}
      {broker === 'KITE' &&
        segmentNames.map((name) => {
          const segment = funds[name];
          return (
            segment && (
              <SegmentPanel
                key={name}
                name={name}
                segment={segment}
                isActive={isActive}
                isTold={problem !== null}
                now={now}
                onRetry={retry}
              />
            )
          );
        })}
    </>
  );
}
