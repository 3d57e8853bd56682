// A connection to the Redis that replicas share, for what must not wait: commands fail at once while there is none.
import { createClient } from '@redis/client';

/** A client that is not connected yet. @throws TypeError for a URL that is not one of Redis; it is not quoted. */
export function createSharedRedisClient(url: string) {
  try {
    return createClient({
      url,
      // A command that waited for a connection would hold a call back for as long.
      disableOfflineQueue: true,
      // A connection that fell silent is noticed by the ping that stays unanswered.
      pingInterval: 2_000,
      socket: {
        connectTimeout: 1_000,
        socketTimeout: 5_000,
        reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 6), 2_000),
      },
    });
  } catch {
    // The client's own error quotes the URL, password and all.
    throw new TypeError('redisUrl is not of the form redis://[user:password@]host[:port][/number]');
  }
}
