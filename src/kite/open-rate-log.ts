// Which rate log a gateway uses: none, its own, or the one that replicas share in Redis.
import { createClient } from '@redis/client';
import { createMemoryRateLog } from './memory-rate-log.ts';
import { type RateLog, unlimited } from './rate-log.ts';
import { createRedisRateLog, type RedisCommands } from './redis-rate-log.ts';

/** Where starts are counted. */
export interface RateLogOptions {
  /** The most calls per app in any 1,000 ms; 0 for no limit. */
  readonly limit: number;
  /** `redis://` or `rediss://`: the Redis that replicas share. Left out: this process counts by itself. */
  readonly redisUrl?: string | undefined;
  /** Told once whenever Redis stops answering (false), and when it answers again (true). */
  readonly onReachable: (isReachable: boolean) => void;
}

/** A rate log, and the way to close the connection that it may have. */
export interface OpenRateLog {
  readonly log: RateLog;
  readonly close: () => Promise<void>;
}

/**
 * Opens a rate log. A Redis that cannot be reached is tried again and again, and meanwhile done without.
 * @throws TypeError for a URL that is none.
 */
export function openRateLog({ limit, redisUrl, onReachable }: RateLogOptions): OpenRateLog {
  if (limit === 0) return { log: unlimited, close: async () => {} };
  if (redisUrl === undefined) return { log: createMemoryRateLog(limit), close: async () => {} };
  const client = createClient({
    url: redisUrl,
    // A command that waited for a connection would hold a call back for as long.
    disableOfflineQueue: true,
    socket: { reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 2_000) },
  });
  // Commands reject while there is no connection, and the log says so; the event says nothing more.
  client.on('error', () => {});
  const connected = client.connect().catch(() => {});
  const commands: RedisCommands = {
    // The first calls may come before the first connection: they wait for it as long as for an answer.
    async sendCommand(words) {
      if (!client.isReady) await connected;
      return client.sendCommand(words);
    },
  };
  return {
    log: createRedisRateLog(commands, { limit, onReachable }),
    close: async () => client.destroy(),
  };
}
