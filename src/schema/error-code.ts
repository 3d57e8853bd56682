// ErrorCode: the stable word of every failure, in data and in extensions.code alike.
import { builder } from './builder.ts';

const descriptions = {
  UNAUTHENTICATED: 'No credential came with the request. Send one, or log in.',
  AMBIGUOUS_ACCOUNT: 'The request reaches several accounts and did not say which one it means.',
  NOT_FOUND: 'No account with this id is reached by this request.',
  BAD_USER_INPUT: 'The request itself is wrong: syntax, a variable, a header or an argument.',
  DUPLICATE_USER:
    'The same broker user is reached through a second app as well, and is counted once in a sum.',
  TOKEN_REJECTED:
    'Kite refused the request token, refresh token or checksum. Start the login again.',
  SESSION_EXPIRED:
    'Kite no longer accepts the access token, as happens every morning. Log in again.',
  PERMISSION_DENIED: 'The app may not make this call.',
  TOO_LARGE: 'The answer is larger than this gateway gives. Ask for less at a time.',
  RATE_LIMITED:
    'Too many calls through this app: Kite allows about ten a second, all of its users together, and this one had ' +
    'no turn in time. Ask again after `retryAfterSeconds`, with `Cache-Control: max-age=N` if what was answered ' +
    'already may be answered again without a call.',
  UPSTREAM_UNAVAILABLE: 'Kite could not be reached, or is having trouble of its own.',
  UPSTREAM_TIMEOUT: 'Kite did not answer in time.',
  UPSTREAM_INVALID_RESPONSE: 'Kite answered something that makes no sense here.',
  UPSTREAM_ERROR: 'Any other error that Kite reports.',
  KEYRING_UNAVAILABLE:
    'The gateway cannot reach the store of its browser sessions. They are not lost; ask again later.',
  INTERNAL_SERVER_ERROR: 'A fault of the gateway. Its log has more under the request id.',
} as const;

/** The stable word of a failure. */
export type ErrorCode = keyof typeof descriptions;

/** The GraphQL enum of {@link ErrorCode}. */
export const ErrorCodeEnum = builder.enumType('ErrorCode', {
  description:
    'What went wrong, as a stable word to branch on. ' +
    'The same words stand in `extensions.code` of every GraphQL error.',
  values: Object.fromEntries(
    Object.entries(descriptions).map(([code, description]) => [code, { description }]),
  ) as Record<ErrorCode, { description: string }>,
});

/** Whether a value is one of the codes. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(descriptions, value);
}
