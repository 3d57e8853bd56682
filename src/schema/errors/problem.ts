// A problem: an expected failure as data. Reads throw it, writes answer it in a union.
import { type BrokerName, defaultBroker } from '../../brokers/broker-name.ts';
import { BrokerError, type BrokerErrorCode } from '../../brokers/error.ts';
import type { Context, ReachedAccount } from '../../context.ts';
import { withoutStack } from '../../shared/without-stack.ts';
import type { ErrorCode, ErrorExtensions } from './error-code.ts';

/** An expected failure, fit to be shown to the caller. The request id is added where every error leaves. */
export interface Problem extends Omit<ErrorExtensions, 'requestId'> {
  /** For people; may change. */
  readonly message: string;
}

/** A problem that a resolver throws. GraphQL makes its own error of it, with these extensions, at the field's path. */
export class ProblemError extends Error {
  /** What the error in the answer says, but for the request id. */
  readonly extensions: Omit<Problem, 'message'>;

  /** @param problem what went wrong. */
  constructor({ message, ...extensions }: Problem) {
    super(message);
    this.extensions = extensions;
  }
}

/** The problem as an error, for a resolver to throw. */
export function problemError(problem: Problem): ProblemError {
  return withoutStack(() => new ProblemError(problem));
}

/** A wrong argument or input field. Never quotes the value, which may be a secret. */
export function badInput(field: string, message: string): Problem {
  return { code: 'BAD_USER_INPUT', message, retryable: false, field };
}

/** An id that this request does not reach. */
export function accountNotFound(accountId: string): Problem {
  const message = 'The request has no account with this id.';
  return { code: 'NOT_FOUND', message, retryable: false, accountId };
}

/** A keyring's session that is known to have ended: said without a call to the broker. */
export function sessionExpired({ id, apiKey }: ReachedAccount, context: Context): Problem {
  const code = 'SESSION_EXPIRED';
  return {
    code,
    message: messages[code] ?? code,
    retryable: false,
    accountId: id,
    ...loginAgain(context, apiKey),
  };
}

/** Header credentials of an app that this gateway does not take: said without a call to the broker. */
export function credentialDenied({ id }: ReachedAccount): Problem {
  return {
    code: 'PERMISSION_DENIED',
    message:
      'The gateway does not accept credentials of this app in the Authorization header. Use one of its own apps, or log in from a browser. The operator can change this with HEADER_CREDENTIALS.',
    retryable: false,
    accountId: id,
  };
}

/** The store of browser sessions cannot be reached: the accounts of a cookie are unknown. */
export function keyringUnavailable(): Problem {
  return {
    code: 'KEYRING_UNAVAILABLE',
    message: 'The gateway cannot reach the store of browser sessions: retry in a moment.',
    retryable: true,
  };
}

/** The same, after the broker was called: what was sent to it may work no more. */
export function keyringUnavailableAfterCall(): Problem {
  const message =
    'The gateway cannot reach the store of browser sessions, and what was sent may be spent at the broker: start again in a moment.';
  return { ...keyringUnavailable(), message, retryable: false };
}

/** What was being done when the broker failed, which decides what a refused token means. */
export type Purpose = 'read' | 'logout' | 'redeem';

/**
 * The problem that a failed call to the broker stands for.
 * @param subject the account or, before there is one, the app that the call was for.
 * @throws the error itself if it is not a BrokerError: an error in the gateway.
 */
export function problemOf(
  error: unknown,
  purpose: Purpose,
  context: Context,
  subject: ReachedAccount | { readonly apiKey: string },
): Problem {
  if (!(error instanceof BrokerError)) throw error;
  const code = codeOf(error, purpose);
  const isAboutLater = code === 'RATE_LIMITED' || code === 'UPSTREAM_UNAVAILABLE';
  const seconds = isAboutLater
    ? (error.retryAfterSeconds ?? (code === 'RATE_LIMITED' ? 1 : null))
    : null;
  const isAboutLogin = code === 'TOKEN_REJECTED' || code === 'SESSION_EXPIRED';
  return {
    code,
    message: wordsOf(error, code),
    retryable: error.mayPass && (purpose === 'read' || !error.mayHaveReachedBroker),
    ...('id' in subject && { accountId: subject.id }),
    ...(isAboutLogin && loginAgain(context, subject.apiKey)),
    ...(seconds !== null && { retryAfterSeconds: seconds }),
    ...(error.status !== null && {
      broker: {
        name: brokerOf(subject, context),
        errorType: error.errorType,
        status: error.status,
        message: error.brokerMessage,
      },
    }),
  };
}

/** What a failed call means, in words for people. */
export function wordsOf(error: BrokerError, code: ErrorCode): string {
  return error.advice ?? messages[code] ?? brokerWords(error);
}

function brokerOf(
  subject: ReachedAccount | { readonly apiKey: string },
  { apps }: Context,
): BrokerName {
  return 'id' in subject ? subject.broker : (apps.find(subject.apiKey)?.broker ?? defaultBroker);
}

/** The word for a failed call. A refused token means another thing to a login than to a session. */
export function codeOf(error: BrokerError, purpose: Purpose): ErrorCode {
  return codes[error.code] ?? (purpose === 'redeem' ? 'TOKEN_REJECTED' : 'SESSION_EXPIRED');
}

/** Where to log in again, as a part of a problem. */
export function loginAgain({ apps }: Context, apiKey: string): Pick<Problem, 'loginUrl'> {
  const loginUrl = apps.loginAgainUrl(apiKey);
  return loginUrl === null ? {} : { loginUrl };
}

const codes: Partial<Record<BrokerErrorCode, ErrorCode>> = {
  permission: 'PERMISSION_DENIED',
  'rate-limited': 'RATE_LIMITED',
  unavailable: 'UPSTREAM_UNAVAILABLE',
  'app-secret': 'APP_MISCONFIGURED',
  input: 'BAD_USER_INPUT',
  'not-supported': 'NOT_SUPPORTED',
  timeout: 'UPSTREAM_TIMEOUT',
  'invalid-response': 'UPSTREAM_INVALID_RESPONSE',
  other: 'UPSTREAM_ERROR',
  // The client has disconnected; the code only has to be retryable.
  aborted: 'UPSTREAM_TIMEOUT',
};

const messages: Partial<Record<ErrorCode, string>> = {
  APP_MISCONFIGURED:
    'The broker refused the checksum: the secret or key of the app is wrong at the gateway. ' +
    'The operator has to correct it; a new login does not help.',
  TOKEN_REJECTED: 'The broker refused the token or the checksum: start the login again.',
  SESSION_EXPIRED: 'The broker no longer accepts the access token of this account: log in again.',
  RATE_LIMITED: 'Too many calls through this app: retry in a moment.',
  BAD_USER_INPUT: 'The broker refused what was sent: check it.',
  NOT_SUPPORTED: 'The gateway does not offer this for this broker.',
  UPSTREAM_UNAVAILABLE: 'The broker could not be reached, or reported a failure of its own.',
  UPSTREAM_TIMEOUT: 'The broker did not answer in time.',
  UPSTREAM_INVALID_RESPONSE: 'The broker’s answer cannot be read.',
};

function brokerWords(error: BrokerError): string {
  return error.brokerMessage === null
    ? 'The broker reported an error.'
    : `The broker reported: ${error.brokerMessage}`;
}
