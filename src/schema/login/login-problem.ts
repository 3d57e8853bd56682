// What the steps of a login by password answer where they fail, with words for what to do.
import type { LoginFailure } from '../../browser-keyring.ts';
import type { Context } from '../../context.ts';
import {
  badInput,
  keyringUnavailable,
  keyringUnavailableAfterCall,
  type Problem,
  problemOf,
} from '../errors/problem.ts';

/** Why a request may not log in by password, as its session would be lost; null where it may. */
export function barredFromLogin({ keyring, exposeTokens }: Context): Problem | null {
  if (keyring.barred === null || exposeTokens) return null;
  const message = `The gateway does not return tokens (EXPOSE_TOKENS), and no keyring can take the session: ${keyring.barred} Or log in through loginUrl. The broker was not called.`;
  return { code: 'BAD_USER_INPUT', message, retryable: false };
}

/** The problem of a login that failed. */
export function failedLogin(failure: LoginFailure, context: Context): Problem {
  switch (failure.reason) {
    case 'too-many-attempts':
      return tooManyTries(failure.retryAfterSeconds);
    case 'keyring-unavailable':
      return failure.isTokenSpent ? keyringUnavailableAfterCall() : keyringUnavailable();
    case 'broker':
      return problemOf(failure.error, 'redeem', context, failure);
    default:
      return badInput('challengeId', unknownChallenge);
  }
}

/** What to do where a challenge is not known. */
const unknownChallenge =
  'No login waits under this id: it was completed or tried before, began too long ago, or in another browser. Start again with beginLogin.';

function tooManyTries(retryAfterSeconds: number): Problem {
  const message =
    'Too many tries from this address or for this user, and wrong tries lock the account at the broker: try again after `retryAfterSeconds`. The broker was not called.';
  return { code: 'RATE_LIMITED', message, retryable: true, retryAfterSeconds };
}
