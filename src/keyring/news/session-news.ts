// News of the sessions of keyrings: streams of changes, one watcher for each keyring that is followed.
import type { Clock } from '../../brokers/upstream/clock.ts';
import type { Limits } from '../../limits.ts';
import type { Cancellable } from '../../shared/cancellation.ts';
import type { Keyring, Keyrings } from '../keyring.ts';
import type { SessionRecord } from '../session-record.ts';
import { KeyringWatcher, type WatcherServices } from './keyring-watcher.ts';
import { type SessionChange, type SessionTimes, ToldSessions } from './told-sessions.ts';

/** What news are made of. */
export interface SessionNewsOptions {
  readonly keyrings: Pick<Keyrings, 'read' | 'notices'>;
  readonly clock: Clock;
  readonly now: () => Date;
  /** When a session is expected to expire; null where its broker does not say. */
  readonly expiryOf: SessionTimes['expiryOf'];
  readonly limits: Pick<
    Limits,
    'followedKeyrings' | 'keyringStreams' | 'keyringCheckSeconds' | 'sessionExpiringMinutes'
  >;
}

/** A keyring, as far as it is known when a stream of it begins. */
export type FollowedKeyring = Pick<Keyring, 'id' | 'sessions'>;

/** News of the sessions of keyrings. */
export interface SessionNews {
  /** Whether a keyring may have one more stream. */
  hasRoomFor(keyringId: string): boolean;
  /**
   * The sessions of a keyring, each as it is, and then every change. Ends when the keyring is gone or the signal fires.
   * A stream without a reader costs nothing. @throws AbortError from `next` when the gateway stops.
   */
  follow(keyring: FollowedKeyring, signal: Cancellable): AsyncIterableIterator<SessionChange>;
  /** Whether there is room to follow a keyring, which needs one watcher however many follow it. */
  canFollow(keyringId: string): boolean;
  /** Calls `onEnd` once for each of these accounts that has no active session any more; gives the way to stop. */
  watchAccounts(
    keyring: FollowedKeyring,
    accountIds: ReadonlySet<string>,
    onEnd: (accountId: string) => void,
  ): () => void;
  /** Breaks off every stream; none begins after it. */
  stop(): void;
}

const stopped = () => new DOMException('The gateway is stopping', 'AbortError');

/** Makes the news that all streams of a gateway share. */
export function createSessionNews(options: SessionNewsOptions): SessionNews {
  const { keyrings, clock, now, expiryOf, limits } = options;
  const times = { now, expiryOf, expiringMilliseconds: limits.sessionExpiringMinutes * 60_000 };
  const services: WatcherServices = {
    read: keyrings.read,
    notices: keyrings.notices,
    clock,
    times,
    checkMilliseconds: limits.keyringCheckSeconds * 1_000,
  };
  const watchers = new Map<string, KeyringWatcher>();
  const stopping = new AbortController();

  function watcherOf({ id, sessions }: FollowedKeyring): KeyringWatcher {
    const known = watchers.get(id);
    if (known !== undefined) return known;
    const onOver = () => watchers.delete(id);
    const watcher = new KeyringWatcher(id, sessions, services, onOver);
    watchers.set(id, watcher);
    return watcher;
  }

  async function* changes(
    keyring: FollowedKeyring,
    ended: AbortSignal,
  ): AsyncGenerator<SessionChange, undefined> {
    if (ended.aborted) return;
    const watcher = watcherOf(keyring);
    const told = new ToldSessions(times);
    let news = Promise.withResolvers<void>();
    let isNews = true;
    const hear = () => {
      isNews = true;
      news.resolve();
    };
    const leave = watcher.join(hear);
    ended.addEventListener('abort', hear);
    try {
      while (!ended.aborted) {
        const { sessions } = watcher;
        if (isNews) told.compare(sessions ?? []);
        isNews = false;
        const change = told.next();
        if (change !== null) yield change;
        else if (sessions === null) return;
        else {
          await news.promise;
          news = Promise.withResolvers();
        }
      }
    } finally {
      ended.removeEventListener('abort', hear);
      leave();
    }
  }

  return {
    hasRoomFor(keyringId) {
      const watcher = watchers.get(keyringId);
      if (watcher === undefined) return watchers.size < limits.followedKeyrings;
      return watcher.streams < limits.keyringStreams;
    },

    canFollow: (keyringId) => watchers.has(keyringId) || watchers.size < limits.followedKeyrings,

    watchAccounts(keyring, accountIds, onEnd) {
      const watcher = watcherOf(keyring);
      const left = new Set(accountIds);
      const look = () => {
        const active = new Set(activeIn(watcher).map(({ accountId }) => accountId));
        for (const id of left) {
          if (active.has(id)) continue;
          left.delete(id);
          onEnd(id);
        }
        if (left.size === 0) leave();
      };
      const leave = watcher.join(look, false);
      return leave;
    },

    follow(keyring, signal) {
      const ending = new AbortController();
      const end = () => ending.abort();
      const signals = [signal, stopping.signal];
      const generator = changes(keyring, ending.signal);
      const forget = () => {
        for (const each of signals) each.removeEventListener('abort', end);
      };
      for (const each of signals) each.addEventListener('abort', end);
      if (signals.some(({ aborted }) => aborted)) end();
      return {
        async next() {
          const result = await generator.next();
          if (result.done) forget();
          if (stopping.signal.aborted) throw stopped();
          return result;
        },
        // Takes effect at once, also while a call of `next` waits.
        return() {
          end();
          forget();
          return generator.return(undefined);
        },
        [Symbol.asyncIterator]() {
          return this;
        },
      };
    },

    stop: () => stopping.abort(),
  };
}

/** The active sessions of a keyring; none where it is gone or cannot be read for a reason that does not pass. */
function activeIn(watcher: KeyringWatcher): readonly SessionRecord[] {
  try {
    return (watcher.sessions ?? []).filter(({ state }) => state === 'ACTIVE');
  } catch {
    // Who follows the sessions is told; here the accounts end.
    return [];
  }
}
