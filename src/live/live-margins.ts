// Live margins: watches over accounts, and one poller for each credential however many watch it.
import { type Clock, machineClock } from '../kite/clock.ts';
import { type Credential, digestOf } from '../kite/credential.ts';
import type { Account } from '../loaders/account.ts';
import type { SharedReads } from '../loaders/shared-reads.ts';
import { type Listener, Poller, type PollerServices } from './poller.ts';
import { Turnstile } from './turnstile.ts';
import { type Change, Watch, type WatchOptions } from './watch.ts';

/** Something whose margins can be watched. */
export interface Watchable {
  /** What it is read through; null once its session has ended. */
  readonly access: Account | null;
}

/** The margins of accounts as they change. */
export interface LiveMargins {
  /** Whether so many more accounts may be watched. A watch counts once it is read. */
  hasRoomFor(accounts: number): boolean;
  /**
   * News of accounts: of each its present state first, then every change, and at last why there will be none.
   * Ends when that has come for all of them. @throws AbortError from `next` when the gateway stops.
   */
  watch<Subject extends Watchable>(
    subjects: readonly Subject[],
    options: WatchOptions,
  ): AsyncIterableIterator<Change<Subject>>;
  /** Breaks off every watch; none begins after it. */
  stop(): void;
}

/** How accounts are watched. */
export interface LiveMarginsOptions {
  readonly reads: SharedReads;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** The most accounts watched at once, one in two watches counted twice. Default 20000. */
  readonly mostWatched?: number;
}

/** Makes the live margins that all requests of a gateway share. */
export function createLiveMargins(options: LiveMarginsOptions): LiveMargins {
  const { reads, clock = machineClock, mostWatched = 20_000 } = options;
  const services: PollerServices = { reads, clock, turnstile: new Turnstile(), id: Symbol('live') };
  const pollers = new Map<string, Poller>();
  const stopping = new AbortController();

  function pollerOf(credential: Credential): Poller {
    // Its digest: nothing is shared between credentials, also not between two of one account.
    const digest = digestOf(credential);
    const known = pollers.get(digest);
    if (known !== undefined) return known;
    const poller = new Poller(credential, services, () => pollers.delete(digest));
    pollers.set(digest, poller);
    return poller;
  }

  function listen({ access }: Watchable, listener: Listener): () => void {
    if (access === null) {
      listener.hear({ at: clock.milliseconds(), isEnded: true });
      return () => {};
    }
    const poller = pollerOf(access.credential);
    poller.join(listener);
    return () => poller.leave(listener);
  }

  return {
    hasRoomFor(accounts) {
      let watched = accounts;
      for (const poller of pollers.values()) watched += poller.listeners;
      return watched <= mostWatched;
    },
    watch: (subjects, about) => {
      const watch = new Watch<(typeof subjects)[number]>(about, stopping.signal);
      return watch.changes(subjects, listen);
    },
    stop: () => stopping.abort(),
  };
}
