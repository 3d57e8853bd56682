// Live margins: watches over accounts, and one poller for each credential however many watch it.

import { type Credential, digestOf } from '../brokers/credential.ts';
import { type Clock, machineClock } from '../brokers/upstream/clock.ts';
import type { Limits } from '../limits.ts';
import type { Account } from '../loaders/loaders.ts';
import type { SharedReads } from '../loaders/shared-reads.ts';
import { addTo } from '../shared/counts.ts';
import { PollLimiter } from './poll-limiter.ts';
import type { PollSharing } from './poll-sharing.ts';
import { type Listener, Poller, type PollerServices } from './poller.ts';
import { type Change, type Endings, Watch, type WatchOptions } from './watch.ts';

/** Something whose margins can be watched. */
export interface Watchable {
  /** What it is read through; null once its session has ended. */
  readonly access: Account | null;
}

/** The margins of accounts as they change. */
export interface LiveMargins {
  /**
   * Whether a caller may watch so many more accounts. A watch counts once it is read. A caller with less than its share
   * of all that is watched is refused only when there is twice as much as may be.
   */
  hasRoomFor(accounts: number, callerId: string): boolean;
  /** Whether as many streams as may be watch an account by the same credential already. */
  isCrowded(subject: Watchable): boolean;
  /**
   * News of accounts: of each its present state first, then every change, and at last why there will be none.
   * Ends when that has come for all of them.
   * @param endings tells which subjects are followed no more: that is their last event.
   * @throws AbortError from `next` when the gateway stops.
   */
  watch<Subject extends Watchable>(
    subjects: readonly Subject[],
    options: WatchOptions,
    endings?: Endings<Subject>,
  ): AsyncIterableIterator<Change<Subject>>;
  /** How many accounts are watched: those that this process polls, and those that another replica polls for it. */
  readonly accounts: Readonly<Record<'polled' | 'followed', number>>;
  /** Breaks off every watch; none begins after it. */
  stop(): void;
}

/** How accounts are watched. */
export interface LiveMarginsOptions {
  readonly reads: SharedReads;
  /** Shares polls with other replicas. Default: this process polls by itself. */
  readonly sharing?: PollSharing | null;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** How many accounts are watched at once, how many streams watch one, and how long failures hold a read back. */
  readonly limits: Pick<Limits, 'watchedAccounts' | 'credentialStreams' | 'pollPauseSeconds'>;
}

/** Makes the live margins that all requests of a gateway share. */
export function createLiveMargins(options: LiveMarginsOptions): LiveMargins {
  const { reads, sharing = null, clock = machineClock, limits } = options;
  const { watchedAccounts: maxWatched, credentialStreams: maxPerCredential } = limits;
  const services: PollerServices = {
    reads,
    clock,
    limiter: new PollLimiter(),
    sharing,
    maxPauseMilliseconds: limits.pollPauseSeconds * 1_000,
  };
  const pollers = new Map<string, Poller>();
  const stopping = new AbortController();
  const watchedBy = new Map<string, number>();
  let watched = 0;

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
    addTo(watchedBy, listener.callerId, 1);
    watched += 1;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      poller.leave(listener);
      addTo(watchedBy, listener.callerId, -1);
      watched -= 1;
    };
  }

  return {
    hasRoomFor(accounts, callerId) {
      const all = watched + accounts;
      if (all <= maxWatched) return true;
      const own = (watchedBy.get(callerId) ?? 0) + accounts;
      const callers = watchedBy.size + (watchedBy.has(callerId) ? 0 : 1);
      return all <= 2 * maxWatched && own <= maxWatched / callers;
    },
    isCrowded({ access }) {
      const poller = access && pollers.get(digestOf(access.credential));
      return (poller?.listeners ?? 0) >= maxPerCredential;
    },
    watch: (subjects, about, endings) => {
      const watch = new Watch<(typeof subjects)[number]>(about, stopping.signal);
      return watch.changes(subjects, listen, endings);
    },
    get accounts() {
      const all = [...pollers.values()];
      const polled = all.filter(({ isPolling }) => isPolling).length;
      return { polled, followed: all.length - polled };
    },
    stop: () => stopping.abort(),
  };
}
