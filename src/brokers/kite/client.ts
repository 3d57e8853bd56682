// Kite's user endpoints as functions. Each sends, opens the envelope, parses, and throws nothing but KiteError.

import type { RefusedCredentials } from '../upstream/budget/refused-credentials.ts';
import type { Operation } from '../upstream/operation.ts';
import { Secret } from '../upstream/secret.ts';
import type { KiteRequest, Transport } from '../upstream/transport.ts';
import { checksum } from './checksum.ts';
import type { Credential } from './credential.ts';
import { openEnvelope } from './envelope.ts';
import { KiteError } from './error.ts';
import { malformed } from './field.ts';
import {
  type Margins,
  parseMargins,
  parseSegment,
  type Segment,
  type SegmentMargins,
} from './margins.ts';
import { type Profile, parseProfile } from './profile.ts';
import { type KiteSession, parseSession } from './session.ts';

/** What redeems a one-time or long-lived token: the app's secret, or a checksum that somebody else made with it. */
export type Proof = { readonly apiSecret: Secret } | { readonly checksum: Secret };

/** The calls. Every one throws KiteError; the operation's signal ends the waiting and the call. */
export interface KiteClient {
  /** GET /user/profile */
  profile(credential: Credential, operation: Operation): Promise<Profile>;
  /** GET /user/margins: both segments. */
  margins(credential: Credential, operation: Operation): Promise<Margins>;
  /** GET /user/margins/:segment; null where the user does not have it. */
  segmentMargins(
    credential: Credential,
    segment: Segment,
    operation: Operation,
  ): Promise<SegmentMargins | null>;
  /** POST /session/token: redeems a request token, which works once. Never retried. */
  exchangeToken(
    apiKey: string,
    requestToken: Secret,
    proof: Proof,
    operation: Operation,
  ): Promise<KiteSession>;
  /** POST /session/refresh_token: a new access token for a refresh token. Never retried. */
  renewSession(
    apiKey: string,
    refreshToken: Secret,
    proof: Proof,
    operation: Operation,
  ): Promise<KiteSession>;
  /** DELETE /session/token: Kite forgets the access token. Never retried. */
  invalidateAccessToken(credential: Credential, operation: Operation): Promise<void>;
  /** DELETE /session/token with a refresh token: Kite forgets that. Never retried. */
  invalidateRefreshToken(apiKey: string, refreshToken: Secret, operation: Operation): Promise<void>;
}

/** A call that gave no usable answer; nothing in it is secret. */
export interface FailedCall {
  readonly request: Pick<KiteRequest, 'method' | 'path' | 'apiKey'>;
  readonly operation: Operation;
  readonly error: KiteError;
}

/** What a client needs beside its transport. */
export interface KiteClientOptions {
  /** Objects and lists inside each other in an answer. */
  readonly maxNesting: number;
  /** The credentials that Kite has just refused. */
  readonly refused: RefusedCredentials;
  /** Told of each credential that Kite hands out. */
  readonly onObtained?: ((credential: Credential) => void) | undefined;
  /** Told of every call that failed, except those that were cancelled. */
  readonly onFailure?: ((call: FailedCall) => void) | undefined;
}

