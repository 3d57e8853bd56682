// TanStack Query: options for `useQuery`, with retries as the gateway advises, and live margins over server-sent events.
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import {
  QueryClient,
  QueryObserver,
  experimental_streamedQuery as streamedQuery,
} from '@tanstack/query-core';
import { type GraphQLError, print } from 'graphql';
import { createClient } from 'graphql-sse';
import type { ErrorExtensions } from 'kite-graphql';
import type { Caller } from './caller.ts';
import type { LiveFundsSubscription } from './generated/graphql.ts';
import { linesOf } from './lines.ts';
import { Funds, LiveFunds } from './operations.ts';

/** A request that was refused as a whole. A failed field is in the data instead. */
export class RequestRefused extends Error {
  readonly extensions: ErrorExtensions;
  constructor({ message, extensions }: { message: string; extensions: ErrorExtensions }) {
    super(message);
    this.extensions = extensions;
  }
}

/** Executes a typed document. */
async function execute<Data, Variables>(
  { url, headers, ...request }: Caller,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  signal: AbortSignal,
): Promise<{ data: Data; errors?: readonly GraphQLError[] }> {
  const response = await fetch(url, {
    ...request,
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ query: print(document), variables }),
    signal,
  });
  const answer = await response.json();
  if (!answer.data) throw new RequestRefused(answer.errors[0]);
  return answer;
}

/** `useQuery(fundsOptions(page))`: the lines of the page. */
export const fundsOptions = (caller: Caller) => ({
  queryKey: ['funds', caller.url],
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const { data, errors } = await execute(caller, Funds, {}, signal);
    return linesOf(data.accounts, errors);
  },
  retry: (count: number, error: Error) =>
    count < 3 && error instanceof RequestRefused && error.extensions.retryable,
  retryDelay: (_count: number, error: Error) =>
    1_000 * ((error instanceof RequestRefused && error.extensions.retryAfterSeconds) || 1),
});

/** `useQuery(liveOptions(page))`: the last net of the equity segment, as it changes. */
export const liveOptions = ({ url, ...request }: Caller) => ({
  queryKey: ['live funds', url],
  queryFn: streamedQuery({
    streamFn: ({ signal }) => {
      const client = createClient({ url, ...request });
      signal.addEventListener('abort', () => client.dispose());
      return client.iterate<LiveFundsSubscription>({ query: print(LiveFunds) });
    },
    reducer: (last: number | null, { data }) => data?.marginsChanged.margins?.equity?.net ?? last,
    initialValue: null,
  }),
});

/** Outside of components: the funds of every account, at once. */
export function readFunds(caller: Caller): Promise<string[]> {
  return new QueryClient().fetchQuery(fundsOptions(caller));
}

/** Outside of components: every change of the margins, until the caller leaves. */
export function followMargins(caller: Caller, show: (net: number) => void) {
  const observer = new QueryObserver(new QueryClient(), liveOptions(caller));
  const unsubscribe = observer.subscribe(({ data }) => {
    if (typeof data === 'number') show(data);
  });
  return { unsubscribe };
}
