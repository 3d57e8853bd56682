// What the page says: amounts, and errors by their code.
import type { ClientError } from 'kite-graphql/client';

const rupees = new Intl.NumberFormat('en-IN', { style: 'currency', currency: 'INR' });

/** An amount, such as ₹2,45,431.60. */
export const amount = (value: number | null | undefined): string =>
  value == null ? '—' : rupees.format(value);

/** What an error means to the user. The compiler refuses the switch where a code is missing. */
export function wordsFor(error: ClientError): string {
  switch (error.code) {
    case 'UNAUTHENTICATED':
    case 'SESSION_EXPIRED':
    case 'TOKEN_REJECTED':
      return 'Log in again';
    case 'RATE_LIMITED':
      return `Too many requests: again in ${error.retryAfterSeconds ?? 10} seconds`;
    case 'NOT_SUPPORTED':
      return 'This broker does not have it';
    case 'UPSTREAM_UNAVAILABLE':
    case 'UPSTREAM_TIMEOUT':
    case 'UPSTREAM_INVALID_RESPONSE':
    case 'UPSTREAM_ERROR':
      return 'The broker does not answer: try again later';
    case 'NETWORK_FAILED':
    case 'TIMED_OUT':
      return 'No connection: try again later';
    case 'KEYRING_UNAVAILABLE':
    case 'INTERNAL_SERVER_ERROR':
      return 'The gateway has a problem: try again later';
    case 'PERMISSION_DENIED':
    case 'APP_MISCONFIGURED':
      return 'The operator of the gateway has to correct the app';
    case 'ABORTED':
      return '';
    case 'AMBIGUOUS_ACCOUNT':
    case 'BAD_USER_INPUT':
    case 'DOCUMENT_MISMATCH':
    case 'DOCUMENT_NOT_FOUND':
    case 'DOCUMENT_NOT_TRUSTED':
    case 'DUPLICATE_USER':
    case 'NOT_FOUND':
    case 'NOT_GRAPHQL':
    case 'TOO_LARGE':
    case 'UNKNOWN_CODE':
      return `A fault of this page: ${error.message}`;
  }
}
