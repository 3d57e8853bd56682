// The one error that leaves the Kite client. It holds no header, URL, body or third-party error.
import { isDeadline } from '../upstream/operation.ts';
import { systemCode } from '../upstream/system-code.ts';

/**
 * Why a call gave no answer.
 * - `token`: a TokenException; the access, request or refresh token is not accepted.
 * - `checksum`: Kite refused the checksum that this gateway made: the secret or key it holds for the app is wrong.
 * - `permission`: a PermissionException.
 * - `rate-limited`: HTTP 429, or no turn in this app's rate budget before the operation's deadline.
 * - `unavailable`: another 5xx, a NetworkException, a refused or broken connection.
 * - `timeout`: our own deadline passed.
 * - `invalid-response`: not an envelope where one was due, or one without its data.
 * - `other`: anything else that Kite reports.
 * - `aborted`: whoever wanted the answer has gone.
 */
export type KiteErrorCode =
  | 'token'
  | 'checksum'
  | 'permission'
  | 'rate-limited'
  | 'unavailable'
  | 'timeout'
  | 'invalid-response'
  | 'other'
  | 'aborted';

const passing = new Set<KiteErrorCode>([
  'rate-limited',
  'unavailable',
  'timeout',
  'invalid-response',
  'aborted',
]);

/** What is known of a failed call. */
export interface KiteErrorDetails {
  /** Kite's `error_type`, such as `TokenException`; null where it sent none. */
  readonly errorType?: string | null;
  /** The HTTP status; null where no answer came. */
  readonly status?: number | null;
  /** Kite's own words, cleaned by {@link cleanMessage}; null where there were none. */
  readonly kiteMessage?: string | null;
  /** Seconds to wait before asking again; null where nobody said. */
  readonly retryAfterSeconds?: number | null;
  /** False when the request surely never reached Kite. Default true. */
  readonly mayHaveReachedKite?: boolean;
  /** What the system or the HTTP client calls the failure, such as `ECONNREFUSED`; kept where it is such a word. */
  readonly systemCode?: unknown;
}

/** A call to Kite that gave no usable answer. Its fields are safe to show and to log. */
export class KiteError extends Error {
  override readonly name = 'KiteError';
  /** Why, as a stable word. */
  readonly code: KiteErrorCode;
  /** Kite's `error_type`, or null. */
  readonly errorType: string | null;
  /** The HTTP status, or null where no answer came. */
  readonly status: number | null;
  /** Kite's own words, cleaned, or null. */
  readonly kiteMessage: string | null;
  /** Seconds to wait before asking again, or null. */
  readonly retryAfterSeconds: number | null;
  /** False when the request surely never reached Kite. */
  readonly mayHaveReachedKite: boolean;
  /** What the system calls the failure, such as `ECONNREFUSED`, for the log; null where it has no word for it. */
  readonly systemCode: string | null;

  /** @param code why the call failed, from which the message is made. */
  constructor(code: KiteErrorCode, details: KiteErrorDetails = {}) {
    super(`Kite call failed: ${code}`);
    this.code = code;
    this.errorType = details.errorType ?? null;
    this.status = details.status ?? null;
    this.kiteMessage = details.kiteMessage ?? null;
    this.retryAfterSeconds = details.retryAfterSeconds ?? null;
    this.mayHaveReachedKite = details.mayHaveReachedKite ?? true;
    this.systemCode = systemCode(details.systemCode);
  }

  /** Whether the same read may succeed later, without anybody logging in or changing anything. */
  get mayPass(): boolean {
    return passing.has(this.code);
  }
}

/** What an HTTP status alone says of a call that failed; null where it says nothing. */
export function codeOfStatus(status: number): KiteErrorCode | null {
  if (status === 429) return 'rate-limited';
  return status >= 500 ? 'unavailable' : null;
}

/**
 * The error for a signal that fired: our operation's deadline is a timeout, everything else an abort.
 * @param mayHaveReachedKite false where nothing had been sent yet.
 */
export function abortedBy(signal: AbortSignal, mayHaveReachedKite = true): KiteError {
  return new KiteError(isDeadline(signal) ? 'timeout' : 'aborted', { mayHaveReachedKite });
}
