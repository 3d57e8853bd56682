// The one place that opens connections to Redis: they fail fast, come back by themselves, and let no error of the
// client's own through.
import {
  ConnectionTimeoutError,
  createClient,
  ErrorReply,
  SocketClosedUnexpectedlyError,
  SocketTimeoutError,
} from '@redis/client';
import { systemCode } from './system-code.ts';

/** A connection that fell silent is noticed by the ping that stays unanswered, and made anew. */
const pingInterval = 2_000;

/**
 * A client that is not connected yet.
 * @param connectSeconds how long a connection may take, and the longest pause before the next one is tried.
 * @throws TypeError for a URL that is not one of Redis; it is not quoted.
 */
export function createRedisClient(url: string, connectSeconds: number) {
  const patience = connectSeconds * 1_000;
  try {
    return createClient({
      url,
      // What waits for a connection would hold its caller back, and be written after the caller was told that it failed.
      disableOfflineQueue: true,
      pingInterval,
      socket: {
        connectTimeout: patience,
        socketTimeout: 2 * pingInterval + patience,
        reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 10), patience),
      },
    });
  } catch {
    // The client's own error quotes the URL, password and all.
    throw new TypeError(
      'The address of Redis is not of the form redis://[user:password@]host[:port][/number]',
    );
  }
}

/** The code of a system's error, or the first word of what Redis answered, such as `WRONGPASS`; null where unknown. */
export function redisCause(error: unknown): string | null {
  if (error instanceof ErrorReply) return /^[A-Z]{2,32}(?= |$)/.exec(error.message)?.[0] ?? null;
  if (error instanceof SocketClosedUnexpectedlyError) return 'ECONNRESET';
  if (error instanceof ConnectionTimeoutError || error instanceof SocketTimeoutError) {
    return 'ETIMEDOUT';
  }
  return error instanceof Error && 'code' in error ? systemCode(error.code) : null;
}
