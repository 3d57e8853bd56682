// What people are told: what an error means and what to do, how a session ended, what brokers and devices are called.
import type { Broker, DeviceFieldsFragment, SessionEndReason } from '../generated/graphql.ts';

/** An error in words: what happened, and what to do next. */
export interface ErrorWords {
  readonly title: string;
  readonly advice: string;
}

const errors: Readonly<Record<string, ErrorWords>> = {
  UNAUTHENTICATED: {
    title: 'This browser is not logged in',
    advice: 'Log in to an account.',
  },
  SESSION_EXPIRED: { title: 'The login has expired', advice: 'Log in again.' },
  TOKEN_REJECTED: { title: 'The broker refused the login', advice: 'Log in again.' },
  PERMISSION_DENIED: {
    title: 'The broker does not allow this',
    advice: 'Check the permissions of the app at the broker.',
  },
  APP_MISCONFIGURED: {
    title: 'The app is set up wrongly',
    advice: 'Ask the operator of this gateway: a login does not help.',
  },
  NOT_SUPPORTED: {
    title: 'Amounts of another kind',
    advice: 'This broker does not offer it, or its amounts mean something else.',
  },
  DUPLICATE_USER: {
    title: 'The same user through another app',
    advice: 'Nothing is missing: the user is in the sum once.',
  },
  RATE_LIMITED: {
    title: 'Too many calls to the broker',
    advice: 'Wait a few seconds, then try again.',
  },
  UPSTREAM_UNAVAILABLE: {
    title: 'The broker is not available',
    advice: 'Try again in a moment.',
  },
  UPSTREAM_TIMEOUT: {
    title: 'The broker did not answer in time',
    advice: 'Try again in a moment.',
  },
  UPSTREAM_INVALID_RESPONSE: {
    title: 'The broker’s answer cannot be read',
    advice: 'Try again. If it stays, send the request id to the operator.',
  },
  UPSTREAM_ERROR: {
    title: 'The broker reports an error',
    advice: 'Try again. If it stays, send the request id to the operator.',
  },
  KEYRING_UNAVAILABLE: {
    title: 'The store of logins is not available',
    advice: 'Your logins are not lost. Try again in a moment.',
  },
  NOT_FOUND: { title: 'No longer there', advice: 'Reload the page.' },
  BAD_USER_INPUT: { title: 'The input is not accepted', advice: 'Correct it, and try again.' },
  TOO_LARGE: { title: 'Too much at once', advice: 'Ask the operator to raise the limit.' },
  DOCUMENT_NOT_TRUSTED: {
    title: 'The gateway does not know this page’s queries',
    advice: 'Reload the page: it may be of an earlier version.',
  },
  NETWORK_FAILED: {
    title: 'The gateway cannot be reached',
    advice: 'Check the connection. The page tries again by itself.',
  },
  TIMED_OUT: { title: 'The gateway did not answer in time', advice: 'Try again.' },
  NOT_GRAPHQL: {
    title: 'Something between this page and the gateway answered',
    advice: 'A proxy or a login page may be in the way. Reload the page.',
  },
};
const fallback: ErrorWords = {
  title: 'Something went wrong',
  advice: 'Try again. If it stays, send the request id to the operator.',
};

/** What a code means for people. */
export function wordsFor(code: string): ErrorWords {
  const documents = code.startsWith('DOCUMENT_') ? errors.DOCUMENT_NOT_TRUSTED : undefined;
  return errors[code] ?? documents ?? fallback;
}

/** What a broker is called. */
export const brokerNames: Readonly<Record<Broker, string>> = {
  KITE: 'Zerodha',
  KOTAK: 'Kotak Securities',
};

const endings: Readonly<Record<SessionEndReason, string>> = {
  LOGGED_OUT: 'logged out',
  REVOKED_ELSEWHERE: 'ended from another browser',
  REFUSED_BY_BROKER: 'expired',
  REPLACED: 'replaced by a later login',
  IDLE: 'ended: not used for days',
  TOO_MANY: 'ended: too many logins in this browser',
};

/** How a session ended. */
export function wordsForEnd(reason: SessionEndReason | null | undefined): string {
  return reason ? endings[reason] : 'expired';
}

/** What people call a device: `Safari on iPhone`. */
export function deviceName(device: DeviceFieldsFragment | null | undefined): string {
  const program = device?.client?.name;
  const machine = device?.model ?? device?.operatingSystem?.name ?? device?.kind;
  if (program && machine) return `${program} on ${machine}`;
  return program ?? machine ?? 'Unknown device';
}
