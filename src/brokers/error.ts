// The one error that leaves a broker's client. It holds no header, URL, body or third-party error.
import { type Cancellable, isDeadline } from '../shared/cancellation.ts';
import { systemCode } from './upstream/system-code.ts';

/**
 * Why a call gave no answer.
 * - `token`: the access, request or refresh token is not accepted.
 * - `app-secret`: the broker refused what this gateway holds of the app, such as its secret: only the operator can correct it.
 * - `input`: the broker refused what the caller sent, such as a user id.
 * - `not-supported`: the broker has no such call, or this gateway does not read it there; no call was made.
 * - `permission`: the app may not make this call.
 * - `rate-limited`: HTTP 429, or no turn in this app's rate budget before the operation's deadline.
 * - `unavailable`: the broker has trouble of its own, or the connection was refused or broken.
 * - `timeout`: our own deadline passed.
 * - `invalid-response`: an answer that is not of the broker's form.
 * - `other`: anything else that the broker reports.
 * - `aborted`: the caller cancelled the call.
 */
export type BrokerErrorCode =
  | 'token'
  | 'app-secret'
  | 'input'
  | 'not-supported'
  | 'permission'
  | 'rate-limited'
  | 'unavailable'
  | 'timeout'
  | 'invalid-response'
  | 'other'
  | 'aborted';

const passing = new Set<BrokerErrorCode>([
  'rate-limited',
  'unavailable',
  'timeout',
  'invalid-response',
  'aborted',
]);

/** What is known of a failed call. */
export interface BrokerErrorDetails {
  /** The broker's own name of the error; null where it sent none. */
  readonly errorType?: string | null;
  /** The HTTP status; null where no answer came. */
  readonly status?: number | null;
  /** The broker's own words, cleaned by {@link cleanMessage}; null without a message. */
  readonly brokerMessage?: string | null;
  /** What happened and what to do, for people, where that is more than the code says. */
  readonly advice?: string | null;
  /** Whether the broker refused the app and not the user, although the code does not say so. Default false. */
  readonly isAppRefused?: boolean;
  /** Seconds to wait before asking again; null where the broker did not say. */
  readonly retryAfterSeconds?: number | null;
  /** False when the request surely never reached the broker. Default true. */
  readonly mayHaveReachedBroker?: boolean;
  /** What the system or the HTTP client calls the failure, such as `ECONNREFUSED`; kept where it is such a word. */
  readonly systemCode?: unknown;
  /** Resolves when the connection of a call that was given up is made, or has failed; null where none is being made. */
  readonly connecting?: Promise<void> | null;
}

/** A call to a broker that gave no usable answer. Its fields are safe to show and to log. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  /** Why, as a stable word. */
  readonly code: BrokerErrorCode;
  /** The broker's own name of the error, or null. */
  readonly errorType: string | null;
  /** The HTTP status, or null where no answer came. */
  readonly status: number | null;
  /** The broker's own words, cleaned, or null. */
  readonly brokerMessage: string | null;
  /** What happened and what to do, in this gateway's words; null where the code says all. */
  readonly advice: string | null;
  /** Whether the broker refused the app and not the user, although the code does not say so. */
  readonly isAppRefused: boolean;
  /** Seconds to wait before asking again, or null. */
  readonly retryAfterSeconds: number | null;
  /** False when the request surely never reached the broker. */
  readonly mayHaveReachedBroker: boolean;
  /** What the system calls the failure, such as `ECONNREFUSED`, for the log; null where it has no word for it. */
  readonly systemCode: string | null;
  /** Until then the call has a connection that is being made, though it was given up; null where it has none. */
  readonly connecting: Promise<void> | null;

  /** @param code why the call failed, from which the message is made. */
  constructor(code: BrokerErrorCode, details: BrokerErrorDetails = {}) {
    // As in without-stack.ts: it is an answer, and its stack costs more than all else of it.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(`Broker call failed: ${code}`);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.errorType = details.errorType ?? null;
    this.status = details.status ?? null;
    this.brokerMessage = details.brokerMessage ?? null;
    this.advice = details.advice ?? null;
    this.isAppRefused = details.isAppRefused ?? false;
    this.retryAfterSeconds = details.retryAfterSeconds ?? null;
    this.mayHaveReachedBroker = details.mayHaveReachedBroker ?? true;
    this.systemCode = systemCode(details.systemCode);
    this.connecting = details.connecting ?? null;
  }

  /** Whether only the operator can correct it. */
  get concernsOperator(): boolean {
    return this.code === 'app-secret' || this.isAppRefused;
  }

  /** Whether the same read may succeed later, without a login or another change. */
  get mayPass(): boolean {
    return passing.has(this.code);
  }
}

/** What an HTTP status alone says of a call that failed; null where it says nothing. */
export function codeOfStatus(status: number): BrokerErrorCode | null {
  if (status === 429) return 'rate-limited';
  return status >= 500 ? 'unavailable' : null;
}

/**
 * The error for a signal that fired: our operation's deadline is a timeout, everything else an abort.
 * @param mayHaveReachedBroker false where nothing had been sent yet.
 * @param connecting as {@link BrokerError.connecting}.
 */
export function abortedBy(
  signal: Cancellable,
  mayHaveReachedBroker = true,
  connecting: Promise<void> | null = null,
): BrokerError {
  const code = isDeadline(signal) ? 'timeout' : 'aborted';
  return new BrokerError(code, { mayHaveReachedBroker, connecting });
}

/** The error for a call that a broker does not have. */
export function notSupported(advice?: string): BrokerError {
  return new BrokerError('not-supported', {
    mayHaveReachedBroker: false,
    ...(advice !== undefined && { advice }),
  });
}
