// A link that logs in to an account, and comes back here.
import { brokerNames } from '../format/words.ts';
import type { Account } from '../state/accounts.ts';
import { type LoginApp, useStore } from '../state/store.ts';
import { useConsole } from './context.ts';

/** What an app is called. */
export function appName({ name, broker, apiKey }: LoginApp): string {
  return name ?? `${brokerNames[broker]} (${apiKey})`;
}

/** The link for an account that is to be logged in again. */
export function LoginLink({ account }: { readonly account: Account }) {
  const console = useConsole();
  const { apps } = useStore(console.store);
  const app = apps.find(({ apiKey }) => apiKey === account.apiKey);
  return (
    <a
      class="button primary"
      href={app?.loginUrl ?? loginUrl(console.place.home, account.apiKey, console.returnTo)}
      aria-label={`Log in to ${account.name}`}
    >
      Log in
    </a>
  );
}

/** The gateway's login page for an app that it does not list. */
function loginUrl(home: string, app: string, returnTo: string): string {
  return `${new URL('login', home)}?${new URLSearchParams({ app, returnTo })}`;
}
