// ErrorCode: the stable code of every failure, in data and in extensions.code. A published type, without GraphQL.
import type { BrokerName } from '../../brokers/broker-name.ts';

/** The meaning of each code, as in the schema. */
export const errorCodes = {
  UNAUTHENTICATED: 'The request has no credential. Send one, or log in.',
  AMBIGUOUS_ACCOUNT: 'The request has several accounts and does not select one of them.',
  NOT_FOUND: 'The request has no account with this id.',
  BAD_USER_INPUT: 'The request is invalid: syntax, a variable, a header or an argument.',
  DUPLICATE_USER:
    'The request has the same broker user through a second app as well. A sum counts the user once.',
  TOKEN_REJECTED:
    'The broker refused the request token, refresh token, checksum, password or access code. Start the login again.',
  SESSION_EXPIRED:
    'The broker no longer accepts the access token; with Kite this happens every morning. Log in again.',
  PERMISSION_DENIED: 'The app may not make this call.',
  TOO_LARGE: 'The answer is larger than the gateway allows. Select less in one request.',
  APP_MISCONFIGURED:
    'The secret or key of the app is wrong at the gateway. A login does not help; the operator has to correct it.',
  RATE_LIMITED:
    'Too many calls through this app. Kite allows about ten a second for all users of an app, and this call ' +
    'could not start before the deadline. Retry after `retryAfterSeconds`. Add `Cache-Control: max-age=N` to ' +
    'accept earlier answers without a call.',
  NOT_SUPPORTED:
    'The broker does not offer this, or the gateway does not support it for this broker.',
  UPSTREAM_UNAVAILABLE: 'The broker could not be reached, or reported a failure of its own.',
  UPSTREAM_TIMEOUT: 'The broker did not answer in time.',
  UPSTREAM_INVALID_RESPONSE: 'The broker’s answer cannot be read.',
  UPSTREAM_ERROR: 'Any other error that the broker reports.',
  KEYRING_UNAVAILABLE:
    'The gateway cannot reach the store of browser sessions, or cannot record changes in its audit log. The sessions are ' +
    'not lost; retry later.',
  DOCUMENT_NOT_TRUSTED:
    'The gateway executes only the documents of its list, and the request has the text of a document instead of an id.',
  DOCUMENT_NOT_FOUND: 'The gateway’s list has no document with the id that the request names.',
  DOCUMENT_MISMATCH: 'The document with the id that the request names has another text.',
  INTERNAL_SERVER_ERROR: 'An error in the gateway. Its log has details under the request id.',
} as const;

/** The stable code of a failure. */
export type ErrorCode = keyof typeof errorCodes;

/** Whether a value is one of the codes. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorCodes, value);
}

/** `extensions` of every error in an answer, for clients to branch on; `message` is for people and may change. */
export interface ErrorExtensions {
  /** The error. More codes may be added. */
  readonly code: ErrorCode;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** The answer's X-Request-Id, which is in the gateway's log too. */
  readonly requestId: string;
  /** The account concerned. */
  readonly accountId?: string;
  /** The argument or input field at fault. */
  readonly field?: string;
  /** The page where the user logs in again. */
  readonly loginUrl?: string;
  /** Seconds to wait before a retry. */
  readonly retryAfterSeconds?: number;
  /** The number of errors that the answer leaves out; only in the last error. */
  readonly omittedErrors?: number;
  /** The broker that answered, and its answer; only its status if the answer cannot be read. */
  readonly broker?: {
    readonly name: BrokerName;
    readonly errorType: string | null;
    readonly status: number | null;
    readonly message: string | null;
  };
}
