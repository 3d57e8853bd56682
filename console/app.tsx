// The page: its head, the sums, the accounts, and the one that is chosen.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { AccountList } from './panels/account-list.tsx';
import { AccountPanel } from './panels/account-panel.tsx';
import { Head, headlineOf } from './panels/head.tsx';
import { Notices } from './panels/notices.tsx';
import { Totals } from './panels/totals.tsx';
import { Welcome } from './panels/welcome.tsx';
import { ConsoleContext, UnitContext } from './parts/context.ts';
import { ProblemNote } from './parts/problem-note.tsx';
import type { Console } from './state/console.ts';
import { usePreferences } from './state/preferences.ts';
import { type State, useStore } from './state/store.ts';

/** The whole page. */
export function App({ console }: { readonly console: Console }) {
  const state = useStore(console.store);
  const [preferences, change] = usePreferences();
  const chosen = useChosen();
  useEffect(() => {
    document.title = `${headlineOf(state)} · ${console.place.name}`;
  }, [state, console]);
  return (
    <ConsoleContext.Provider value={console}>
      <UnitContext.Provider value={preferences.unit}>
        <Head state={state} preferences={preferences} onChange={change} />
        <Notices state={state} />
        <main>
          <Body state={state} chosen={chosen} console={console} />
        </main>
        <footer>
          <p>
            All times are India’s. Sums are the gateway’s own, exact in decimal.{' '}
            {console.place.hasGraphiql && <a href={console.place.graphql}>Open GraphiQL</a>}
          </p>
        </footer>
      </UnitContext.Provider>
    </ConsoleContext.Provider>
  );
}

/** With more accounts than this, the list is longer than the account beside it. */
const longList = 12;

interface BodyProps {
  readonly state: State;
  readonly chosen: string | null;
  readonly console: Console;
}

function Body({ state, chosen, console }: BodyProps) {
  const { status, problem, accounts } = state;
  const isWide = useWide();
  if (status === 'loading') return <Skeleton />;
  if (status === 'failed' && accounts.length === 0) {
    const unknown = { code: 'UNKNOWN', message: '', retryable: true };
    return (
      <div class="panel">
        <ProblemNote
          problem={{ ...(problem ?? unknown), retryable: true }}
          onRetry={() => void console.refresh()}
        />
      </div>
    );
  }
  if (accounts.length === 0) return <Welcome state={state} />;
  const failed = status === 'failed' && problem !== null;
  const first =
    accounts.find(({ isActive, broker }) => isActive && broker === 'KITE') ?? accounts[0];
  const account = accounts.find(({ id }) => id === chosen) ?? (isWide ? first : undefined);
  const isLong = accounts.length > longList;
  const isDetail = chosen !== null && account !== undefined;
  return (
    <>
      {failed && (
        <div class="panel stale">
          <ProblemNote
            problem={problem}
            onRetry={() => void console.refresh()}
            lead="What follows is older."
          />
        </div>
      )}
      <div class={`screens ${isDetail ? 'detail' : 'overview'}${isLong ? ' long' : ''}`}>
        <Totals state={state} />
        <AccountList state={state} chosen={account?.id ?? null} />
        {account && <AccountPanel key={account.id} state={state} account={account} />}
      </div>
    </>
  );
}

/** The shape of the page while the accounts are read. */
function Skeleton() {
  return (
    <div class="screens overview" aria-busy="true">
      <div class="panel totals" aria-hidden="true">
        <span class="bone wide" />
        <span class="bone line-bone" />
      </div>
      <div class="panel list" aria-hidden="true">
        {[1, 2, 3, 4].map((row) => (
          <div key={row} class="row">
            <span class="bone" />
            <span class="bone" />
          </div>
        ))}
      </div>
    </div>
  );
}

/** The id of the account in the address; null without one. */
function useChosen(): string | null {
  const read = () => new URLSearchParams(location.hash.slice(1)).get('account');
  const [chosen, setChosen] = useState(read);
  const before = useRef(chosen);
  useLayoutEffect(() => {
    // Back at the list, the focus is where it was.
    if (chosen === null && before.current !== null) {
      const address = `#account=${encodeURIComponent(before.current)}`;
      document.querySelector<HTMLElement>(`.row-link[href="${CSS.escape(address)}"]`)?.focus();
    }
    before.current = chosen;
  }, [chosen]);
  useEffect(() => {
    const onChange = () => setChosen(read());
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  return chosen;
}

/** Whether the list and an account have room beside each other. */
function useWide(): boolean {
  const query = matchMedia('(min-width: 900px)');
  const [isWide, setWide] = useState(query.matches);
  useEffect(() => {
    const onChange = () => setWide(query.matches);
    query.addEventListener('change', onChange);
    return () => query.removeEventListener('change', onChange);
  }, []);
  return isWide;
}
