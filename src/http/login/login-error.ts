// The word for a login that failed, as the page that it returns to and the log have it.
import type { LoginFailure } from '../../browser-keyring.ts';
import type { ErrorCode } from '../../schema/errors/error-code.ts';
import { codeOf } from '../../schema/errors/problem.ts';

/** What the `error` parameter of the page returned to may say. */
export type LoginError = ErrorCode | 'LOGIN_CANCELLED' | 'LOGIN_EXPIRED' | 'LOGIN_MISMATCH';

const codes = {
  'unknown-login': 'LOGIN_MISMATCH',
  'other-app': 'LOGIN_MISMATCH',
  'too-late': 'LOGIN_EXPIRED',
  'no-token': 'TOKEN_REJECTED',
  'too-many-attempts': 'RATE_LIMITED',
  'keyring-unavailable': 'KEYRING_UNAVAILABLE',
} as const satisfies Partial<Record<LoginFailure['reason'], LoginError>>;

/** The word for a login that failed. */
export function codeOfFailure(failure: LoginFailure): LoginError {
  return failure.reason === 'broker' ? codeOf(failure.error, 'redeem') : codes[failure.reason];
}
