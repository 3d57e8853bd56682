// Hooks for React 18 and later: sessions, accounts, live margins, and queries and subscriptions of your own.
'use client';
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useContext,
  useMemo,
  useSyncExternalStore,
} from 'react';
import type { Client, Rest } from '../client.ts';
import { type GraphqlDocument, readDocument } from '../documents.ts';
import { type AccountSummary, accountsDocument, type MarginsVariables } from '../queries.ts';
import {
  type LiveMarginsState,
  type QueryRunOptions,
  type QueryState,
  runLiveMargins,
  runQuery,
  runSessions,
  runSubscription,
  type SessionsState,
  type SubscriptionState,
} from './runs.ts';
import { type Run, share } from './shared.ts';

export type { AccountSummary, LiveSegment, SessionSummary } from '../queries.ts';
export type {
  LiveMargins,
  LiveMarginsState,
  QueryState,
  SessionsState,
  SubscriptionState,
} from './runs.ts';

const ClientContext = /* @__PURE__ */ createContext<Client | null>(null);

/**
 * Gives a client to the hooks below it. Make the client once, outside of components.
 * @example
 * <ClientProvider client={client}><App /></ClientProvider>
 */
export function ClientProvider(props: {
  readonly client: Client;
  readonly children?: ReactNode;
}): ReactElement {
  return createElement(ClientContext.Provider, { value: props.client }, props.children);
}

/** The client of the provider. @throws Error outside of a ClientProvider. */
export function useClient(): Client {
  const client = useContext(ClientContext);
  if (client === null)
    throw new Error('Put a <ClientProvider client={client}> around this component.');
  return client;
}

/** Makes the same query or stream again. */
interface Restart {
  /** Asks again. What is shown stays until the answer arrives. */
  readonly refetch: () => void;
}

function useShared<State extends object>(
  what: readonly unknown[] | null,
  initial: State,
  run: (client: Client, context: Run<State>) => Promise<void>,
): State & Restart {
  const client = useClient();
  const key = JSON.stringify(what);
  // The key has everything that a run depends on.
  const shared = useMemo(
    () =>
      what === null
        ? { get: () => initial, subscribe: () => () => {}, restart: () => {} }
        : share(client, key, initial, (context) => run(client, context)),
    [client, key],
  );
  const state = useSyncExternalStore(shared.subscribe, shared.get, () => initial);
  return useMemo(() => ({ ...state, refetch: shared.restart }), [state, shared]);
}

const loading = { data: null, error: null, errors: [], isLoading: true } as const;
const skipped = { ...loading, isLoading: false } as const;
const notLive = { error: null, isLive: false } as const;
const nothingYet = { data: null, ...notLive };

/** How `useQuery` sends a query. */
export interface UseQueryOptions extends QueryRunOptions {
  /** Sends nothing while it is true. */
  readonly skip?: boolean;
}

/**
 * Sends a query when the component is mounted, and when its variables change. Equal queries that are mounted at the same
 * time are sent once; the last one that is unmounted cancels it.
 * @example
 * const { data, error, isLoading, refetch } = useQuery(fundsDocument, { id }, { parts: true });
 */
export function useQuery<Data = unknown, Variables = unknown>(
  document: GraphqlDocument<Data, Variables>,
  ...[variables, options = {}]: Rest<Variables, UseQueryOptions>
): QueryState<Data> & Restart {
  const { skip = false, ...others } = options;
  const sent = readDocument(document);
  return useShared<QueryState<Data>>(
    skip ? null : ['query', sent, variables, others],
    skip ? skipped : loading,
    (client, run) => runQuery(client, document, variables, others, run),
  );
}

/**
 * Follows a subscription while the component is mounted, and gives its newest event. Equal subscriptions share one
 * stream. A stream that breaks off is opened again.
 */
export function useSubscription<Data = unknown, Variables = unknown>(
  document: GraphqlDocument<Data, Variables>,
  ...[variables]: Rest<Variables, never>
): SubscriptionState<Data> {
  return useShared<SubscriptionState<Data>>(
    ['subscription', readDocument(document), variables],
    nothingYet,
    (client, run) => runSubscription(client, document, variables, run),
  );
}

const noSessions: SessionsState = { sessions: null, ...notLive };

/**
 * The sessions of this browser, live: a login, a logout or an expiry in any tab is shown as it happens. After a first
 * login call `refetch`, or load the page again, as the login does: a browser without sessions has nothing to follow.
 */
export function useSessions(): SessionsState & Restart {
  return useShared(['sessions'], noSessions, runSessions);
}

/** The accounts of this browser: those of active and expired sessions. Makes no call to a broker. */
export function useAccounts(): Omit<QueryState<never>, 'data'> &
  Restart & { readonly accounts: readonly AccountSummary[] | null } {
  const { data, ...others } = useQuery(accountsDocument);
  const accounts = useMemo(() => data?.accounts?.filter((each) => each !== null) ?? null, [data]);
  return { ...others, accounts };
}

const noMargins: LiveMarginsState = { accounts: new Map(), ...notLive };

/** Which margins `useLiveMargins` follows: of which accounts, by default all, and the seconds between polls, by default 5. */
export interface UseLiveMarginsOptions extends MarginsVariables {
  /** Opens no stream while it is true: the gateway refuses one where no account is logged in. */
  readonly skip?: boolean;
}

/**
 * The margins of the accounts, live. An account whose poll fails keeps its last margins, beside the error. An empty list
 * of accounts opens no stream.
 * @example
 * const { accounts, isLive } = useLiveMargins({ everySeconds: 5, skip: !hasActiveSession });
 */
export function useLiveMargins(options: UseLiveMarginsOptions = {}): LiveMarginsState & Restart {
  const { skip = false, ...variables } = options;
  const isIdle = skip || variables.accountIds?.length === 0;
  return useShared(isIdle ? null : ['margins', variables], noMargins, (client, run) =>
    runLiveMargins(client, variables, run),
  );
}
