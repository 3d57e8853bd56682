// The page: logins, and the accounts of this browser.
import { takeLoginError } from 'kite-graphql/client';
import { useQuery, useSessions } from 'kite-graphql/client/react';
import { Accounts } from './accounts.tsx';
import { AppsDocument } from './generated/graphql.ts';
import { wordsFor } from './words.ts';

// A login that failed comes back with its code in the address.
const loginError = takeLoginError();

export function Dashboard() {
  // Live: a login, a logout or an expiry in any tab is shown as it happens.
  const { sessions, error } = useSessions();
  const open = sessions?.filter(({ state }) => state === 'ACTIVE' || state === 'EXPIRED');
  // An account whose session has ended and that has logged in again has two.
  const newest = open?.filter(
    ({ account }, index) => open.findIndex((each) => each.account.id === account.id) === index,
  );
  return (
    <main>
      <h1>Family accounts</h1>
      {loginError && <p role="alert">The login failed: {loginError}</p>}
      {error && error.code !== 'UNAUTHENTICATED' && <p role="alert">{wordsFor(error)}</p>}
      <Logins />
      {newest?.length === 0 && <p>No account is logged in yet.</p>}
      {newest && newest.length > 0 && <Accounts sessions={newest} />}
    </main>
  );
}

function Logins() {
  const { data } = useQuery(AppsDocument, { here: location.origin + location.pathname });
  return (
    <nav>
      {data?.apps.map(({ id, name, apiKey, loginUrl }) => (
        <a key={id} href={loginUrl}>
          Log in with {name ?? apiKey}
        </a>
      ))}
    </nav>
  );
}
