// The rate log that all replicas share, in Redis: one script, by Redis's own clock. A replica that has lost Redis uses its
// share; redis-share.ts says why all of them together keep to the limit.
import { createMemoryRateLog } from './memory-rate-log.ts';
import type { RateLog, Start, Usage } from './rate-log.ts';
import { pauseMilliseconds, RedisCounts, type RedisScripts } from './redis-counts.ts';
import { type Beat, countsMilliseconds, RedisShare } from './redis-share.ts';

/** How a log in Redis behaves. */
export interface RedisRateLogOptions {
  /** The most calls per app in a window, over all replicas. */
  readonly limit: number;
  /** Milliseconds to wait for Redis before going on without it. */
  readonly patienceMilliseconds: number;
  /** How long a replica that has lost Redis uses its share, in milliseconds. */
  readonly shareMilliseconds: number;
  /** The most replicas that share the limit. */
  readonly maxReplicas: number;
  /** Told once whenever this replica stops counting in Redis, and when it counts there again. */
  readonly onReachable?: (state: SharedState) => void;
}

/** Whether replicas share one count. */
export interface SharedState {
  readonly isReachable: boolean;
  /** How many gateways shared the count when Redis last answered, this one included. */
  readonly replicas: number;
  /** The most calls per app in a window that this gateway allows itself meanwhile. */
  readonly limit: number;
}

/** The log, and what keeps it. */
export interface RedisRateLog extends RateLog {
  /** Says to Redis that this replica is there, and learns of the others. To be called every `beatMilliseconds`. Never rejects. */
  beat(): Promise<void>;
  /** Redis may have lost what it knew: nothing is counted there before that is over. */
  forget(): void;
  /** Takes this replica out of the table, as far as Redis can be reached. */
  leave(): Promise<void>;
}

/** Makes a log in Redis. No call goes uncounted, and a replica that has never reached Redis starts none. */
export function createRedisRateLog(
  redis: RedisScripts,
  options: RedisRateLogOptions,
): RedisRateLog {
  const { limit, patienceMilliseconds, shareMilliseconds, onReachable } = options;
  const share = new RedisShare(limit, shareMilliseconds, () => performance.now());
  // Every call of this process, so that the limit holds where Redis alone is in the way of nothing.
  const own = createMemoryRateLog(limit);
  const alone = createMemoryRateLog(() => share.share);
  const counts = new RedisCounts(redis, {
    ...options,
    onLost() {
      isShared = false;
      share.lost();
      tell(false);
    },
  });
  let isShared = false;
  let isTold: boolean | null = null;
  let forgottenUntil = 0;
  let beating: Promise<void> | null = null;
  /** Notes that Redis has not confirmed. */
  let notes = 0;

  /** Tells once of each change. */
  function tell(isReachable: boolean): void {
    if (isTold === isReachable || (isTold === null && isReachable)) {
      isTold = isReachable;
      return;
    }
    isTold = isReachable;
    onReachable?.({
      isReachable,
      replicas: share.replicas,
      limit: isReachable ? limit : share.share,
    });
  }

  async function send(beat: Beat): Promise<boolean> {
    const answer = await counts.beat(beat);
    if (answer !== null) share.receive(beat, answer);
    return answer !== null;
  }

  async function beatOnce(): Promise<void> {
    // The first one asks for the time only.
    if (share.isNew && !(await send(share.beat(false)))) return;
    if (!(await send(share.beat(isShared)))) return;
    if (!isShared) share.told();
    const isSharedNow = share.isShared && notes === 0;
    if (isSharedNow === isShared) return;
    // From here on nothing starts alone, so that the next beat may say so.
    isShared = isSharedNow;
    if (!isShared || (await send(share.beat(true)))) tell(isShared);
  }

  /** Beats at once, or with the beat that is on its way. */
  function beat(): Promise<void> {
    beating ??= beatOnce().finally(() => {
      beating = null;
    });
    return beating;
  }

  /** Starts a call of this replica's share; Redis is told where it can be. */
  function startAlone(apiKey: string): Start | number {
    const wait = share.untilAlone();
    if (wait === null) return pauseMilliseconds;
    if (wait > 0) return wait;
    const start = alone.start(apiKey);
    if (typeof start === 'number') return start;
    share.startedAlone();
    notes += 1;
    const inRedis = counts.note(apiKey, () => {
      notes -= 1;
    });
    let isSent = false;
    const send = () => {
      if (!isSent) share.sentAlone();
      isSent = true;
    };
    return {
      sent() {
        start.sent();
        send();
        inRedis.sent();
      },
      ended() {
        start.ended();
        send();
        inRedis.ended();
      },
    };
  }

  async function startShared(apiKey: string): Promise<Start | number> {
    const untilKnown = forgottenUntil - performance.now();
    if (untilKnown > 0) return Math.ceil(untilKnown);
    let room = share.room(patienceMilliseconds);
    if (room === null) {
      await beat();
      room = share.room(patienceMilliseconds);
    }
    return room === null || !isShared ? 1 : counts.start(apiKey, room);
  }

  async function start(apiKey: string): Promise<Start | number> {
    if (share.isNew) await beat();
    if (share.isNew) return pauseMilliseconds;
    const ownStart = own.start(apiKey);
    if (typeof ownStart === 'number') return ownStart;
    const started = isShared ? await startShared(apiKey) : startAlone(apiKey);
    if (typeof started === 'number') {
      ownStart.cancel();
      return started;
    }
    return {
      sent() {
        ownStart.sent();
        started.sent();
      },
      ended() {
        ownStart.ended();
        started.ended();
      },
    };
  }

  async function usage(apiKey: string): Promise<Usage> {
    return (await counts.usage(apiKey)) ?? own.usage(apiKey);
  }

  return {
    limit,
    start,
    usage,
    beat,
    forget() {
      forgottenUntil = performance.now() + countsMilliseconds;
    },
    async leave() {
      // What was started alone is covered by its share until that is over.
      if (isShared) await counts.leave();
    },
    close(apiKey, milliseconds) {
      own.close(apiKey, milliseconds);
      counts.close(apiKey, milliseconds);
    },
  };
}
