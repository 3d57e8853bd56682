// The rate log that all replicas share, in Redis: one script, by Redis's own clock.
import { createHash, randomUUID } from 'node:crypto';
import { createMemoryRateLog } from './memory-rate-log.ts';
import { countedMilliseconds, type RateLog, type Start } from './rate-log.ts';

/** What is needed of a Redis client: sends one command, and rejects while there is no connection. */
export interface RedisCommands {
  sendCommand(words: string[]): Promise<unknown>;
}

/** How a log in Redis behaves. */
export interface RedisRateLogOptions {
  /** The most starts per app in a window, over all replicas. */
  readonly limit: number;
  /** Milliseconds to wait for Redis before going on without it. Default 250. */
  readonly patienceMilliseconds?: number;
  /** Told once whenever Redis stops answering (false), and when it answers again (true). */
  readonly onReachable?: (isReachable: boolean) => void;
}

// KEYS: the starts (a sorted set by time), and what closes the window. ARGV: a new start's name, the limit, how
// long a start counts; or, to close the window, for how long. Answers 0 for a start, else the milliseconds to
// wait; and the time by Redis's clock.
const script = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local counted = tonumber(ARGV[3])
local closed = redis.call('PTTL', KEYS[2])
if ARGV[4] then
  if closed < tonumber(ARGV[4]) then redis.call('SET', KEYS[2], '1', 'PX', ARGV[4]) end
  return { 0, now }
end
if closed > 0 then return { closed, now } end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - counted)
local limit = tonumber(ARGV[2])
local count = redis.call('ZCARD', KEYS[1])
if count >= limit then
  local first = redis.call('ZRANGE', KEYS[1], count - limit, count - limit, 'WITHSCORES')
  return { math.min(counted, math.max(1, first[2] + counted - now)), now }
end
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], 2 * counted)
return { 0, now }
`;

/** Milliseconds between grant and sending that the margin of {@link countedMilliseconds} covers well enough. */
const smallDelay = 5;
/** Milliseconds for which Redis is left alone after it failed, so that not every call pays for the attempt. */
const pause = 1_000;

/**
 * Makes a log in Redis. While Redis does not answer, each replica keeps to the limit by itself: no call is
 * held back for Redis's sake, and none goes uncounted.
 */
export function createRedisRateLog(redis: RedisCommands, options: RedisRateLogOptions): RateLog {
  const { limit, patienceMilliseconds = 250, onReachable } = options;
  // Every start of this process is in here too, so that the limit still holds when Redis is lost in mid-window.
  const own = createMemoryRateLog(limit);
  const name = randomUUID();
  let count = 0;
  let isReachable = true;
  let aloneUntil = 0;

  async function command(...words: string[]): Promise<unknown> {
    if (performance.now() < aloneUntil) throw new Error('Redis is left alone for a moment');
    try {
      const answer = await within(patienceMilliseconds, redis.sendCommand(words));
      if (!isReachable) onReachable?.(true);
      isReachable = true;
      return answer;
    } catch (error) {
      aloneUntil = performance.now() + pause;
      if (isReachable) onReachable?.(false);
      isReachable = false;
      throw error;
    }
  }

  function ask(apiKey: string, id: string, ...closing: string[]): Promise<unknown> {
    const { starts, closed } = keysOf(apiKey);
    const values = [id, String(limit), String(countedMilliseconds), ...closing];
    return command('EVAL', script, '2', starts, closed, ...values);
  }

  async function start(apiKey: string): Promise<Start | number> {
    const ownStart = own.start(apiKey);
    if (typeof ownStart === 'number') return ownStart;
    count += 1;
    const id = `${name} ${count}`;
    const askedAt = performance.now();
    const answer = await ask(apiKey, id).catch(() => null);
    const [wait, grantedAt] = Array.isArray(answer) ? answer : [];
    if (typeof wait !== 'number' || typeof grantedAt !== 'number') return ownStart;
    if (wait > 0) {
      ownStart.cancel();
      return wait;
    }
    return {
      sent() {
        ownStart.sent();
        const delay = Math.ceil(performance.now() - askedAt);
        if (delay <= smallDelay) return;
        command('ZADD', keysOf(apiKey).starts, 'XX', String(grantedAt + delay), id).catch(() => {});
      },
    };
  }

  return {
    limit,
    start,
    close(apiKey, milliseconds) {
      own.close(apiKey, milliseconds);
      const closing = String(Math.ceil(milliseconds));
      ask(apiKey, '', closing).catch(() => {});
    },
  };
}

/** Keys hold no api_key: a Redis that others can look into need not tell whose apps there are. */
function keysOf(apiKey: string): { readonly starts: string; readonly closed: string } {
  const app = createHash('sha256').update(apiKey).digest('base64url');
  return { starts: `kite-graphql:starts:{${app}}`, closed: `kite-graphql:closed:{${app}}` };
}

function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer in time')), milliseconds);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
