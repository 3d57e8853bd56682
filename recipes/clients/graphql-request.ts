// graphql-request: typed documents and partial answers. It has no @defer and no subscriptions: graphql-sse has.
import { print } from 'graphql';
import { GraphQLClient } from 'graphql-request';
import type { Caller } from './caller.ts';
import type { FundsQuery } from './generated/graphql.ts';
import { linesOf } from './lines.ts';
import { Funds } from './operations.ts';

/** A client of the gateway. */
export function createClient({ url, ...request }: Caller): GraphQLClient {
  // `all` keeps the accounts that did not fail.
  return new GraphQLClient(url, { ...request, errorPolicy: 'all' });
}

/** The funds of every account, at once. */
export async function readFunds(caller: Caller): Promise<string[]> {
  // `request(Funds)` is shorter, and leaves the errors of single accounts out.
  const { data, errors } = await createClient(caller).rawRequest<FundsQuery>(print(Funds));
  return linesOf(data?.accounts, errors);
}
