// The console's work: reads sessions and funds, and follows both.
import { type Client, createClient } from '../../src/client/client.ts';
import { type SessionRowFragment, SessionsDocument } from '../generated/graphql.ts';
import type { Place } from '../place.ts';
import { type Account, accountsOf, withSessions } from './accounts.ts';
import { FundsReader } from './funds-reader.ts';
import { problemOf } from './gateway.ts';
import { type Notice, type State, Store } from './store.ts';
import { followMargins, followSessions, type MarginsStream, type Stream } from './streams.ts';
import { UserSessionsReader } from './user-sessions-reader.ts';

/** Milliseconds until something is read again after a stream has ended: no loop, whatever the gateway answers. */
const refreshPause = 5_000;

/** Runs the console. */
export class Console {
  readonly store = new Store();
  readonly place: Place;
  readonly client: Client;
  readonly funds: FundsReader;
  readonly userSessions: UserSessionsReader;
  #sessionsStream: Stream | null = null;
  #marginsStream: MarginsStream | null = null;
  #refreshTimer: ReturnType<typeof setTimeout> | undefined;
  #followTimer: ReturnType<typeof setTimeout> | undefined;
  /** For each list that is being read, what the stream has told meanwhile: it is newer than the list. */
  readonly #changes = new Set<SessionRowFragment[]>();
  #listReads = 0;
  /** The newest read whose list is shown: an earlier one that answers later changes nothing. */
  #shownList = 0;

  constructor(place: Place) {
    this.place = place;
    // Where the gateway has a list of trusted documents, it is sent their ids, and else their texts.
    const { graphql: url, isTrusted: trustedDocuments } = place;
    this.client = createClient({ url, credentials: 'same-origin', trustedDocuments });
    this.funds = new FundsReader(this.store, this.client);
    this.userSessions = new UserSessionsReader(this.store, this.client);
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
    await this.readSessions();
  }

  /** Says how the login went that led to this page, and takes it out of the address. */
  #tellLogin(): void {
    const page = new URL(location.href);
    const code = page.searchParams.get('error');
    if (code === null && !page.searchParams.has('login')) return;
    // Any link can carry the parameter: it is shown only if it is a code.
    const isCode = /^[A-Z_]{1,40}$/.test(code ?? '');
    if (code === null) this.notify({ text: 'Logged in.', tone: 'good' });
    // The user knows why.
    else if (code === 'LOGIN_CANCELLED')
      this.notify({ text: 'The login was cancelled.', tone: 'plain' });
    else if (isCode) {
      const problem = { code, message: '', retryable: false };
      this.notify({ text: 'The login failed.', tone: 'bad', problem });
    }
    page.searchParams.delete('error');
    page.searchParams.delete('login');
    history.replaceState(null, '', page);
  }

  /** Reads sessions and funds anew. */
  async refresh(): Promise<void> {
    const before = await this.#readList();
    if (before) await this.readFunds();
  }

  /** Reads the sessions anew, and the funds of accounts that are new. */
  async readSessions(): Promise<void> {
    const before = await this.#readList();
    if (before) this.#readWhatChanged(before);
  }

  /** Reads the list. @returns the accounts as they were; null where it cannot be read. */
  async #readList(): Promise<readonly Account[] | null> {
    const { returnTo } = this;
    this.#listReads += 1;
    const own = this.#listReads;
    const changes: SessionRowFragment[] = [];
    this.#changes.add(changes);
    const { data, error } = await this.client.query(SessionsDocument, { returnTo });
    this.#changes.delete(changes);
    if (own < this.#shownList) return this.store.state.accounts;
    if (!data?.sessions) {
      this.store.set({ status: 'failed', problem: error ? problemOf(error) : null });
      return null;
    }
    this.#shownList = own;
    const { apps } = data;
    const { accounts: before } = this.store.state;
    // An empty list is that of a browser which the gateway has forgotten with its last session: the ends are older.
    const isForgotten =
      data.sessions.length === 0 && changes.every(({ state }) => state !== 'ACTIVE');
    const sessions = isForgotten ? [] : withSessions(data.sessions, changes);
    const accounts = accountsOf(sessions, before);
    this.store.set({ apps, sessions, accounts, status: 'ready', problem: null });
    if (sessions.length > 0) this.#sessionsStream ??= followSessions(this);
    return before;
  }

  /** Reads the funds of active accounts, all or these, and the sums; and follows all of them. */
  async readFunds(ids?: readonly string[]): Promise<void> {
    this.#followMargins();
    await this.funds.read(ids);
  }

  /** Takes sessions as they are now. Where another account is active, or one is not any more, the rest follows. */
  takeSessions(sessions: State['sessions']): void {
    const { accounts: before } = this.store.state;
    this.store.set({ sessions, accounts: accountsOf(sessions, before) });
    this.#readWhatChanged(before);
  }

  /** Takes sessions as the stream tells of them. */
  takeChanges(changed: readonly SessionRowFragment[]): void {
    for (const changes of this.#changes) changes.push(...changed);
    this.takeSessions(withSessions(this.store.state.sessions, changed));
  }

  /** Reads only what is new: with hundreds of accounts, all of them would take minutes of the calls that a broker allows. */
  #readWhatChanged(before: readonly Account[]): void {
    const activeOf = (accounts: readonly Account[]) =>
      new Map(
        accounts.flatMap(({ id, isActive, session }) => (isActive ? [[session.id, id]] : [])),
      );
    const [was, is] = [activeOf(before), activeOf(this.store.state.accounts)];
    const added = [...is].flatMap(([session, id]) => (was.has(session) ? [] : [id]));
    const isFewer = [...was.keys()].some((session) => !is.has(session));
    if (added.length > 0) void this.readFunds(added);
    else if (isFewer) this.funds.readSumsSoon();
  }

  #followMargins(): void {
    clearTimeout(this.#followTimer);
    const followed = this.store.state.accounts.filter(
      (each) => each.isActive && each.broker === 'KITE',
    );
    // Accounts that have ended leave the stream by themselves.
    const known = this.#marginsStream?.sessionIds;
    if (known && followed.every(({ session }) => known.has(session.id))) return;
    const before = this.#marginsStream;
    this.#marginsStream = followed.length === 0 ? null : followMargins(this, followed);
    before?.end();
    if (!this.#marginsStream) {
      this.store.set({ marginsStream: { status: 'off', since: Date.now() } });
    }
  }

  /** Forgets a stream that ended by itself, so that it can be followed again. */
  forget(stream: Stream): void {
    if (this.#sessionsStream === stream) {
      this.#sessionsStream = null;
      clearTimeout(this.#refreshTimer);
      this.#refreshTimer = setTimeout(() => void this.refresh(), refreshPause);
    }
    if (this.#marginsStream === stream) {
      this.#marginsStream = null;
      this.#followTimer = setTimeout(() => this.#followMargins(), refreshPause);
    }
  }

  /** Says something in the line below the head. */
  notify(notice: Notice | null): void {
    this.store.set({ notice });
  }
}
