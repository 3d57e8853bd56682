// The one watcher of a keyring, however many streams follow it: it reads the keyring when it is told of a write, now and
// then in case a notice was lost, and when a session is about to expire.
import type { Clock } from '../../brokers/upstream/clock.ts';
import type { ReadKeyring } from '../keyring.ts';
import type { SessionRecord } from '../session-record.ts';
import { type KeyringNotices, KeyringStoreError } from '../stores/store.ts';
import type { SessionTimes } from './told-sessions.ts';

/** What watchers share. */
export interface WatcherServices {
  /** Reads a keyring by its id; null where it is gone. @throws KeyringStoreError */
  readonly read: (keyringId: string, last: ReadKeyring | null) => Promise<ReadKeyring | null>;
  readonly notices: KeyringNotices;
  readonly clock: Clock;
  readonly times: SessionTimes;
  /** The longest pause between two reads. */
  readonly checkMilliseconds: number;
}

/** Watches a keyring while it has listeners. */
export class KeyringWatcher {
  readonly #keyringId: string;
  readonly #services: WatcherServices;
  readonly #onOver: () => void;
  readonly #listeners = new Set<() => void>();
  readonly #over = new AbortController();
  #streams = 0;
  readonly #leave: () => void;
  #rest = new AbortController();
  #isNoticed = false;
  #last: ReadKeyring | null = null;
  #sessions: readonly SessionRecord[] | null;
  #failure: unknown = null;

  /**
   * @param sessions what is known of the keyring already.
   * @param onOver called once, when it watches no more.
   */
  constructor(
    keyringId: string,
    sessions: readonly SessionRecord[],
    services: WatcherServices,
    onOver: () => void,
  ) {
    this.#keyringId = keyringId;
    this.#services = services;
    this.#onOver = onOver;
    this.#sessions = sessions;
    this.#leave = services.notices.watch(keyringId, () => {
      this.#isNoticed = true;
      this.#rest.abort();
    });
    void this.#run();
  }

  /** The sessions as they were last read; null once the keyring is gone. @throws what the gateway did not expect. */
  get sessions(): readonly SessionRecord[] | null {
    if (this.#failure !== null) throw this.#failure;
    return this.#sessions;
  }

  /** How many streams follow it. */
  get streams(): number {
    return this.#streams;
  }

  /**
   * Adds a listener, which is called after each read; gives the way to stop.
   * @param isStream whether it counts as one of the browser's streams.
   */
  join(listener: () => void, isStream = true): () => void {
    this.#listeners.add(listener);
    if (isStream) this.#streams += 1;
    return () => {
      if (!this.#listeners.delete(listener)) return;
      if (isStream) this.#streams -= 1;
      if (this.#listeners.size === 0) this.#end();
    };
  }

  async #run(): Promise<void> {
    const { clock } = this.#services;
    while (!this.#over.signal.aborted) {
      this.#isNoticed = false;
      await this.#read();
      for (const listener of [...this.#listeners]) listener();
      if (this.#isNoticed || this.#over.signal.aborted) continue;
      this.#rest = new AbortController();
      await clock.wait(this.#pause(), this.#rest.signal);
    }
  }

  async #read(): Promise<void> {
    try {
      this.#last = await this.#services.read(this.#keyringId, this.#last);
      this.#sessions = this.#last?.keyring.sessions ?? null;
    } catch (error) {
      // A store that is down is asked again; until then the sessions are as they were.
      if (error instanceof KeyringStoreError) return;
      this.#failure = error;
    }
    if (this.#sessions === null || this.#failure !== null) this.#end();
  }

  /** Milliseconds until the next check, or until the first session that is to be told as expiring. */
  #pause(): number {
    const { times, checkMilliseconds } = this.#services;
    const now = times.now().getTime();
    const dues = (this.#sessions ?? [])
      .filter(({ state }) => state === 'ACTIVE')
      .map((record) => times.expiryOf(record))
      .filter((expiresAt) => expiresAt !== null)
      .map((expiresAt) => expiresAt.getTime() - times.expiringMilliseconds - now)
      .filter((left) => left > 0);
    return Math.min(checkMilliseconds, ...dues);
  }

  #end(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#rest.abort();
    this.#leave();
    this.#onOver();
  }
}
