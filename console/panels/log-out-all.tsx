// Logs all accounts of this browser out, after a question that names them.
import { useState } from 'preact/hooks';
import { useConsole } from '../parts/context.ts';
import { forgetsWords, Question, useFocusBack } from '../parts/question.tsx';
import { type Account, forgetsBrowser, isOpen, listOf } from '../state/accounts.ts';
import { logOut } from '../state/mutations.ts';
import type { State } from '../state/store.ts';

/** The button, where there are several accounts to log out. */
export function LogOutAll({ state: { accounts, busy } }: { readonly state: State }) {
  const console = useConsole();
  /** Those that the question names. */
  const [asked, setAsked] = useState<readonly Account[] | null>(null);
  const root = useFocusBack(asked && 'logout-all', 'list-title');
  const done = () => setAsked(null);
  if (asked) {
    const isBusy = asked.some(({ id }) => busy.has(`logout:${id}`));
    return (
      <Question
        title={`Log out all ${asked.length} accounts?`}
        yes="Log out all"
        isBusy={isBusy}
        onYes={() => void logOut(console, asked).then(done)}
        onNo={done}
      >
        Log out <span class="private">{listOf(asked)}</span>? The brokers end these {asked.length}{' '}
        sessions; each account needs a new login to come back.{' '}
        {forgetsBrowser(accounts, asked) && forgetsWords}
      </Question>
    );
  }
  const open = accounts.filter(isOpen);
  if (open.length < 2) return null;
  return (
    <div class="actions leave" ref={root}>
      <button type="button" data-asks="logout-all" onClick={() => setAsked(open)}>
        Log out all {open.length}
      </button>
    </div>
  );
}
