// The accounts: a row for each with its funds, and the sum with what is missing from it.
import type { ClientError } from 'kite-graphql/client';
import {
  type SessionSummary,
  useClient,
  useLiveMargins,
  useQuery,
} from 'kite-graphql/client/react';
import { useEffect, useRef, useState } from 'react';
import {
  FamilySumDocument,
  KotakFundsDocument,
  LogOutDocument,
  SetLabelDocument,
} from './generated/graphql.ts';
import { amount, wordsFor } from './words.ts';

/** Funds of one account. */
interface Funds {
  readonly equity: number | null;
  readonly commodity: number | null;
  readonly error: ClientError | null;
}

export function Accounts({ sessions }: { readonly sessions: readonly SessionSummary[] }) {
  const idsOf = (broker: SessionSummary['broker']) =>
    sessions.filter((each) => each.active && each.broker === broker).map((each) => each.account.id);
  const kite = useLiveMargins({ accountIds: idsOf('KITE'), everySeconds: 2 });
  // Kotak has margins of its own, and no live ones.
  const ids = idsOf('KOTAK');
  const kotak = useQuery(KotakFundsDocument, { ids }, { skip: ids.length === 0 });

  const fundsOf = (id: string): Funds | null => {
    const live = kite.accounts.get(id);
    if (live) {
      const { equity, commodity, error } = live;
      return { equity: equity?.net ?? null, commodity: commodity?.net ?? null, error };
    }
    const index = kotak.data?.accounts?.findIndex((account) => account?.id === id) ?? -1;
    if (index === -1) return null;
    const margins = kotak.data?.accounts?.[index]?.kotakMargins;
    const equity = margins?.equity?.[0]?.cash?.marginAvailable ?? null;
    const error = kotak.errors.find(({ path }) => path?.[1] === index) ?? null;
    return { equity, commodity: null, error };
  };

  return (
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
        {sessions.map((session) => (
          <Row key={session.account.id} session={session} funds={fundsOf(session.account.id)} />
        ))}
      </tbody>
      <Sum sessions={sessions} version={kite.accounts} />
    </table>
  );
}

interface RowProps {
  readonly session: SessionSummary;
  readonly funds: Funds | null;
}

function Row({ session, funds }: RowProps) {
  const client = useClient();
  const [problem, setProblem] = useState<string | null>(null);
  const { account, active } = session;
  const name = nameOf(session);

  // The change comes back through the live sessions, in every tab.
  const setLabel = async (form: FormData) => {
    const variables = { accountId: account.id, label: String(form.get('label')) };
    const { data, error } = await client.mutate(SetLabelDocument, variables);
    const result = data?.labelAccount;
    const message = result && result.__typename !== 'Account' ? result.message : null;
    setProblem(error ? wordsFor(error) : message);
  };

  const logOut = async () => {
    const { data, error } = await client.mutate(LogOutDocument, { accountIds: [account.id] });
    const [failure] = data?.logout?.failures ?? [];
    setProblem(error ? wordsFor(error) : (failure?.error.message ?? null));
  };

  return (
    <tr>
      <th scope="row">
        {name} <small>{session.broker === 'KITE' ? 'Kite' : 'Kotak'}</small>
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
      {active && !funds?.error ? (
        <>
          <td>{amount(funds?.equity)}</td>
          <td>{amount(funds?.commodity)}</td>
        </>
      ) : (
        <td colSpan={2}>
          {active && funds?.error ? wordsFor(funds.error) : 'The session has ended'}
        </td>
      )}
      <td>
        {active ? (
          <button type="button" onClick={logOut} aria-label={`Log out ${name}`}>
            Log out
          </button>
        ) : (
          <a href={client.loginUrl({ app: session })}>Log in again</a>
        )}
      </td>
    </tr>
  );
}

interface SumProps {
  readonly sessions: readonly SessionSummary[];
  /** Changes whenever the sum may have changed. */
  readonly version: unknown;
}

function Sum({ sessions, version }: SumProps) {
  const { data, refetch } = useQuery(FamilySumDocument);
  const summed = useRef(version);
  useEffect(() => {
    // The first sum is read already.
    if (summed.current !== version) refetch();
    summed.current = version;
  }, [version, refetch]);
  const sum = data?.combinedMargins;
  const missing = (sum?.failures ?? []).map(({ accountId, error }) => {
    const session = sessions.find(({ account }) => account.id === accountId);
    return `${session ? nameOf(session) : 'an account'} (${error.code})`;
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

function nameOf({ account, user, apiKey }: SessionSummary): string {
  return account.label ?? user?.userName ?? user?.userId ?? apiKey;
}
