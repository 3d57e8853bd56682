// ErrorCode: the stable word of every failure, in data and in extensions.code alike. A published type: no GraphQL here.
import type { BrokerName } from '../../brokers/broker.ts';

/** What each code means, as the schema says it. */
export const errorCodes = {
  UNAUTHENTICATED: 'No credential came with the request. Send one, or log in.',
  AMBIGUOUS_ACCOUNT: 'The request reaches several accounts and did not say which one it means.',
  NOT_FOUND: 'No account with this id is reached by this request.',
  BAD_USER_INPUT: 'The request itself is wrong: syntax, a variable, a header or an argument.',
  DUPLICATE_USER:
    'The same broker user is reached through a second app as well, and is counted once in a sum.',
  TOKEN_REJECTED:
    'The broker refused the request token, refresh token or checksum. Start the login again.',
  SESSION_EXPIRED:
    'The broker no longer accepts the access token, as happens every morning with Kite. Log in again.',
  PERMISSION_DENIED: 'The app may not make this call.',
  TOO_LARGE: 'The answer is larger than this gateway gives. Ask for less at a time.',
  APP_MISCONFIGURED:
    'The secret or key of the app is wrong at the gateway. No login mends that: only its operator can.',
  RATE_LIMITED:
    'Too many calls through this app: Kite allows about ten a second, all of its users together, and this one had ' +
    'no turn in time. Ask again after `retryAfterSeconds`, with `Cache-Control: max-age=N` if what was answered ' +
    'already may be answered again without a call.',
  NOT_SUPPORTED: 'This broker does not offer it, or this gateway does not read it there.',
  UPSTREAM_UNAVAILABLE: 'The broker could not be reached, or is having trouble of its own.',
  UPSTREAM_TIMEOUT: 'The broker did not answer in time.',
  UPSTREAM_INVALID_RESPONSE: 'The broker’s answer cannot be read.',
  UPSTREAM_ERROR: 'Any other error that the broker reports.',
  KEYRING_UNAVAILABLE:
    'The gateway cannot reach the store of its browser sessions. They are not lost; ask again later.',
  INTERNAL_SERVER_ERROR: 'A fault of the gateway. Its log has more under the request id.',
} as const;

/** The stable word of a failure. */
export type ErrorCode = keyof typeof errorCodes;

/** Whether a value is one of the codes. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorCodes, value);
}

/** `extensions` of every error in an answer, for clients to branch on; `message` is for people and may change. */
export interface ErrorExtensions {
  /** What went wrong. More codes may come. */
  readonly code: ErrorCode;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** The answer's X-Request-Id, which is in the gateway's log too. */
  readonly requestId: string;
  /** The account concerned. */
  readonly accountId?: string;
  /** The argument or input field at fault. */
  readonly field?: string;
  /** Where the user logs in again. */
  readonly loginUrl?: string;
  /** Seconds to wait before asking again. */
  readonly retryAfterSeconds?: number;
  /** How many errors had no room in the answer; in the last error alone. */
  readonly omittedErrors?: number;
  /** Which broker answered, and what it said; of an answer that made no sense, its status alone. */
  readonly broker?: {
    readonly name: BrokerName;
    readonly errorType: string | null;
    readonly status: number | null;
    readonly message: string | null;
  };
}
