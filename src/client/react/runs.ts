// What the hooks run: a query, a subscription, the sessions of this browser, and live margins.
import type { Client, QueryOptions, Result } from '../client.ts';
import type { ClientError } from '../errors.ts';
import {
  type LiveSegment,
  liveMarginsDocument,
  type MarginsEvent,
  type MarginsVariables,
  type SessionSummary,
  sessionsChangedDocument,
} from '../queries.ts';
import type { Run } from './shared.ts';

/** What a query has come to so far. */
export interface QueryState<Data> {
  /** What has been read; null before. It stays while the query is sent again, also if that fails. */
  readonly data: Data | null;
  /** The first of `errors`. */
  readonly error: ClientError | null;
  readonly errors: readonly ClientError[];
  /** Whether an answer, or a part of it, is still to come. */
  readonly isLoading: boolean;
}

/** How a query runs. */
export interface QueryRunOptions extends Pick<QueryOptions, 'maxAge'> {
  /** Whether to show the parts of a query with `@defer` as they arrive. */
  readonly parts?: boolean;
}

/** Sends a query. */
export async function runQuery<Data>(
  client: Client,
  document: unknown,
  variables: unknown,
  { parts, ...options }: QueryRunOptions,
  { signal, get, set }: Run<QueryState<Data>>,
): Promise<void> {
  const isFirst = get().data === null;
  if (!get().isLoading) set({ isLoading: true });
  const show = (result: Result<Data>, isLoading: boolean) => {
    const { data, error, errors } = result;
    set({ data: data ?? get().data, error, errors, isLoading });
  };
  const request = { ...options, signal };
  if (!parts) return show(await client.query<Data>(document as string, variables, request), false);
  for await (const result of client.parts<Data>(document as string, variables, request)) {
    // What is shown already does not shrink to the first part of the next answer.
    if (isFirst || !result.hasNext) show(result, result.hasNext);
  }
}

/** What a subscription has sent last. */
export interface SubscriptionState<Data> {
  /** The newest event; null before the first. */
  readonly data: Data | null;
  /** What failed in that event, or why the stream broke off. */
  readonly error: ClientError | null;
  /** Whether the stream is open. If not, `data` may be old. */
  readonly isLive: boolean;
}

/** Follows a stream. @param onEvent is told of each event; @param onReconnect of each new beginning. */
async function follow<Data, State extends { error: ClientError | null; isLive: boolean }>(
  client: Client,
  document: unknown,
  variables: unknown,
  { signal, set }: Run<State>,
  onEvent: (event: Result<Data>) => void,
  onReconnect: () => void = () => {},
): Promise<void> {
  const setLive = (isLive: boolean, error: ClientError | null) =>
    set({ isLive, error } as Partial<State>);
  const events = client.subscribe<Data>(document as string, variables, {
    signal,
    onDisconnect: ({ error }) => setLive(false, error),
    onReconnect,
  });
  for await (const event of events) {
    setLive(event.data !== null, event.data === null ? event.error : null);
    onEvent(event);
  }
  set({ isLive: false } as Partial<State>);
}

/** Follows a subscription, and shows its newest event. */
export function runSubscription<Data>(
  client: Client,
  document: unknown,
  variables: unknown,
  run: Run<SubscriptionState<Data>>,
): Promise<void> {
  return follow<Data, SubscriptionState<Data>>(client, document, variables, run, (event) => {
    if (event.data !== null) run.set({ data: event.data, error: event.error });
  });
}

/** The sessions of this browser, as they are. */
export interface SessionsState {
  /** The newest first, ended ones included; null before they are read. */
  readonly sessions: readonly SessionSummary[] | null;
  readonly error: ClientError | null;
  /** Whether changes are shown as they happen. */
  readonly isLive: boolean;
}

/** Reads the sessions, and follows their changes where there are some: the gateway refuses to follow none. */
export async function runSessions(client: Client, run: Run<SessionsState>): Promise<void> {
  const { signal, get, set } = run;
  /** What the stream has told since the list was asked for again: it is newer than the list. */
  let changes: SessionSummary[] = [];
  const read = async () => {
    changes = [];
    const { data, error } = await client.sessions({ signal });
    if (data !== null) set({ sessions: changes.reduce(withSession, data), error: null });
    else set({ error });
  };
  await read();
  if (signal.aborted || get().sessions?.length === 0) return;
  await follow<{ sessionsChanged: { session: SessionSummary } }, SessionsState>(
    client,
    sessionsChangedDocument,
    {},
    run,
    ({ data, error }) => {
      // The last session has ended meanwhile, and that is no error.
      if (error?.code === 'UNAUTHENTICATED') set({ error: null });
      if (data === null) return;
      const { session } = data.sessionsChanged;
      changes.push(session);
      const { sessions } = get();
      if (sessions !== null) set({ sessions: withSession(sessions, session) });
    },
    () => void read(),
  );
  // The stream ends when the last session does: what is listed now is the end of them.
  if (!signal.aborted && get().sessions?.some(({ active }) => active)) await read();
}

function withSession(
  sessions: readonly SessionSummary[],
  session: SessionSummary,
): readonly SessionSummary[] {
  const isKnown = sessions.some(({ id }) => id === session.id);
  return isKnown
    ? sessions.map((each) => (each.id === session.id ? session : each))
    : [session, ...sessions];
}

/** The margins of an account, as last told. */
export interface LiveMargins {
  readonly accountId: string;
  /** Null before the first answer, and if the broker leaves the segment out. `asOf` says from when it is. */
  readonly equity: LiveSegment | null;
  readonly commodity: LiveSegment | null;
  /** Why the newest poll failed: the segments are those of the last one that did not. Null if it did not fail. */
  readonly error: ClientError | null;
}

/** The margins of all followed accounts. */
export interface LiveMarginsState {
  /** By the id of the account. */
  readonly accounts: ReadonlyMap<string, LiveMargins>;
  /** Why the stream was refused or broke off. */
  readonly error: ClientError | null;
  /** Whether the stream is open. If not, all margins may be old. */
  readonly isLive: boolean;
}

/** Follows the margins of accounts. */
export function runLiveMargins(
  client: Client,
  variables: MarginsVariables,
  run: Run<LiveMarginsState>,
): Promise<void> {
  return follow<MarginsEvent, LiveMarginsState>(
    client,
    liveMarginsDocument,
    variables,
    run,
    ({ data, error }) => {
      if (data === null) return;
      const { account, margins } = data.marginsChanged;
      const { accounts } = run.get();
      const last = error === null ? undefined : accounts.get(account.id);
      const equity = margins?.equity ?? last?.equity ?? null;
      const commodity = margins?.commodity ?? last?.commodity ?? null;
      const now = { accountId: account.id, equity, commodity, error };
      run.set({ accounts: new Map(accounts).set(account.id, now) });
    },
  );
}
