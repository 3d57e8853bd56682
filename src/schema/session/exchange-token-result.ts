// ExchangeTokenResult: a session or an error. Shared by exchangeToken and renewSession.

import type { Proof } from '../../brokers/broker.ts';
import { isWellFormedToken, Secret } from '../../brokers/upstream/secret.ts';
import type { Context } from '../../context.ts';
import {
  AuthenticationErrorRef,
  InputErrorRef,
  reportedType,
  UpstreamErrorRef,
} from '../api-error.ts';
import { builder } from '../builder.ts';
import { badInput, type Problem } from '../errors/problem.ts';
import { SessionRef } from './session.ts';
import type { SessionSource } from './session-source.ts';

/** The union of both mutations that redeem a token. */
export const ExchangeTokenResultRef = builder.unionType('ExchangeTokenResult', {
  description: 'The new session, or the error.',
  types: [SessionRef, InputErrorRef, AuthenticationErrorRef, UpstreamErrorRef],
  resolveType: (value: SessionSource | Problem, context) =>
    'code' in value ? reportedType(value, context) : 'Session',
});

/** What a redemption needs beside the token. */
export interface Redemption {
  readonly apiKey: string;
  readonly token: Secret;
  readonly proof: Proof;
}

/** What the caller sent; none of it is trusted, and none of it is ever quoted. */
export interface RedemptionInput {
  /** Whether the session goes to a browser's keyring; then the answer contains no token. */
  readonly forKeyring: boolean;
  /** The input field that the token came in. */
  readonly tokenField: 'requestToken' | 'refreshToken';
  readonly token: string;
  readonly apiKey?: string | null | undefined;
  readonly checksum?: string | null | undefined;
}

const word = /^[A-Za-z0-9._-]{1,128}$/;

const hexSha256 = /^[0-9a-f]{64}$/i;

/**
 * Checks a redemption before Kite is called, because a one-time token that is sent in vain is lost:
 * the app, the proof, and whether a keyring or the answer may receive the session.
 */
export function redemption(input: RedemptionInput, context: Context): Redemption | Problem {
  const { exposeTokens, apps } = context;
  if (!exposeTokens && !input.forKeyring) {
    const instead =
      input.tokenField === 'requestToken'
        ? 'log in through loginUrl, or send the state that came back with the redirect'
        : 'renew a browser’s own session by its accountId';
    return badInput(
      input.tokenField,
      `The gateway does not return tokens (EXPOSE_TOKENS), so the session would be lost: ${instead}. Kite was not called, and the token is unspent.`,
    );
  }
  const apiKey = input.apiKey ?? apps.only?.apiKey;
  if (apiKey === undefined) {
    return badInput(
      'apiKey',
      'Say which app the token is for: this gateway does not serve exactly one.',
    );
  }
  if (!word.test(apiKey)) return badInput('apiKey', 'This is not an API key.');
  const token = new Secret(input.token);
  if (!isWellFormedToken(token)) return badInput(input.tokenField, 'This is not a token of Kite.');
  const proof = proofOf(input.checksum, apps.find(apiKey)?.apiSecret);
  if ('code' in proof) return proof;
  return { apiKey, token, proof };
}

/**
 * Counts one more attempt of the sender's address to redeem a token with the gateway's own secret: the problem where
 * it has made too many. A caller with a checksum has the secret and gains nothing from the gateway.
 */
export async function attemptRefused(proof: Proof, { keyring }: Context): Promise<Problem | null> {
  const seconds = 'apiSecret' in proof ? await keyring.attempt() : 0;
  return seconds === 0 ? null : tooManyAttempts(seconds);
}

/** The sender's address has tried to redeem too many tokens; this one is unspent. */
export function tooManyAttempts(retryAfterSeconds: number): Problem {
  const message = 'Too many logins from this address: try again after `retryAfterSeconds`.';
  return { code: 'RATE_LIMITED', message, retryable: true, retryAfterSeconds };
}

function proofOf(
  checksum: string | null | undefined,
  apiSecret: Secret | undefined,
): Proof | Problem {
  if (apiSecret !== undefined) {
    return checksum == null
      ? { apiSecret }
      : badInput('checksum', 'Leave it out: this gateway holds the app’s secret and computes it.');
  }
  if (checksum == null) {
    return badInput('checksum', 'This gateway holds no secret for this app: send the checksum.');
  }
  if (!hexSha256.test(checksum)) {
    return badInput('checksum', 'A checksum is SHA-256 in hexadecimal: 64 digits.');
  }
  return { checksum: new Secret(checksum.toLowerCase()) };
}
