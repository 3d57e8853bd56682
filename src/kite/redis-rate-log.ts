// The rate log that all replicas share, in Redis: one script, by Redis's own clock.
import { createHash, randomUUID } from 'node:crypto';
import { createMemoryRateLog } from './memory-rate-log.ts';
import {
  countedMilliseconds,
  longestWayMilliseconds,
  type RateLog,
  type Start,
} from './rate-log.ts';

/** What is needed of a Redis client: sends one command, and rejects while there is no connection. */
export interface RedisCommands {
  sendCommand(words: string[]): Promise<unknown>;
}

/** How a log in Redis behaves. */
export interface RedisRateLogOptions {
  /** The most calls per app in a window, over all replicas. */
  readonly limit: number;
  /** Milliseconds to wait for Redis before going on without it. Default 250. */
  readonly patienceMilliseconds?: number;
  /** Told once whenever Redis stops answering (false), and when it answers again (true). */
  readonly onReachable?: (isReachable: boolean) => void;
}

// KEYS: two sorted sets, of calls under way by when they were sent and of ended ones by when they arrived at the
// latest; and what closes the window. ARGV: how long an arrival counts, the longest way, the limit; then one of
//   start NAME       answers {0, now} for a start, else {milliseconds to wait, now}
//   sent NAME TIME   the call under way went out only then
//   ended NAME TIME  the call has arrived by then
//   close TIME       nothing starts for so many milliseconds
// A call under way counts as arriving now, until the longest way has passed. All times are Redis's, in milliseconds.
const script = `
local underWay, ended, closed = KEYS[1], KEYS[2], KEYS[3]
local counted, way, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local verb, name, at = ARGV[4], ARGV[5], ARGV[6]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function keep(key) redis.call('PEXPIRE', key, 2 * (counted + way)) end
if verb == 'sent' then
  redis.call('ZADD', underWay, 'XX', at, name)
elseif verb == 'ended' then
  if redis.call('ZREM', underWay, name) == 1 then
    redis.call('ZADD', ended, at, name)
    keep(ended)
  end
elseif verb == 'close' then
  if redis.call('PTTL', closed) < tonumber(name) then redis.call('SET', closed, '1', 'PX', name) end
else
  local wait = redis.call('PTTL', closed)
  if wait > 0 then return { wait, now } end
  redis.call('ZREMRANGEBYSCORE', ended, '-inf', now - counted)
  redis.call('ZREMRANGEBYSCORE', underWay, '-inf', now - counted - way)
  if redis.call('ZCARD', ended) + redis.call('ZCARD', underWay) >= limit then
    local oldest = now
    local first = redis.call('ZRANGE', ended, 0, 0, 'WITHSCORES')[2]
    if first then oldest = math.min(oldest, first) end
    first = redis.call('ZRANGE', underWay, 0, 0, 'WITHSCORES')[2]
    if first then oldest = math.min(oldest, first + way) end
    return { math.max(1, oldest + counted - now), now }
  end
  redis.call('ZADD', underWay, now, name)
  keep(underWay)
end
return { 0, now }
`;

/** Milliseconds between grant and sending that are not worth telling Redis of: its own are not finer. */
const smallDelay = 2;
/** Milliseconds for which Redis is left alone after it failed, so that not every call pays for the attempt. */
const pause = 1_000;

/**
 * Makes a log in Redis. While Redis does not answer, each replica keeps to the limit by itself: no call is
 * held back for Redis's sake, and none goes uncounted.
 */
export function createRedisRateLog(redis: RedisCommands, options: RedisRateLogOptions): RateLog {
  const { limit, patienceMilliseconds = 250, onReachable } = options;
  // Every call of this process is in here too, so that the limit still holds when Redis is lost in mid-window.
  const own = createMemoryRateLog(limit);
  const prefix = randomUUID();
  const settings = [countedMilliseconds, longestWayMilliseconds, limit].map(String);
  let count = 0;
  let isReachable = true;
  let aloneUntil = 0;

  /** The script's answer; null where Redis gave none. */
  async function run(apiKey: string, ...verb: (string | number)[]): Promise<unknown> {
    if (performance.now() < aloneUntil) return null;
    const words = ['EVAL', script, '3', ...keysOf(apiKey), ...settings, ...verb.map(String)];
    try {
      const answer = await within(patienceMilliseconds, redis.sendCommand(words));
      if (!isReachable) onReachable?.(true);
      isReachable = true;
      return answer;
    } catch {
      aloneUntil = performance.now() + pause;
      if (isReachable) onReachable?.(false);
      isReachable = false;
      return null;
    }
  }

  async function start(apiKey: string): Promise<Start | number> {
    const ownStart = own.start(apiKey);
    if (typeof ownStart === 'number') return ownStart;
    count += 1;
    const name = `${prefix} ${count}`;
    const askedAt = performance.now();
    const answer = await run(apiKey, 'start', name);
    const [wait, grantedAt] = Array.isArray(answer) ? answer : [];
    if (typeof wait !== 'number' || typeof grantedAt !== 'number') return ownStart;
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
        if (sentAfter > smallDelay) void run(apiKey, 'sent', name, grantedAt + sentAfter);
      },
      ended() {
        ownStart.ended();
        const arrivedAfter = Math.min(sinceAsked(), sentAfter + longestWayMilliseconds);
        void run(apiKey, 'ended', name, grantedAt + arrivedAfter);
      },
    };
  }

  return {
    limit,
    start,
    close(apiKey, milliseconds) {
      own.close(apiKey, milliseconds);
      void run(apiKey, 'close', Math.ceil(milliseconds));
    },
  };
}

/** Keys hold no api_key: a Redis that others can look into need not tell whose apps there are. */
function keysOf(apiKey: string): string[] {
  const app = createHash('sha256').update(apiKey).digest('base64url');
  return ['under-way', 'ended', 'closed'].map((noun) => `kite-graphql:rate:{${app}}:${noun}`);
}

function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer in time')), milliseconds);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
