// How often each client address may do something in a minute: counted in Redis where replicas share one, else, and
// while Redis does not answer, in this process.
//
// The library counts in Redis. Its counter in memory reads the wall clock and grows without bound, so this process has
// one of its own.
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { type Clock, machineClock } from '../../brokers/upstream/clock.ts';
import type { RedisClient } from '../../brokers/upstream/redis/commands.ts';
import { createRedisClient } from '../../brokers/upstream/redis-client.ts';
import type { Limits } from '../../limits.ts';
import type { RedisAddress } from '../../shared/redis-address.ts';
import { within } from '../../shared/within.ts';

/** One minute, in milliseconds. A key's minute begins with the first that is counted. */
const minute = 60_000;
/** Milliseconds in which Redis is not asked again after it did not answer. */
const pause = 1_000;

// As the library's own, but a time to live beyond the window, which a Redis whose clock was set back has, is cut.
const script = `
redis.call('set', KEYS[1], 0, 'EX', ARGV[2], 'NX')
local consumed = redis.call('incrby', KEYS[1], ARGV[1])
local ttl = redis.call('pttl', KEYS[1])
if ttl < 0 or ttl > 1000 * ARGV[2] then
  redis.call('expire', KEYS[1], ARGV[2])
  ttl = 1000 * ARGV[2]
end
return {consumed, ttl}
`;

/** How limits are counted. */
export interface MinuteLimitsOptions {
  /** The Redis in which replicas count together; left out: this process counts by itself. */
  readonly redisUrl?: string | RedisAddress | undefined;
  /** A clock that never jumps: an hour set back would refuse an address for as long. Default: the machine's. */
  readonly clock?: Pick<Clock, 'milliseconds'> | undefined;
  /** How many keys each limit remembers in this process, and how long Redis may take. */
  readonly limits: Pick<
    Limits,
    'countedAddresses' | 'redisConnectSeconds' | 'redisAnswerMilliseconds'
  >;
}

/** A limit by the minute. */
export interface MinuteLimit {
  /** Counts one of a key: 0 where it is allowed, else the seconds until the next one is. */
  (key: string): number | Promise<number>;
  /** Counts nothing: 0 where this process knows of no reason to refuse the next one, else the seconds until it is allowed. */
  readonly waitOf: (key: string) => number;
}

/** Limits by the minute, on one connection. */
export class MinuteLimits {
  readonly #options: MinuteLimitsOptions;
  readonly #milliseconds: () => number;
  readonly #redis: RedisClient | null;
  #awayUntil = Number.NEGATIVE_INFINITY;

  /** @throws TypeError for a URL that is not one of Redis. */
  constructor(options: MinuteLimitsOptions) {
    this.#options = options;
    this.#milliseconds = (options.clock ?? machineClock).milliseconds;
    this.#redis =
      options.redisUrl === undefined
        ? null
        : createRedisClient(options.redisUrl, options.limits.redisConnectSeconds);
    // The rate limit says in the log that Redis is away.
    this.#redis?.on('error', () => {});
    this.#redis?.connect().catch(() => {});
  }

  /**
   * Makes a limit.
   * @param name what Redis keeps its counts under.
   * @param max the most of one key in a minute.
   */
  limit(name: string, max: number): MinuteLimit {
    const { countedAddresses: maxKeys } = this.#options.limits;
    const milliseconds = this.#milliseconds;
    const own = new Minutes(max, maxKeys, milliseconds);
    const redis = this.#redis;
    const waitOf = (key: string) => own.waitOf(key);
    if (redis === null) return Object.assign((key: string) => own.take(key), { waitOf });
    const shared = new RateLimiterRedis({
      points: max,
      duration: minute / 1_000,
      storeClient: this.#inTime(redis),
      useRedisPackage: true,
      customIncrTtlLuaScript: script,
      keyPrefix: `kite-graphql:${name}`,
    });
    const take = (key: string) => {
      // A key that is over its limit costs no further command.
      const wait = own.waitOf(key);
      if (wait > 0) return wait;
      const isAway = !redis.isReady || milliseconds() < this.#awayUntil;
      return isAway ? own.take(key) : this.#takeShared(shared, own, key);
    };
    return Object.assign(take, { waitOf });
  }

  /** Closes the connection. */
  close(): void {
    if (this.#redis?.isOpen) this.#redis.destroy();
  }

  /** Counts nothing that goes out later than its answer is waited for. */
  #inTime(redis: RedisClient): Pick<RedisClient, 'eval'> {
    if (!redis.mayWait) return redis;
    const { redisAnswerMilliseconds } = this.#options.limits;
    return {
      eval: (text, input) =>
        redis.eval(text, input, { abortSignal: AbortSignal.timeout(redisAnswerMilliseconds) }),
    };
  }

  async #takeShared(shared: RateLimiterRedis, own: Minutes, key: string): Promise<number> {
    try {
      await within(this.#options.limits.redisAnswerMilliseconds, shared.consume(key));
      return 0;
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return own.fill(key, refusal.msBeforeNext);
      this.#awayUntil = this.#milliseconds() + pause;
      return own.take(key);
    }
  }
}

interface Minute {
  count: number;
  readonly endsAt: number;
}

/** The counts of this process. */
class Minutes {
  readonly #max: number;
  readonly #maxKeys: number;
  readonly #milliseconds: () => number;
  /** In the order in which they began. */
  readonly #byKey = new Map<string, Minute>();

  constructor(max: number, maxKeys: number, milliseconds: () => number) {
    this.#max = max;
    this.#maxKeys = maxKeys;
    this.#milliseconds = milliseconds;
  }

  take(key: string): number {
    const now = this.#milliseconds();
    const current = this.#byKey.get(key);
    if (current === undefined || current.endsAt <= now) {
      this.#begin(key, { count: 1, endsAt: now + minute });
      return 0;
    }
    if (current.count >= this.#max) return secondsIn(current.endsAt - now);
    current.count += 1;
    return 0;
  }

  /** The seconds for which a key is over its limit; 0 where it is not. */
  waitOf(key: string): number {
    const current = this.#byKey.get(key);
    if (current === undefined || current.count < this.#max) return 0;
    const left = current.endsAt - this.#milliseconds();
    return left > 0 ? secondsIn(left) : 0;
  }

  /** Notes that a key is over its limit; the seconds for which it is. */
  fill(key: string, milliseconds: number): number {
    const left = Math.min(Math.max(milliseconds, 1), minute);
    this.#begin(key, { count: this.#max, endsAt: this.#milliseconds() + left });
    return secondsIn(left);
  }

  #begin(key: string, begun: Minute): void {
    this.#byKey.delete(key);
    this.#byKey.set(key, begun);
    const now = this.#milliseconds();
    for (const [oldest, { endsAt }] of this.#byKey) {
      if (endsAt > now && this.#byKey.size <= this.#maxKeys) return;
      this.#byKey.delete(oldest);
    }
  }
}

function secondsIn(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1_000));
}
