// Why Redis does not do its work, as a code for the log.
import {
  ConnectionTimeoutError,
  ErrorReply,
  SocketClosedUnexpectedlyError,
  SocketTimeoutError,
} from '@redis/client';
import { systemCode } from './system-code.ts';

/** The code of a system's error, or the first word of what Redis answered, such as `WRONGPASS`; null where unknown. */
export function redisCause(error: unknown): string | null {
  if (error instanceof ErrorReply) return /^[A-Z]{2,32}(?= |$)/.exec(error.message)?.[0] ?? null;
  if (error instanceof SocketClosedUnexpectedlyError) return 'ECONNRESET';
  if (error instanceof ConnectionTimeoutError || error instanceof SocketTimeoutError) {
    return 'ETIMEDOUT';
  }
  return error instanceof Error && 'code' in error ? systemCode(error.code) : null;
}
