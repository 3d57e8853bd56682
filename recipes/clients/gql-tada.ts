// gql.tada: types from the text of a document, without a generator of operations; here with urql.
import { initGraphQLTada, type ResultOf } from 'gql.tada';
import type { Caller } from './caller.ts';
import type { introspection } from './generated/gql-tada.d.ts';
import { linesOf } from './lines.ts';
import { createClient } from './urql.ts';

const graphql = initGraphQLTada<{ introspection: introspection; scalars: { DateTime: string } }>();

/** The query, whose type the compiler reads from its text. */
export const Funds = graphql(`
  query Funds {
    accounts {
      id
      user { id userName }
      margins { id equity { id net asOf } }
    }
  }
`);

/** The account of an answer. */
export type Account = NonNullable<NonNullable<ResultOf<typeof Funds>['accounts']>[number]>;

/** The funds of every account, at once. */
export async function readFunds(caller: Caller): Promise<string[]> {
  const { data, error } = await createClient(caller).query(Funds, {}).toPromise();
  if (error?.networkError) throw error.networkError;
  return linesOf(data?.accounts, error?.graphQLErrors);
}
