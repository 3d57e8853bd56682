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
import { type Profile, parseProfile } from './profile.ts';
import { Secret } from './secret.ts';
import { type KiteSession, parseSession } from './session.ts';
import type { KiteRequest, Transport } from './transport.ts';

/** What redeems a one-time or long-lived token: the app's secret, or a checksum that somebody else made with it. */
export type Proof = { readonly apiSecret: Secret } | { readonly checksum: Secret };

/** The calls. Every one throws KiteError; a signal ends the waiting and the call. */
export interface KiteClient {
  /** GET /user/profile */
  profile(credential: Credential, signal?: AbortSignal): Promise<Profile>;
  /** GET /user/margins: both segments. */
  margins(credential: Credential, signal?: AbortSignal): Promise<Margins>;
  /** GET /user/margins/:segment */
  segmentMargins(
    credential: Credential,
    segment: Segment,
    signal?: AbortSignal,
  ): Promise<SegmentMargins>;
  /** POST /session/token: redeems a request token, which works once. Never retried. */
  exchangeToken(
    apiKey: string,
    requestToken: Secret,
    proof: Proof,
    signal?: AbortSignal,
  ): Promise<KiteSession>;
  /** POST /session/refresh_token: a new access token for a refresh token. Never retried. */
  renewSession(
    apiKey: string,
    refreshToken: Secret,
    proof: Proof,
    signal?: AbortSignal,
  ): Promise<KiteSession>;
  /** DELETE /session/token: Kite forgets the access token. Never retried. */
  invalidateAccessToken(credential: Credential, signal?: AbortSignal): Promise<void>;
  /** DELETE /session/token with a refresh token: Kite forgets that. Never retried. */
  invalidateRefreshToken(apiKey: string, refreshToken: Secret, signal?: AbortSignal): Promise<void>;
}

/** Makes a client over a transport. */
export function createKiteClient(send: Transport): KiteClient {
  async function call(request: KiteRequest, signal: AbortSignal | undefined): Promise<unknown> {
    return openEnvelope(await send(request, signal), secretsOf(request));
  }

  async function redeem(
    path: string,
    tokenName: 'request_token' | 'refresh_token',
    [apiKey, token, proof]: readonly [string, Secret, Proof],
    signal: AbortSignal | undefined,
  ): Promise<KiteSession> {
    const sum = 'checksum' in proof ? proof.checksum : checksum(apiKey, token, proof.apiSecret);
    const form = { api_key: apiKey, [tokenName]: token, checksum: sum };
    return parsed(parseSession(await call({ method: 'POST', path, form }, signal)));
  }

  return {
    async profile(credential, signal) {
      return parsed(
        parseProfile(await call({ method: 'GET', path: '/user/profile', credential }, signal)),
      );
    },
    async margins(credential, signal) {
      return parsed(
        parseMargins(await call({ method: 'GET', path: '/user/margins', credential }, signal)),
      );
    },
    async segmentMargins(credential, segment, signal) {
      const path = `/user/margins/${segment}`;
      return parsed(parseSegmentMargins(await call({ method: 'GET', path, credential }, signal)));
    },
    exchangeToken(apiKey, requestToken, proof, signal) {
      return redeem('/session/token', 'request_token', [apiKey, requestToken, proof], signal);
    },
    renewSession(apiKey, refreshToken, proof, signal) {
      const path = '/session/refresh_token';
      return redeem(path, 'refresh_token', [apiKey, refreshToken, proof], signal);
    },
    async invalidateAccessToken(credential, signal) {
      const query = { api_key: credential.apiKey, access_token: credential.accessToken };
      await call({ method: 'DELETE', path: '/session/token', query, credential }, signal);
    },
    async invalidateRefreshToken(apiKey, refreshToken, signal) {
      const query = { api_key: apiKey, refresh_token: refreshToken };
      await call({ method: 'DELETE', path: '/session/token', query }, signal);
    },
  };
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
