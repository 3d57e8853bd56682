// Kite's user endpoints as functions. Each sends, opens the envelope, parses, and throws nothing but KiteError.
import { checksum } from './checksum.ts';
import type { Credential } from './credential.ts';
import { openEnvelope } from './envelope.ts';
import { KiteError } from './error.ts';
import {
  type Margins,
  parseMargins,
  parseSegmentMargins,
  type Segment,
  type SegmentMargins,
} from './margins.ts';
import type { Operation } from './operation.ts';
import { type Profile, parseProfile } from './profile.ts';
import { Secret } from './secret.ts';
import { type KiteSession, parseSession } from './session.ts';
import type { KiteRequest, Transport } from './transport.ts';

/** What redeems a one-time or long-lived token: the app's secret, or a checksum that somebody else made with it. */
export type Proof = { readonly apiSecret: Secret } | { readonly checksum: Secret };

/** The calls. Every one throws KiteError; the operation's signal ends the waiting and the call. */
export interface KiteClient {
  /** GET /user/profile */
  profile(credential: Credential, operation: Operation): Promise<Profile>;
  /** GET /user/margins: both segments. */
  margins(credential: Credential, operation: Operation): Promise<Margins>;
  /** GET /user/margins/:segment */
  segmentMargins(
    credential: Credential,
    segment: Segment,
    operation: Operation,
  ): Promise<SegmentMargins>;
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

/**
 * Makes a client over a transport.
 * @param maxNesting objects and lists inside each other in an answer.
 * @param onObtained told of each credential that Kite hands out.
 */
export function createKiteClient(
  send: Transport,
  maxNesting: number,
  onObtained: (credential: Credential) => void = () => {},
): KiteClient {
  async function call(request: KiteRequest, operation: Operation): Promise<unknown> {
    return openEnvelope(await send(request, operation), secretsOf(request), maxNesting);
  }

  async function redeem(
    path: string,
    tokenName: 'request_token' | 'refresh_token',
    [apiKey, token, proof]: readonly [string, Secret, Proof],
    operation: Operation,
  ): Promise<KiteSession> {
    const sum = 'checksum' in proof ? proof.checksum : checksum(apiKey, token, proof.apiSecret);
    const form = { api_key: apiKey, [tokenName]: token, checksum: sum };
    const request: KiteRequest = { method: 'POST', path, apiKey, form };
    const session = parsed(parseSession(await call(request, operation)));
    onObtained({ apiKey, accessToken: session.accessToken });
    return session;
  }

  return {
    async profile(credential, operation) {
      return parsed(parseProfile(await call(get('/user/profile', credential), operation)));
    },
    async margins(credential, operation) {
      return parsed(parseMargins(await call(get('/user/margins', credential), operation)));
    },
    async segmentMargins(credential, segment, operation) {
      const request = get(`/user/margins/${segment}`, credential);
      return parsed(parseSegmentMargins(await call(request, operation)));
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
      );
    },
    async invalidateRefreshToken(apiKey, refreshToken, operation) {
      const query = { api_key: apiKey, refresh_token: refreshToken };
      await call({ method: 'DELETE', path: '/session/token', apiKey, query }, operation);
    },
  };
}

function get(path: string, credential: Credential): KiteRequest {
  return { method: 'GET', path, apiKey: credential.apiKey, credential };
}

function parsed<T>(value: T | null): T {
  if (value === null) throw new KiteError('invalid-response', { status: 200 });
  return value;
}

function secretsOf(request: KiteRequest): Secret[] {
  const values = [...Object.values(request.query ?? {}), ...Object.values(request.form ?? {})];
  const secrets = values.filter((value) => value instanceof Secret);
  return request.credential ? [...secrets, request.credential.accessToken] : secrets;
}
