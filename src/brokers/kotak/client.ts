// Kotak's session API as functions. Each sends, opens the envelope, parses, and throws nothing but BrokerError.
// Nothing is sent twice but `init`, and what a host has refused because another one serves the user.

import type { AuthenticationMethod } from '../answers.ts';
import type { BrokerApp } from '../apps.ts';
import type { BegunLogin, BrokerClient, FailedCall, PasswordLogin } from '../broker.ts';
import type { Credential } from '../credential.ts';
import { BrokerError, notSupported } from '../error.ts';
import type { RefusedCredentials } from '../upstream/budget/known-credentials.ts';
import type { Operation } from '../upstream/operation.ts';
import type { FollowCall } from '../upstream/report/call-followers.ts';
import { Secret } from '../upstream/secret.ts';
import type { Transport, UpstreamRequest } from '../upstream/transport.ts';
import { AppTokens, parseMadeToken } from './app-tokens.ts';
import type { KotakCall, KotakCaller } from './call.ts';
import { OtherHost, openEnvelope, type Step } from './envelope.ts';
import { hrefOf, type KotakHosts } from './hosts.ts';
import { findHost } from './init.ts';
import { parseKotakMargins } from './margins.ts';
import { parseLogin, parseSession, profileOf } from './session.ts';

/** What a client needs beside its transport. */
export interface KotakClientOptions {
  readonly apps: readonly BrokerApp[];
  readonly hosts: KotakHosts;
  /** Milliseconds for making the access token of an app. */
  readonly timeoutMilliseconds: number;
  /** How many seconds before its end that token is replaced. */
  readonly appTokenRenewalSeconds: number;
  /** Objects and lists inside each other in an answer. */
  readonly maxNesting: number;
  readonly now: () => Date;
  /** The credentials that Kotak has just refused. */
  readonly refused: RefusedCredentials;
  /** Told of each credential that Kotak hands out. */
  readonly onObtained?: ((credential: Credential) => void) | undefined;
  /** Told of every call that failed, except those that were cancelled. */
  readonly onFailure?: ((call: FailedCall) => void) | undefined;
  /** Begins to follow each call. */
  readonly follow?: FollowCall | undefined;
}

