// The page without an account: what to do, and what will happen.
import { brokerNames } from '../format/words.ts';
import { appName } from '../parts/login-link.tsx';
import type { State } from '../state/store.ts';

/** The ways in. */
export function Welcome({ state }: { readonly state: State }) {
  return (
    <section class="panel welcome" aria-labelledby="welcome-title">
      <h2 id="welcome-title">Log in to a first account</h2>
      <p>
        The broker asks for your password on its own page, or this gateway asks on its login page.
        Then you are back here. The gateway keeps the login for this browser; this page never sees a
        password or a token. Log in to as many accounts as you look after.
      </p>
      <ul class="ways">
        {state.apps.map((app) => (
          <li key={app.id}>
            <a class="button primary" href={app.loginUrl}>
              Log in with {appName(app)}
            </a>
            {appName(app) !== brokerNames[app.broker] && (
              <span class="hint">{brokerNames[app.broker]}</span>
            )}
          </li>
        ))}
      </ul>
      {state.apps.length === 0 && (
        <p class="hint">
          This gateway lists no app to log in through. Its operator sets one with KITE_API_KEY or
          APPS_FILE.
        </p>
      )}
    </section>
  );
}
