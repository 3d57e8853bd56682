// What to offer the user for each code of an error. The compiler refuses the switch where a code is missing.
import type { ErrorExtensions } from 'kite-graphql';

/** What helps: a new login, waiting, or a person. */
export function adviceFor({
  code,
  retryable,
  retryAfterSeconds,
  loginUrl,
}: ErrorExtensions): string {
  switch (code) {
    case 'UNAUTHENTICATED':
    case 'SESSION_EXPIRED':
    case 'TOKEN_REJECTED':
      return `log in again${loginUrl === undefined ? '' : `: ${loginUrl}`}`;
    case 'RATE_LIMITED':
    case 'UPSTREAM_UNAVAILABLE':
    case 'UPSTREAM_TIMEOUT':
    case 'UPSTREAM_INVALID_RESPONSE':
    case 'UPSTREAM_ERROR':
    case 'KEYRING_UNAVAILABLE':
    case 'INTERNAL_SERVER_ERROR':
      return retryable ? `try again in ${retryAfterSeconds ?? 10} seconds` : 'try again later';
    case 'NOT_SUPPORTED':
      return 'this broker does not have it';
    case 'PERMISSION_DENIED':
    case 'APP_MISCONFIGURED':
      return 'tell the operator of the gateway';
    case 'AMBIGUOUS_ACCOUNT':
    case 'BAD_USER_INPUT':
    case 'DOCUMENT_MISMATCH':
    case 'DOCUMENT_NOT_FOUND':
    case 'DOCUMENT_NOT_TRUSTED':
    case 'DUPLICATE_USER':
    case 'NOT_FOUND':
    case 'TOO_LARGE':
      return 'correct the request';
    default:
      // A newer gateway may send a code that this build does not know.
      return `tell the developers of this page: ${code satisfies never}`;
  }
}
