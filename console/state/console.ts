// The console's work: reads sessions and funds, follows both, and does what the user asks.
import { type Client, createClient } from '../../src/client/client.ts';
import {
  EndSessionsDocument,
  LabelAccountDocument,
  LogOutDocument,
  type SessionRowFragment,
  SessionsDocument,
  UserSessionsDocument,
} from '../generated/graphql.ts';
import type { Place } from '../place.ts';
import { type Account, accountsOf, listOf, withSession } from './accounts.ts';
import { FundsReader } from './funds-reader.ts';
import { type Problem, problemOf } from './gateway.ts';
import { type Notice, type State, Store } from './store.ts';
import { followMargins, followSessions, type Stream } from './streams.ts';

/** Milliseconds until everything is read again after a stream has ended: no loop, whatever the gateway answers. */
const refreshPause = 5_000;

/** Runs the console. */
export class Console {
  readonly store = new Store();
  readonly place: Place;
  readonly client: Client;
  readonly funds: FundsReader;
  #sessionsStream: Stream | null = null;
  #marginsStream: Stream | null = null;
  #refreshTimer: ReturnType<typeof setTimeout> | undefined;
  /** What the stream has told since the list was asked for: it is newer than the list. */
  #changes: SessionRowFragment[] = [];
  #userSessionsRead = 0;

  constructor(place: Place) {
    this.place = place;
    // Where the gateway has a list of trusted documents, it is sent their ids, and else their texts.
    const { graphql: url, isTrusted: trustedDocuments } = place;
    this.client = createClient({ url, credentials: 'same-origin', trustedDocuments });
    this.funds = new FundsReader(this.store, this.client);
  }

  /** Where logins come back to. */
  get returnTo(): string {
    return `${this.place.home}?login=done`;
  }

  /** Reads everything, and follows it from then on. */
  async start(): Promise<void> {
    this.store.set({ isOnline: navigator.onLine });
    const onLine = () => this.store.set({ isOnline: navigator.onLine });
    addEventListener('offline', onLine);
    addEventListener('online', () => {
      onLine();
      void this.refresh();
    });
    document.addEventListener('visibilitychange', () => {
      // Without a session there is no stream that would tell of a login in another tab.
      if (!document.hidden && this.store.state.sessionsStream.status === 'off') void this.refresh();
    });
    this.#tellLogin();
    await this.refresh();
  }

