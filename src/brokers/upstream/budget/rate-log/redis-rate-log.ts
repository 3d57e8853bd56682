// The rate log that all replicas share, in Redis: one script, by Redis's own clock.
import { createHash, randomUUID } from 'node:crypto';
import type { RedisClient } from '../../redis/commands.ts';
import { createMemoryRateLog } from './memory-rate-log.ts';
import {
  countedMilliseconds,
  longestWayMilliseconds,
  type RateLog,
  type Start,
  type Usage,
} from './rate-log.ts';
import { announceScript, countScript } from './redis-scripts.ts';

/** What is needed of a Redis client: runs a script, and rejects while there is no connection. */
export type RedisScripts = Pick<RedisClient, 'eval'>;

/** How a log in Redis behaves. */
export interface RedisRateLogOptions {
  /** The most calls per app in a window, over all replicas. */
  readonly limit: number;
  /** Milliseconds to wait for Redis before going on without it. */
  readonly patienceMilliseconds: number;
  /** Told once whenever Redis stops answering, and when it answers again. */
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

/** The log, and the way to leave it. */
export interface RedisRateLog extends RateLog {
  /** Counts this gateway among those that share the count, and learns how many there are. Never rejects. */
  announce(): Promise<void>;
  /** Takes this gateway out, as far as Redis can be reached. */
  leave(): Promise<void>;
}

const gatewaysKey = 'kite-graphql:rate:gateways';

/** Milliseconds between two announcements, and for how long one counts. */
export const announcing = { every: 5_000, counts: 16_000 };

/** Milliseconds between grant and sending that are not worth telling Redis of: its own are not finer. */
const smallDelay = 2;
/** Milliseconds for which Redis is left alone after it failed, so that not every call pays for the attempt. */
const pause = 1_000;

/**
 * Makes a log in Redis. While Redis does not answer, each gateway keeps to its share: the limit divided by the number of
 * gateways that were last known, one call at least. No call goes uncounted. A gateway that has never reached Redis
 * knows of no other, and allows itself the whole limit.
 */
export function createRedisRateLog(
  redis: RedisScripts,
  options: RedisRateLogOptions,
): RedisRateLog {
  const { limit, patienceMilliseconds, onReachable } = options;
  // Every call of this process is in here too, so that the limit still holds when Redis is lost in mid-window.
  const own = createMemoryRateLog(() => (performance.now() < sharedFrom ? share() : limit));
  const prefix = randomUUID();
  const settings = [countedMilliseconds, longestWayMilliseconds, limit].map(String);
  let starts = 0;
  let isReachable = true;
  let aloneUntil = 0;
  let replicas = 1;
  /** When this gateway may allow itself the whole limit again, as far as Redis does; and may go on after it lost Redis. */
  let sharedFrom = 0;
  let startsFrom = 0;

  const share = () => Math.max(1, Math.floor(limit / replicas));

  function tell(): void {
    onReachable?.({ isReachable, replicas, limit: isReachable ? limit : share() });
  }

  function lost(): void {
    const now = performance.now();
    aloneUntil = now + pause;
    sharedFrom = Number.POSITIVE_INFINITY;
    if (!isReachable) return;
    isReachable = false;
    // What the others have started in this window is not known any more: the share begins with the next one.
    if (replicas > 1) startsFrom = now + countedMilliseconds;
    tell();
  }

  function found(): void {
    if (isReachable) return;
    isReachable = true;
    // The others notice it a little later, and until then count for themselves.
    sharedFrom = replicas > 1 ? performance.now() + pause + 2 * countedMilliseconds : 0;
    tell();
  }

  /** A script's answer; null where Redis gave none. */
  async function run(script: string, keys: string[], args: (string | number)[]): Promise<unknown> {
    if (performance.now() < aloneUntil) return null;
    const input = { keys, arguments: args.map(String) };
    try {
      const answer = await within(patienceMilliseconds, (abortSignal) =>
        redis.eval(script, input, { abortSignal }),
      );
      found();
      return answer;
    } catch {
      lost();
      return null;
    }
  }

  function count(apiKey: string, ...verb: (string | number)[]): Promise<unknown> {
    return run(countScript, keysOf(apiKey), [...settings, ...verb]);
  }

  async function start(apiKey: string): Promise<Start | number> {
    const untilShare = startsFrom - performance.now();
    if (untilShare > 0) return Math.ceil(untilShare);
    const ownStart = own.start(apiKey);
    if (typeof ownStart === 'number') return ownStart;
    starts += 1;
    const name = `${prefix} ${starts}`;
    const askedAt = performance.now();
    const wasReachable = isReachable;
    const answer = await count(apiKey, 'start', name);
    const [wait, grantedAt] = Array.isArray(answer) ? answer : [];
    if (typeof wait !== 'number' || typeof grantedAt !== 'number') {
      // Redis was lost with this very call: it waits for the share as the others do.
      const untilShare = startsFrom - performance.now();
      if (!wasReachable || untilShare <= 0) return ownStart;
      ownStart.cancel();
      return Math.ceil(untilShare);
    }
    if (wait > 0) {
      ownStart.cancel();
      return wait;
    }
    let sentAfter = 0;
    const sinceAsked = () => Math.ceil(performance.now() - askedAt);
    return {
      sent() {
        ownStart.sent();
        sentAfter = sinceAsked();
        if (sentAfter > smallDelay) void count(apiKey, 'sent', name, grantedAt + sentAfter);
      },
      ended() {
        ownStart.ended();
        const arrivedAfter = Math.min(sinceAsked(), sentAfter + longestWayMilliseconds);
        void count(apiKey, 'ended', name, grantedAt + arrivedAfter);
      },
    };
  }

  async function usage(apiKey: string): Promise<Usage> {
    const answer = await count(apiKey, 'usage');
    const [used, closedMilliseconds] = Array.isArray(answer) ? answer : [];
    if (typeof used !== 'number' || typeof closedMilliseconds !== 'number') {
      return own.usage(apiKey);
    }
    return { used, closedMilliseconds };
  }

  const announce = async (milliseconds: number) => {
    const answer = await run(announceScript, [gatewaysKey], [prefix, milliseconds]);
    if (typeof answer === 'number' && milliseconds > 0) replicas = Math.max(1, answer);
  };

  return {
    limit,
    start,
    usage,
    announce: () => announce(announcing.counts),
    leave: () => announce(0),
    close(apiKey, milliseconds) {
      own.close(apiKey, milliseconds);
      void count(apiKey, 'close', Math.ceil(milliseconds));
    },
  };
}

/** Keys hold no api_key: a Redis that others can look into need not tell whose apps there are. */
function keysOf(apiKey: string): string[] {
  const app = createHash('sha256').update(apiKey).digest('base64url');
  return ['under-way', 'ended', 'closed'].map((noun) => `kite-graphql:rate:{${app}}:${noun}`);
}

/** What comes in time. What comes too late is not sent any more, where it has not gone out yet. */
function within<T>(milliseconds: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error('no answer in time'));
      late.abort();
    }, milliseconds);
    ask(late.signal)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}