/** A client over a transport: the calls that this broker has, and its login. */
export function createKotakClient(
  send: Transport,
  options: KotakClientOptions,
): BrokerClient & { readonly passwordLogin: PasswordLogin } {
  const { hosts, maxNesting, refused, onObtained, onFailure, follow } = options;
  const apps = new Map(options.apps.map((app) => [app.apiKey, app]));
  const appTokens = new AppTokens({
    timeoutMilliseconds: options.timeoutMilliseconds,
    renewalSeconds: options.appTokenRenewalSeconds,
    now: options.now,
    make: (apiKey, apiSecret, operation) => {
      const basic = Buffer.from(`${apiKey}:${apiSecret.reveal()}`).toString('base64');
      const request: UpstreamRequest = {
        method: 'POST',
        path: '/token',
        apiKey,
        headers: { authorization: new Secret(`Basic ${basic}`) },
        form: { grant_type: 'client_credentials' },
      };
      return transmit(request, 'app-token', [apiSecret], operation, parseMadeToken);
    },
  });

  async function transmit<T>(
    request: UpstreamRequest,
    step: Step,
    secrets: readonly Secret[],
    operation: Operation,
    parse: (data: unknown) => T | null,
  ): Promise<T> {
    if (!operation.calls.admit()) {
      throw new BrokerError('rate-limited', { retryAfterSeconds: 1, mayHaveReachedBroker: false });
    }
    const report = follow?.(request, operation) ?? null;
    try {
      const response = await send(report ? { ...request, report } : request, operation);
      const value = parse(openEnvelope(response, { step, secrets, maxNesting }));
      if (value === null) throw new BrokerError('invalid-response', { status: response.status });
      report?.ended(null);
      return value;
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      // That another host serves the user is no failure where it may be called.
      const isRedirect = error instanceof OtherHost && hosts.find(error.address) !== null;
      report?.ended(isRedirect ? null : error);
      if (error.code !== 'aborted' && !isRedirect) onFailure?.({ request, operation, error });
      throw error;
    }
  }

  const call: KotakCaller = async (apiKey, { step, headers, ...request }, operation, parse) => {
    const app = apps.get(apiKey);
    if (app === undefined) throw unknownApp();
    const token = await appTokens.tokenOf(app, operation);
    const all = {
      authorization: new Secret(`Bearer ${token.reveal()}`),
      consumerKey: apiKey,
      ip: app.ip ?? '127.0.0.1',
      appId: app.appId ?? '',
      ...headers,
    };
    const bodies = Object.values(request.json ?? {});
    const secrets = [token, ...Object.values(headers), ...bodies].filter(isSecret);
    const sent: UpstreamRequest = { ...request, apiKey, headers: all };
    try {
      return await transmit(sent, step, secrets, operation, parse);
    } catch (error) {
      if (error instanceof BrokerError && error.status === 401) appTokens.forget(apiKey, token);
      throw error;
    }
  };

  /** A call with a session, at the host that serves the user; where another one does, that one is asked instead. */
  async function callWithSession<T>(
    credential: Credential,
    { step, method, path }: Pick<KotakCall, 'step' | 'method' | 'path'>,
    operation: Operation,
    parse: (data: unknown) => T | null,
  ): Promise<T> {
    const { apiKey, accessToken, userId = '', baseUrl = '' } = credential;
    const refusal = refused.find(credential);
    if (refusal !== undefined) throw refusal;
    const headers = { sessionToken: accessToken, ...(step === 'logout' && { userid: userId }) };
    const at = (baseUrl: URL) =>
      call(apiKey, { step, method, path, headers, credential, baseUrl }, operation, parse);
    // What a call has found is newer than what the login said.
    const first = hosts.of(apiKey, userId) ?? hosts.find(baseUrl) ?? hosts.all[0];
    try {
      return await at(first).catch((error: unknown) => {
        const other = error instanceof OtherHost ? hosts.find(error.address) : null;
        if (other === null || other === first) throw error;
        hosts.remember(apiKey, userId, other);
        return at(other);
      });
    } catch (error) {
      if (error instanceof BrokerError && error.code === 'token') refused.add(credential, error);
      throw error;
    }
  }

  const passwordLogin: PasswordLogin = {
    async begin(apiKey, userId, password, operation) {
      const host = await findHost(hosts, call, apiKey, userId, operation);
      hosts.remember(apiKey, userId, host);
      const json = { userid: userId, password };
      const path = '/session/1.0/session/login/userid';
      const login = await call(
        apiKey,
        { step: 'login', method: 'POST', path, headers: {}, json, baseUrl: host },
        operation,
        parseLogin,
      );
      return { userId, baseUrl: hrefOf(host), passwordAt: options.now(), ...login };
    },
    async complete(apiKey, begun, accessCode, operation) {
      const { userId, oneTimeToken, baseUrl } = begun;
      const host = hosts.find(baseUrl);
      if (host === null) throw unknownHost();
      const step = accessCode === null ? 'one-time-token' : 'code';
      const path = `/session/1.0/session/2FA/${accessCode === null ? 'oneTimeToken' : 'accesscode'}`;
      const json = { userid: userId, ...(accessCode !== null && { accessCode }) };
      const headers = { oneTimeToken };
      const session = await call(
        apiKey,
        { step, method: 'POST', path, headers, json, baseUrl: host },
        operation,
        parseSession,
      );
      const { accessToken } = session;
      const credential: Credential = { broker: 'KOTAK', apiKey, accessToken, userId };
      refused.delete(credential);
      onObtained?.(credential);
      const authenticationMethods = methodsOf(begun, accessCode !== null, options.now());
      return { ...session, userId: session.userId ?? userId, baseUrl, authenticationMethods };
    },
  };

  return {
    passwordLogin,
    // Only the second step of a login tells more of a user, and there is no call to ask again.
    profile: async ({ userId }) => profileOf(userId),
    // What Kotak's amounts mean is not established, so none is told by another name.
    margins: () => Promise.reject(notSupported(marginsAdvice)),
    segmentMargins: () => Promise.reject(notSupported(marginsAdvice)),
    kotakMargins: (credential, operation) =>
      callWithSession(
        credential,
        { step: 'read', method: 'GET', path: '/margin/1.0/margin' },
        operation,
        parseKotakMargins,
      ),
    exchangeToken: () => Promise.reject(notSupported(loginAdvice)),
    renewSession: () => Promise.reject(notSupported(renewalAdvice)),
    async invalidateAccessToken(credential, operation) {
      await callWithSession(
        credential,
        { step: 'logout', method: 'DELETE', path: '/session/1.0/session/logout' },
        operation,
        () => true,
      );
    },
    invalidateRefreshToken: () => Promise.reject(notSupported(renewalAdvice)),
  };
}

const marginsAdvice = 'The gateway does not read these margins from this broker.';
const loginAdvice = 'This broker has no request tokens, so there is nothing to exchange.';
const renewalAdvice = 'This broker has no refresh tokens. Log in again.';

/** What was given for a session. A user for whom the broker waives the code has proved one factor. */
function methodsOf(
  { passwordAt }: BegunLogin,
  hasCode: boolean,
  now: Date,
): readonly AuthenticationMethod[] {
  const provider = 'KOTAK';
  return [
    {
      method: 'PASSWORD',
      assuranceLevel: 'SINGLE_FACTOR',
      completedAt: passwordAt,
      provider,
    },
    {
      method: hasCode ? 'ACCESS_CODE' : 'ONE_TIME_TOKEN',
      assuranceLevel: hasCode ? 'TWO_FACTOR' : 'SINGLE_FACTOR',
      completedAt: now,
      provider,
    },
  ];
}

function unknownApp(): BrokerError {
  const advice =
    'The gateway has no access token for this app. The operator has to add the app to APPS_FILE.';
  return new BrokerError('permission', { mayHaveReachedBroker: false, advice });
}

function unknownHost(): BrokerError {
  const advice = 'The host of this login is no longer configured. Start the login again.';
  return new BrokerError('token', { mayHaveReachedBroker: false, advice });
}

function isSecret(value: string | Secret): value is Secret {
  return value instanceof Secret;
}