/** Makes a client over a transport. */
export function createKiteClient(send: Transport, options: KiteClientOptions): KiteClient {
  const { maxNesting, refused, onObtained, onFailure } = options;

  /** Makes a call, and reads the data of its answer; null from `parse` is an answer that makes no sense. */
  async function call<T>(
    request: KiteRequest,
    operation: Operation,
    parse: (data: unknown) => T | null,
  ): Promise<T> {
    const { credential } = request;
    const refusal = credential && refused.find(credential);
    if (refusal !== undefined) throw refusal;
    if (operation.admit?.() === false) {
      throw new KiteError('rate-limited', { retryAfterSeconds: 1, mayHaveReachedKite: false });
    }
    try {
      const response = await send(request, operation);
      const value = parse(openEnvelope(response, secretsOf(request), maxNesting));
      if (value === null) throw new KiteError('invalid-response', { status: response.status });
      return value;
    } catch (thrown) {
      const error = isOthersChecksum(request, thrown) ? new KiteError('token', thrown) : thrown;
      if (credential && error instanceof KiteError && error.code === 'token') {
        refused.add(credential, error);
      }
      if (error instanceof KiteError && error.code !== 'aborted') {
        onFailure?.({ request, operation, error });
      }
      throw error;
    }
  }

  async function redeem(
    path: string,
    tokenName: 'request_token' | 'refresh_token',
    [apiKey, token, proof]: readonly [string, Secret, Proof],
    operation: Operation,
  ): Promise<KiteSession> {
    const sum = 'checksum' in proof ? proof.checksum : checksum(apiKey, token, proof.apiSecret);
    const form = { api_key: apiKey, [tokenName]: token, checksum: sum };
    const isChecksumBrought = 'checksum' in proof;
    const request: KiteRequest = { method: 'POST', path, apiKey, form, isChecksumBrought };
    const session = await call(request, operation, parseSession);
    const credential = { apiKey, accessToken: session.accessToken };
    refused.delete(credential);
    onObtained?.(credential);
    return session;
  }

  return {
    profile(credential, operation) {
      return call(get('/user/profile', credential), operation, parseProfile);
    },
    margins(credential, operation) {
      return call(get('/user/margins', credential), operation, parseMargins);
    },
    async segmentMargins(credential, segment, operation) {
      const request = get(`/user/margins/${segment}`, credential);
      try {
        return (await call(request, operation, wholeSegment)).segment;
      } catch (error) {
        if (saysNoSuchSegment(error)) return null;
        throw error;
      }
    },
    exchangeToken(apiKey, requestToken, proof, operation) {
      return redeem('/session/token', 'request_token', [apiKey, requestToken, proof], operation);
    },
    renewSession(apiKey, refreshToken, proof, operation) {
      const path = '/session/refresh_token';
      return redeem(path, 'refresh_token', [apiKey, refreshToken, proof], operation);
    },
    async invalidateAccessToken(credential, operation) {
      const { apiKey, accessToken } = credential;
      const query = { api_key: apiKey, access_token: accessToken };
      await call(
        { method: 'DELETE', path: '/session/token', apiKey, query, credential },
        operation,
        anything,
      );
    },
    async invalidateRefreshToken(apiKey, refreshToken, operation) {
      const query = { api_key: apiKey, refresh_token: refreshToken };
      await call({ method: 'DELETE', path: '/session/token', apiKey, query }, operation, anything);
    },
  };
}

/** Whether Kite refused a checksum that the caller brought: that says nothing of the secret this gateway holds. */
function isOthersChecksum(request: KiteRequest, error: unknown): error is KiteError {
  return (
    error instanceof KiteError && error.code === 'checksum' && request.isChecksumBrought === true
  );
}

function get(path: string, credential: Credential): KiteRequest {
  return { method: 'GET', path, apiKey: credential.apiKey, credential };
}

/** A segment, or that the user has none; null where the answer makes no sense. */
function wholeSegment(data: unknown): { readonly segment: SegmentMargins | null } | null {
  const segment = parseSegment(data);
  return segment === malformed ? null : { segment };
}

/** Whether Kite refuses to show a segment because the user does not have it, which the other endpoint leaves out. */
function saysNoSuchSegment(error: unknown): boolean {
  if (!(error instanceof KiteError)) return false;
  const { status, errorType, kiteMessage } = error;
  return status === 400 && errorType === 'InputException' && /segment/i.test(kiteMessage ?? '');
}

/** Takes whatever a successful answer holds. */
function anything(): true {
  return true;
}

function secretsOf(request: KiteRequest): Secret[] {
  const values = [...Object.values(request.query ?? {}), ...Object.values(request.form ?? {})];
  const secrets = values.filter((value) => value instanceof Secret);
  return request.credential ? [...secrets, request.credential.accessToken] : secrets;
}
