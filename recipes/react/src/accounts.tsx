// The accounts of this browser: the funds of each, or a link to log in again.
import { CombinedGraphQLErrors } from '@apollo/client';
import { useQuery } from '@apollo/client/react';
import { graphql } from './generated/index.ts';

const PageFunds = graphql(`
  query PageFunds($here: String!) {
    apps { id name apiKey loginUrl(returnTo: $here) }
    accounts { id user { id userName } margins { id equity { id net } } }
  }
`);

const here = location.origin + location.pathname;
const rupees = new Intl.NumberFormat('en-IN', { style: 'currency', currency: 'INR' });

export function Accounts() {
  // `all` keeps the accounts that did not fail.
  const { data, error, loading, refetch } = useQuery(PageFunds, {
    variables: { here },
    errorPolicy: 'all',
  });
  if (loading) return <p>Loading</p>;
  // No connection, or an answer that is not GraphQL.
  if (error && !CombinedGraphQLErrors.is(error)) return <p role="alert">{error.message}</p>;
  const failures = error?.errors ?? [];
  /** Why an account, by its place in the list, is not complete. */
  const failureOf = (index: number) =>
    failures.find(({ path }) => path?.[0] === 'accounts' && path[1] === index);

  return (
    <main>
      <h1>Accounts</h1>
      <ul>
        {data?.accounts?.map((account, index) => {
          // Each item is an account, or null where the gateway could not read it.
          const failure = failureOf(index);
          const login = failure?.extensions?.loginUrl;
          const net = account?.margins?.equity?.net;
          return (
            <li key={account?.id ?? index}>
              {account?.user?.userName ?? 'An account'}:{' '}
              {typeof net === 'number' ? rupees.format(net) : failure?.message}{' '}
              {typeof login === 'string' && (
                <a href={`${login}&returnTo=${encodeURIComponent(here)}`}>Log in again</a>
              )}
            </li>
          );
        })}
      </ul>
      {data?.apps?.map(({ id, name, apiKey, loginUrl }) => (
        <p key={id}>
          <a href={loginUrl}>Log in with {name ?? apiKey}</a>
        </p>
      ))}
      <button type="button" onClick={() => refetch()}>
        Read again
      </button>
    </main>
  );
}
