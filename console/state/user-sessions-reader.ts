// Reads the sessions of this browser's users in other browsers.
import type { Client } from '../../src/client/client.ts';
import { UserSessionsDocument } from '../generated/graphql.ts';
import { problemOf } from './gateway.ts';
import type { Store } from './store.ts';

/** Milliseconds for which the list is good enough for the next account that is opened: it is that of all accounts. */
const goodFor = 15_000;

/** Milliseconds from a change to the read of the list. */
const soon = 1_500;

/** Reads into the store. */
export class UserSessionsReader {
  readonly #store: Store;
  readonly #client: Client;
  #reads = 0;
  #readAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store, client: Client) {
    this.#store = store;
    this.#client = client;
  }

  /** Reads them, unless that was done just now. */
  async readIfOld(): Promise<void> {
    const { userSessionsStatus: status } = this.#store.state;
    if (status === 'loading' || (status === 'ready' && Date.now() - this.#readAt < goodFor)) return;
    await this.read();
  }

  /** Reads them again soon where they are shown: once for many changes. */
  readSoon(): void {
    if (this.#timer !== undefined || this.#store.state.userSessionsStatus === 'idle') return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.read();
    }, soon);
  }

  /** Reads them. */
  async read(): Promise<void> {
    this.#reads += 1;
    const own = this.#reads;
    this.#store.set({ userSessionsStatus: 'loading' });
    const { data, error } = await this.#client.query(UserSessionsDocument, {});
    if (own !== this.#reads) return;
    const userSessionsProblem = error ? problemOf(error) : null;
    if (data?.sessions) {
      this.#readAt = Date.now();
      const userSessions = data.sessions;
      this.#store.set({ userSessions, userSessionsStatus: 'ready', userSessionsProblem });
    } else this.#store.set({ userSessionsStatus: 'failed', userSessionsProblem });
  }
}
