// urql with Graphcache: typed documents, partial answers, @defer, live margins.
import { Client, type CombinedError, fetchExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import type { Caller } from './caller.ts';
import { linesOf } from './lines.ts';
import { Funds, FundsAsTheyCome, LiveFunds } from './operations.ts';

/** A client of the gateway. */
export function createClient({ url, ...fetchOptions }: Caller): Client {
  return new Client({
    url,
    fetchOptions,
    // The cookie works only with POST.
    preferGetMethod: false,
    // Subscriptions over server-sent events.
    fetchSubscriptions: true,
    exchanges: [
      // These two types have no id of their own.
      cacheExchange({ keys: { AccountFailure: () => null, UserMeta: () => null } }),
      fetchExchange,
    ],
  });
}

/** The funds of every account, at once. */
export async function readFunds(caller: Caller): Promise<string[]> {
  const { data, error } = await createClient(caller).query(Funds, {}).toPromise();
  return linesOf(data?.accounts, errorsIn(error));
}

/** The funds of every account as they arrive. */
export function followFunds(caller: Caller, show: (lines: string[]) => void): Promise<void> {
  return new Promise((resolve) => {
    const funds = createClient(caller).query(FundsAsTheyCome, {});
    funds.subscribe(({ data, error, hasNext }) => {
      show(linesOf(data?.accounts, errorsIn(error)));
      if (!hasNext) resolve();
    });
  });
}

/** Every change of the margins, until the caller leaves. */
export function followMargins(caller: Caller, show: (net: number) => void) {
  return createClient(caller)
    .subscription(LiveFunds, {})
    .subscribe(({ data }) => {
      const net = data?.marginsChanged.margins?.equity?.net;
      if (net !== undefined) show(net);
    });
}

function errorsIn(error: CombinedError | undefined) {
  if (error?.networkError) throw error.networkError;
  return error?.graphQLErrors;
}
