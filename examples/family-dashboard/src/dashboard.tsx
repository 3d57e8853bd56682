// The page: logins, a row for each account, and the sum with what is missing from it.
import { takeLoginError } from 'kite-graphql/client';
import { useEffect, useState } from 'react';
import { client } from './client.ts';
import {
  AppsDocument,
  type AppsQuery,
  LogOutDocument,
  SetLabelDocument,
} from './generated/graphql.ts';
import { type Account, type Funds, useFamily, useFunds, useSum } from './hooks.ts';
import { amount, wordsFor } from './words.ts';

// A login that failed comes back with its code in the address.
const loginError = takeLoginError();

export function Dashboard() {
  const { family, read } = useFamily();
  const accounts = family?.accounts ?? [];
  const funds = useFunds(accounts);
  return (
    <main>
      <h1>Family accounts</h1>
      {loginError && <p role="alert">The login failed: {loginError}</p>}
      {family?.error && <p role="alert">{wordsFor(family.error)}</p>}
      <Logins />
      {family && accounts.length === 0 && <p>No account is logged in yet.</p>}
      {accounts.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">Account</th>
              <th scope="col">Equity</th>
              <th scope="col">Commodity</th>
              <th scope="col" />
            </tr>
          </thead>
          <tbody>
            {accounts.map((account) => (
              <Row key={account.id} account={account} funds={funds[account.id]} onChange={read} />
            ))}
          </tbody>
          <Sum accounts={accounts} version={funds} />
        </table>
      )}
    </main>
  );
}

function Logins() {
  const [apps, setApps] = useState<AppsQuery['apps']>([]);
  useEffect(() => {
    const here = location.origin + location.pathname;
    void client.query(AppsDocument, { here }).then(({ data }) => setApps(data?.apps ?? []));
  }, []);
  return (
    <nav>
      {apps.map(({ id, name, apiKey, loginUrl }) => (
        <a key={id} href={loginUrl}>
          Log in with {name ?? apiKey}
        </a>
      ))}
    </nav>
  );
}

interface RowProps {
  readonly account: Account;
  readonly funds: Funds | undefined;
  readonly onChange: () => Promise<void>;
}

function Row({ account, funds, onChange }: RowProps) {
  const [problem, setProblem] = useState<string | null>(null);
  const name = nameOf(account);
  const isActive = account.session?.state === 'ACTIVE';

  const setLabel = async (form: FormData) => {
    const label = String(form.get('label'));
    const { data, error } = await client.mutate(SetLabelDocument, { accountId: account.id, label });
    const result = data?.labelAccount;
    const isSet = result?.__typename === 'Account';
    setProblem(isSet ? null : error ? wordsFor(error) : (result?.message ?? null));
    await onChange();
  };

  const logOut = async () => {
    const { data, error } = await client.mutate(LogOutDocument, { accountIds: [account.id] });
    const [failure] = data?.logout?.failures ?? [];
    setProblem(error ? wordsFor(error) : (failure?.error.message ?? null));
    await onChange();
  };

  return (
    <tr>
      <th scope="row">
        {name} <small>{account.broker === 'KITE' ? 'Kite' : 'Kotak'}</small>
        <form action={setLabel}>
          <input
            name="label"
            aria-label={`Name of ${name}`}
            defaultValue={account.label ?? ''}
            placeholder="Father, HUF, ..."
          />
          <button type="submit">Save</button>
        </form>
        {problem && <p role="alert">{problem}</p>}
      </th>
      {isActive && !funds?.error ? (
        <>
          <td>{amount(funds?.equity)}</td>
          <td>{amount(funds?.commodity)}</td>
        </>
      ) : (
        <td colSpan={2}>{isActive && funds?.error ? wordsFor(funds.error) : 'Logged out'}</td>
      )}
      <td>
        {isActive ? (
          <button type="button" onClick={logOut}>
            Log out {name}
          </button>
        ) : (
          <a href={client.loginUrl({ app: account })}>Log in again</a>
        )}
      </td>
    </tr>
  );
}

interface SumProps {
  readonly accounts: readonly Account[];
  readonly version: unknown;
}

function Sum({ accounts, version }: SumProps) {
  const sum = useSum(version);
  const missing = (sum?.failures ?? []).map(({ accountId, error }) => {
    const account = accounts.find(({ id }) => id === accountId);
    return `${account ? nameOf(account) : 'an account'} (${error.code})`;
  });
  return (
    <tfoot>
      <tr>
        <th scope="row">Together</th>
        <td colSpan={2}>{amount(sum?.total?.net)}</td>
        <td>{missing.length > 0 && `Not in the sum: ${missing.join(', ')}`}</td>
      </tr>
    </tfoot>
  );
}

function nameOf({ label, user, apiKey }: Account): string {
  return label ?? user?.userName ?? user?.userId ?? apiKey;
}
