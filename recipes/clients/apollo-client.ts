// Apollo Client: typed documents, partial answers, @defer.
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache } from '@apollo/client';
import { Defer20220824Handler } from '@apollo/client/incremental';
import type { Caller } from './caller.ts';
import { linesOf } from './lines.ts';
import { Funds, FundsAsTheyCome } from './operations.ts';

/** A client of the gateway. */
export function createClient({ url, ...request }: Caller) {
  return new ApolloClient({
    link: new HttpLink({ uri: url, ...request }),
    cache: new InMemoryCache(),
    // The format in which the gateway sends the parts of @defer.
    incrementalHandler: new Defer20220824Handler(),
  });
}

/** The funds of every account, at once. */
export async function readFunds(caller: Caller): Promise<string[]> {
  // `all` keeps the accounts that did not fail.
  const { data, error } = await createClient(caller).query({ query: Funds, errorPolicy: 'all' });
  return linesOf(data?.accounts, errorsIn(error));
}

/** The funds of every account as they arrive. */
export function followFunds(caller: Caller, show: (lines: string[]) => void): Promise<void> {
  return new Promise((resolve) => {
    const funds = createClient(caller).watchQuery({ query: FundsAsTheyCome, errorPolicy: 'all' });
    const subscription = funds.subscribe(({ data, dataState, error }) => {
      show(linesOf(data?.accounts, errorsIn(error)));
      if (dataState !== 'complete') return;
      subscription.unsubscribe();
      resolve();
    });
  });
}

function errorsIn(error: unknown) {
  if (CombinedGraphQLErrors.is(error)) return error.errors;
  // The network, or an answer that is not GraphQL.
  if (error) throw error;
  return [];
}
