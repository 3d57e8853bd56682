// Which rate log a gateway uses: none, its own, or the one that replicas share in Redis.

import { type Limits, withDefaultLimits } from '../../../../limits.ts';
import type { RedisAddress } from '../../../../shared/redis-address.ts';
import { createRedisClient, redisCause } from '../../redis-client.ts';
import { createMemoryRateLog } from './memory-rate-log.ts';
import { type RateLog, unlimited } from './rate-log.ts';
import type { RedisScripts } from './redis-counts.ts';
import { createRedisRateLog, type SharedState } from './redis-rate-log.ts';
import { beatMilliseconds } from './redis-share.ts';

/** Where starts are counted. */
export interface RateLogOptions {
  /** The most calls per app in any 1,000 ms; 0 for no limit. */
  readonly limit: number;
  /** The Redis that replicas share. Left out: this process counts by itself. */
  readonly redisUrl?: string | RedisAddress | undefined;
  /** A log that is open already; then nothing else is read. */
  readonly rateLog?: RateLog | undefined;
  /** How long Redis may take. Default: as docs/limits.md lists it. */
  readonly limits?: Partial<Limits>;
  /** Told once whenever Redis stops answering, with the code of the cause where it is known, and when it answers again. */
  readonly onReachable: (state: SharedState & { readonly cause: string | null }) => void;
}

/** A rate log, and the way to close the connection that it may have. */
export interface OpenRateLog {
  readonly log: RateLog;
  readonly close: () => Promise<void>;
}

/**
 * Opens a rate log. A Redis that cannot be reached is tried again and again, and meanwhile done without.
 * @throws TypeError for an invalid URL.
 */
export function openRateLog(options: RateLogOptions): OpenRateLog {
  const { limit, redisUrl, rateLog, onReachable } = options;
  if (rateLog !== undefined) return { log: rateLog, close: async () => {} };
  const limits = withDefaultLimits(options.limits);
  if (limit === 0) return { log: unlimited, close: async () => {} };
  if (redisUrl === undefined) return { log: createMemoryRateLog(limit), close: async () => {} };
  const client = createRedisClient(redisUrl, limits.redisConnectSeconds);
  // Commands reject while there is no connection; only the event has the reason.
  let cause: string | null = null;
  const remember = (error: unknown) => {
    cause = redisCause(error) ?? cause;
  };
  client.on('error', remember);
  const connected = client.connect().catch(() => {});
  const scripts: RedisScripts = {
    // The first calls may come before the first connection: they wait for it as long as for an answer.
    async eval(script, input, sending) {
      if (!client.isReady) await connected;
      // The call is cancelled: a start that is counted now would never end.
      sending?.abortSignal?.throwIfAborted();
      try {
        return await client.eval(script, input, sending);
      } catch (error) {
        remember(error);
        throw error;
      }
    },
  };
  const log = createRedisRateLog(scripts, {
    limit,
    patienceMilliseconds: limits.redisAnswerMilliseconds,
    shareMilliseconds: limits.redisShareSeconds * 1_000,
    maxReplicas: limits.redisReplicas,
    onReachable: (state) => {
      if (state.isReachable) cause = null;
      onReachable({ ...state, cause });
    },
  });
  client.on('lost', () => log.forget());
  const timer = setInterval(() => void log.beat(), beatMilliseconds).unref();
  void log.beat();
  return {
    log,
    close: async () => {
      clearInterval(timer);
      if (client.isReady) await log.leave();
      if (client.isOpen) client.destroy();
    },
  };
}