  /** Says how the login went that led to this page, and takes it out of the address. */
  #tellLogin(): void {
    const page = new URL(location.href);
    const code = page.searchParams.get('error');
    if (code === null && !page.searchParams.has('login')) return;
    // Any link can carry the parameter: it is shown only if it is a code.
    const isCode = /^[A-Z_]{1,40}$/.test(code ?? '');
    if (code === null) this.notify({ text: 'Logged in.', tone: 'good' });
    else if (isCode) {
      const text = code === 'LOGIN_CANCELLED' ? 'The login was cancelled.' : 'The login failed.';
      this.notify({ text, tone: 'bad', problem: { code, message: '', retryable: false } });
    }
    page.searchParams.delete('error');
    page.searchParams.delete('login');
    history.replaceState(null, '', page);
  }

  /** Reads everything anew after a pause. */
  refreshLater(): void {
    clearTimeout(this.#refreshTimer);
    this.#refreshTimer = setTimeout(() => void this.refresh(), refreshPause);
  }

  /** Reads sessions and funds anew. */
  async refresh(): Promise<void> {
    const { returnTo } = this;
    this.#changes = [];
    const { data, error } = await this.client.query(SessionsDocument, { returnTo });
    if (!data?.sessions) {
      const problem = error ? problemOf(error) : null;
      return this.store.set({ status: 'failed', problem });
    }
    const { apps } = data;
    const sessions = this.#changes.reduce(withSession, data.sessions);
    const accounts = accountsOf(sessions, this.store.state.accounts);
    this.store.set({ apps, sessions, accounts, status: 'ready', problem: null });
    if (sessions.length > 0) this.#sessionsStream ??= followSessions(this);
    await this.readFunds();
  }

  /** Reads the funds of every active account and the sums, and follows them. */
  async readFunds(): Promise<void> {
    this.#followMargins();
    await this.funds.read();
  }

  /** Takes sessions as they are now. Where another account is active, or one is not any more, the rest follows. */
  takeSessions(sessions: State['sessions']): void {
    const { accounts: before } = this.store.state;
    const accounts = accountsOf(sessions, before);
    this.store.set({ sessions, accounts });
    const activeIn = (list: readonly Account[]) =>
      list
        .filter(({ isActive }) => isActive)
        .map(({ session }) => session.id)
        .toSorted()
        .join();
    if (activeIn(before) !== activeIn(accounts)) void this.readFunds();
  }

  /** Takes a session as the stream tells of it. */
  takeSession(session: SessionRowFragment): void {
    this.#changes.push(session);
    this.takeSessions(withSession(this.store.state.sessions, session));
  }

  #followMargins(): void {
    const { accounts } = this.store.state;
    const ids = accounts.filter((each) => each.isActive && each.broker === 'KITE');
    const followed = ids.map(({ id, session }) => `${id} ${session.id}`).join();
    if (this.#marginsStream?.followed === followed) return;
    this.#marginsStream?.end();
    this.#marginsStream =
      ids.length === 0
        ? null
        : followMargins(
            this,
            ids.map(({ id }) => id),
            followed,
          );
    if (ids.length === 0) this.store.set({ marginsStream: { status: 'off', since: Date.now() } });
  }

  /** Forgets a stream that ended by itself, so that it can be followed again. */
  forget(stream: Stream): void {
    if (this.#sessionsStream === stream) this.#sessionsStream = null;
    if (this.#marginsStream === stream) this.#marginsStream = null;
  }

  /** Says something in the line below the head. */
  notify(notice: Notice | null): void {
    this.store.set({ notice });
  }

  /** Does something, and knows meanwhile that it is being done. */
  async #while<T>(what: readonly string[], work: () => Promise<T>): Promise<T> {
    const change = (add: boolean) => {
      const busy = new Set(this.store.state.busy);
      for (const each of what) {
        if (add) busy.add(each);
        else busy.delete(each);
      }
      this.store.set({ busy });
    };
    change(true);
    try {
      return await work();
    } finally {
      change(false);
    }
  }

  /** Logs accounts out, at their brokers too, and names those that a broker has not confirmed. */
  logOut(accounts: readonly Account[]): Promise<void> {
    const accountIds = accounts.map(({ id }) => id);
    const what = accountIds.map((id) => `logout:${id}`);
    return this.#while(what, async () => {
      const { data, error } = await this.client.mutate(LogOutDocument, { accountIds });
      const failures = data?.logout?.failures ?? [];
      const problem = failures[0]?.error ?? (error ? problemOf(error) : undefined);
      const failed = accounts.filter(({ id }) => failures.some((each) => each.accountId === id));
      const [only] = accounts;
      const accountId = accounts.length === 1 ? only?.id : undefined;
      if (failed.length > 0) {
        const text = `The broker has not confirmed the logout of ${listOf(failed)}. The gateway goes on trying.`;
        this.notify({ text, tone: 'bad', problem });
      } else if (problem) {
        const text = `The gateway has not confirmed the logout of ${listOf(accounts)}.`;
        this.notify({ text, tone: 'bad', problem });
      } else
        this.notify({
          text: `${listOf(accounts)} ${accounts.length === 1 ? 'is' : 'are'} logged out.`,
          tone: 'good',
          accountId,
        });
      await this.refresh();
    });
  }

  /** Gives an account a label; an empty one takes it away. @returns what is wrong with it. */
  async label(accountId: string, label: string): Promise<Problem | null> {
    const { data, error } = await this.client.mutate(LabelAccountDocument, { accountId, label });
    const result = data?.labelAccount;
    if (!result) return error ? problemOf(error) : null;
    if (result.__typename !== 'Account') return result;
    const sessions = this.store.state.sessions.map((session) =>
      session.account.id === accountId ? { ...session, account: result } : session,
    );
    this.takeSessions(sessions);
    return null;
  }

  /** Reads the sessions of this browser's users in other browsers. */
  async readUserSessions(): Promise<void> {
    this.#userSessionsRead += 1;
    const own = this.#userSessionsRead;
    this.store.set({ userSessionsStatus: 'loading' });
    const { data, error } = await this.client.query(UserSessionsDocument, {});
    if (own !== this.#userSessionsRead) return;
    const userSessionsProblem = error ? problemOf(error) : null;
    if (data?.sessions) {
      const userSessions = data.sessions;
      this.store.set({ userSessions, userSessionsStatus: 'ready', userSessionsProblem });
    } else this.store.set({ userSessionsStatus: 'failed', userSessionsProblem });
  }

  /** Ends sessions in other browsers, at the broker too. */
  endSessions(ids: readonly string[]): Promise<void> {
    return this.#while(['end'], async () => {
      const { data, error } = await this.client.mutate(EndSessionsDocument, { ids: [...ids] });
      const failed = data?.revokeSessions?.failures[0]?.error;
      const problem = failed ?? (error && problemOf(error));
      const count = data?.revokeSessions?.revoked.length ?? 0;
      const ended = count === 1 ? 'The session is ended.' : `${count} sessions are ended.`;
      this.notify(
        problem
          ? { text: 'A session could not be ended.', tone: 'bad', problem }
          : { text: ended, tone: 'good' },
      );
      await this.readUserSessions();
    });
  }
}
