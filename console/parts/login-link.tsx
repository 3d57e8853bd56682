// A link that logs in to an account, and comes back here.
import { brokerNames } from '../format/words.ts';
import type { Account } from '../state/accounts.ts';
import type { LoginApp } from '../state/store.ts';
import { useConsole } from './context.ts';

/** What an app is called. */
export function appName({ name, broker, apiKey }: LoginApp): string {
  return name ?? `${brokerNames[broker]} (${apiKey})`;
}

/** The link for an account that is to be logged in again. */
export function LoginLink({ account }: { readonly account: Account }) {
  const console = useConsole();
  const { returnTo } = console;
  return (
    <a
      class="button primary"
      href={console.client.loginUrl({ app: account.apiKey, returnTo })}
      aria-label={`Log in to ${account.name}`}
    >
      Log in
    </a>
  );
}
