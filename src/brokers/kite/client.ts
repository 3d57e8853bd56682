// Kite's user endpoints as functions, and how requests and callers' credentials are written. Each function sends, opens the
// envelope, parses, and throws nothing but BrokerError.

import type { BrokerSession, SegmentMargins } from '../answers.ts';
import type { BrokerClient, CredentialScheme, FailedCall, Proof } from '../broker.ts';
import type { Credential } from '../credential.ts';
import { BrokerError, notSupported } from '../error.ts';
import { malformed } from '../field.ts';
import type { RefusedCredentials } from '../upstream/budget/known-credentials.ts';
import type { Operation } from '../upstream/operation.ts';
import type { FollowCall } from '../upstream/report/call-followers.ts';
import { Secret } from '../upstream/secret.ts';
import type { Transport, UpstreamRequest, Wire } from '../upstream/transport.ts';
import { openEnvelope, parseMargins, parseProfile, parseSegment, parseSession } from './answers.ts';
import { checksum } from './checksum.ts';

/** Kite's version header, and how requests are signed (docs: "Signing requests"). */
export const kiteWire: Wire = {
  headers: { 'x-kite-version': '3' },
  authorizationOf: ({ apiKey, accessToken }) => `token ${apiKey}:${accessToken.reveal()}`,
};

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
  /** Begins to follow each call. */
  readonly follow?: FollowCall | undefined;
}

/** Makes a client over a transport. */
export function createKiteClient(send: Transport, options: KiteClientOptions): BrokerClient {
  const { maxNesting, refused, onObtained, onFailure, follow } = options;

  /** Makes a call, and reads the data of its answer; null from `parse` is an answer that makes no sense. */
  function call<T>(
    request: UpstreamRequest,
    operation: Operation,
    parse: (data: unknown) => T | null,
  ): Promise<T> {
    const { credential } = request;
    const refusal = credential && refused.find(credential);
    if (refusal !== undefined) return Promise.reject(refusal);
    if (!operation.calls.admit()) {
      const details = { retryAfterSeconds: 1, mayHaveReachedBroker: false };
      return Promise.reject(new BrokerError('rate-limited', details));
    }
    const report = follow?.(request, operation) ?? null;
    const fail = (thrown: unknown): never => {
      const error = isOthersChecksum(request, thrown) ? new BrokerError('token', thrown) : thrown;
      if (credential && error instanceof BrokerError && error.code === 'token') {
        refused.add(credential, error);
      }
      if (error instanceof BrokerError) report?.ended(error);
      if (error instanceof BrokerError && error.code !== 'aborted') {
        onFailure?.({ request, operation, error });
      }
      throw error;
    };
    const followed = report === null ? request : { ...request, report };
    return send(followed, operation).then((response) => {
      try {
        const value = parse(openEnvelope(response, request, maxNesting));
        if (value === null) throw new BrokerError('invalid-response', { status: response.status });
        report?.ended(null);
        return value;
      } catch (thrown) {
        return fail(thrown);
      }
    }, fail);
  }

  async function redeem(
    path: string,
    tokenName: 'request_token' | 'refresh_token',
    [apiKey, token, proof]: readonly [string, Secret, Proof],
    operation: Operation,
  ): Promise<BrokerSession> {
    const sum = 'checksum' in proof ? proof.checksum : checksum(apiKey, token, proof.apiSecret);
    const form = { api_key: apiKey, [tokenName]: token, checksum: sum };
    const isProofBrought = 'checksum' in proof;
    const request: UpstreamRequest = { method: 'POST', path, apiKey, form, isProofBrought };
    const method = tokenName === 'request_token' ? 'BROKER_LOGIN' : 'REFRESH_TOKEN';
    const session = await call(request, operation, (data) => parseSession(data, method));
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
    kotakMargins: () => Promise.reject(notSupported()),
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
function isOthersChecksum(request: UpstreamRequest, error: unknown): error is BrokerError {
  return (
    error instanceof BrokerError && error.code === 'app-secret' && request.isProofBrought === true
  );
}

function get(path: string, credential: Credential): UpstreamRequest {
  return { method: 'GET', path, apiKey: credential.apiKey, credential };
}

/** A segment, or that the user has none; null where the answer makes no sense. */
function wholeSegment(data: unknown): { readonly segment: SegmentMargins | null } | null {
  const segment = parseSegment(data);
  return segment === malformed ? null : { segment };
}

/**
 * What Kite may say of a segment that a user does not have. Kite's exact words are not known. The whole message must be
 * about the segment: any other text stays an error, so that no other fault passes for an empty segment.
 */
const noSuchSegment = [
  /^(?:an? |the )?(?:invalid|unknown|unsupported|no such|inactive|disabled) ["'`]?(?:trading |margin )?segments?["'`]?(?:[ :]+["'`]?(?:equity|commodity)["'`]?)?[.!]?$/i,
  /^(?:the |this |your |requested )*["'`]?(?:(?:equity|commodity|trading|margin)["'`]? )?["'`]?segment["'`]?(?:[ :]+["'`]?(?:equity|commodity)["'`]?)? (?:is |has )?(?:not (?:been )?(?:enabled|activated|active|available|found)|does not exist|invalid|unknown|disabled|inactive)(?: for (?:the|this|your) (?:user|account|client))?[.!]?$/i,
];

/** Whether Kite refuses to show a segment because the user does not have it, which the other endpoint leaves out. */
function saysNoSuchSegment(error: unknown): boolean {
  if (!(error instanceof BrokerError)) return false;
  const { status, errorType, brokerMessage } = error;
  const isRefused = status === 400 && errorType === 'InputException';
  return isRefused && noSuchSegment.some((pattern) => pattern.test(brokerMessage ?? ''));
}

/** Takes whatever a successful answer holds. */
function anything(): true {
  return true;
}

const pair = /^token[ \t]+([A-Za-z0-9._-]{1,128}):([A-Za-z0-9._-]{1,128})$/i;

/** `token api_key:access_token`, the scheme's name in any case. */
export const credentialScheme: CredentialScheme = {
  form: 'token api_key:access_token',
  applies: (element) => /^token(?![^\s:])/i.test(element),
  read(element) {
    const [, apiKey, accessToken] = pair.exec(element) ?? [];
    if (apiKey === undefined || accessToken === undefined) return null;
    return { apiKey, accessToken: new Secret(accessToken) };
  },
};
