// What one client address may send: operations at once and a minute, and open streams. Refused before anything runs.
import { GraphQLError } from 'graphql';
import { finalAsyncIterator, isAsyncIterable } from 'graphql-yoga';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { createRedisClient } from '../../brokers/upstream/redis-client.ts';
import type { Limits } from '../../limits.ts';
import type { ResultStep } from '../plugins/results.ts';
import { isLoopback, networkOf } from '../request/client-address.ts';

/** What the limits are made from. */
export interface AddressLimitsOptions {
  readonly limits: Limits;
  /** Whether the addresses are those of clients, and not of a proxy on this machine. */
  readonly trustProxy: boolean;
  /** The Redis in which replicas count together; left out: this process counts by itself. */
  readonly redisUrl?: string | undefined;
}

/** Counts what each client address sends. */
export interface AddressLimits {
  /**
   * Counts an operation, which is in progress until its result is finished.
   * @throws RATE_LIMITED with HTTP 503 for too many at once, and with 429 for too many a minute; both with Retry-After.
   */
  enter(request: Request, ipAddress: string | null): Promise<void>;
  /** Ends the operation with its result; a stream counts as one until it ends. */
  readonly step: ResultStep;
  close(): void;
}

/** Makes the limits. Without Redis, or while it does not answer, each process counts by itself. */
export function createAddressLimits(options: AddressLimitsOptions): AddressLimits {
  const { limits, trustProxy, redisUrl } = options;
  const operations = new Map<string, number>();
  const streams = new Map<string, number>();
  const entered = new WeakMap<Request, string>();
  const window = { points: limits.addressOperationsPerMinute, duration: 60 };
  const memory = new RateLimiterMemory(window);
  const redis = redisUrl === undefined ? null : createRedisClient(redisUrl);
  // The counters in memory take over meanwhile; the rate limit says in the log that Redis is away.
  redis?.on('error', () => {});
  redis?.connect().catch(() => {});
  const minute =
    redis === null
      ? memory
      : new RateLimiterRedis({
          ...window,
          storeClient: redis,
          useRedisPackage: true,
          rejectIfRedisNotReady: true,
          insuranceLimiter: memory,
          // An address that is over its limit costs no further command.
          inMemoryBlockOnConsumed: limits.addressOperationsPerMinute,
          keyPrefix: 'kite-graphql:address',
        });

  function leave(request: Request): void {
    const key = entered.get(request);
    if (key === undefined) return;
    entered.delete(request);
    add(operations, key, -1);
  }

  return {
    async enter(request, ipAddress) {
      const key = ipAddress === null ? 'unknown' : networkOf(ipAddress);
      if ((operations.get(key) ?? 0) >= limits.addressOperations) throw tooManyAtOnce();
      add(operations, key, 1);
      entered.set(request, key);
      // A peer on this machine is the operator, or a proxy whose users would all count as one.
      if (!trustProxy && ipAddress !== null && isLoopback(ipAddress)) return;
      try {
        await minute.consume(key);
      } catch (refusal) {
        leave(request);
        const wait = refusal instanceof RateLimiterRes ? refusal.msBeforeNext : 1_000;
        throw tooManyAMinute(Math.max(1, Math.ceil(wait / 1_000)));
      }
    },
    step(result, { request }) {
      const key = entered.get(request);
      leave(request);
      if (key === undefined || !isAsyncIterable(result)) return result;
      if ((streams.get(key) ?? 0) >= limits.addressStreams) {
        void result[Symbol.asyncIterator]().return?.(undefined);
        return { errors: [tooManyStreams()] };
      }
      add(streams, key, 1);
      return finalAsyncIterator(
        result[Symbol.asyncIterator]() as AsyncIterableIterator<object>,
        () => add(streams, key, -1),
      );
    },
    close() {
      if (redis?.isOpen) redis.destroy();
    },
  };
}

function add(counts: Map<string, number>, key: string, difference: number): void {
  const count = (counts.get(key) ?? 0) + difference;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

function tooManyAtOnce(): GraphQLError {
  return refusal(503, 1, 'Too many operations of this address are in progress');
}

function tooManyAMinute(seconds: number): GraphQLError {
  return refusal(429, seconds, 'This address has sent too many operations in the last minute');
}

function tooManyStreams(): GraphQLError {
  return refusal(503, 60, 'This address has too many open streams');
}

function refusal(status: number, seconds: number, reason: string): GraphQLError {
  const unit = seconds === 1 ? 'second' : 'seconds';
  return new GraphQLError(`${reason}: ask again in ${seconds} ${unit}.`, {
    extensions: {
      code: 'RATE_LIMITED',
      retryable: true,
      retryAfterSeconds: seconds,
      http: { status, headers: { 'retry-after': `${seconds}` } },
    },
  });
}
