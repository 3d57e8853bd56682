// Completes logins, whatever their last step is and whichever route or mutation it comes by.
import { createHash } from 'node:crypto';
import type { Apps } from '../../brokers/apps.ts';
import type { Brokers } from '../../brokers/brokers.ts';
import { isWellFormedToken, type Secret } from '../../brokers/upstream/secret.ts';
import type {
  CompletedLogin,
  GivenCode,
  LoginFailure,
  LoginRedirect,
} from '../../browser-keyring.ts';
import type { Added } from '../../keyring/keyring.ts';
import { KeyringStoreError } from '../../keyring/stores/store.ts';
import type { Limits } from '../../limits.ts';
import type { Attempts } from '../limits/attempts.ts';
import type { Cookies } from '../request/cookies.ts';
import type { KeyringRequest } from '../request/keyring-request.ts';
import { createExchanges, type Exchange } from './exchanges.ts';
import {
  type Kept,
  type KeptSessionOptions,
  type LoginToKeep,
  type ObtainSession,
  obtainAndKeep,
} from './kept-session.ts';
import { codeOfFailure } from './login-error.ts';
import { auditLogin, type LoginLog, logCompleted, logFailed } from './login-log.ts';
import type { PasswordLogins } from './password/password-logins.ts';
import type { FoundLogin, PendingLogins } from './pending-logins.ts';

/** What the login service is made of. */
export interface LoginServiceOptions extends KeptSessionOptions, LoginLog {
  readonly broker: Brokers;
  readonly apps: Apps;
  readonly pendingLogins: PendingLogins;
  readonly passwordLogins: PasswordLogins;
  readonly cookies: Cookies;
  readonly attempts: Attempts;
  readonly limits: Limits;
  readonly now: () => Date;
}

/** A login that was completed, or why it was not; and where the browser goes. */
export interface LoginOutcome {
  readonly result: CompletedLogin | LoginFailure;
  /** What the browser's keyring is now; null where it is what it was. */
  readonly keyring: Pick<Added, 'cookie' | 'keyringId'> | null;
  /** The page that asked for the login; null where it did not say, or is not known. */
  readonly returnTo: string | null;
}

/** Completes logins. */
export interface LoginService {
  /**
   * Completes a login that this browser began, by the request token of its redirect or by its code, and keeps the
   * session in its keyring. The same request again, while that goes on or soon after, joins it: the broker takes either
   * once.
   * @param cookie the cookie of the browser's keyring; null where it has none.
   */
  complete(
    request: KeyringRequest,
    cookie: Secret | null,
    proof: LoginRedirect | GivenCode,
  ): Promise<LoginOutcome>;
}

/** Makes the login service. */
export function createLoginService(options: LoginServiceOptions): LoginService {
  const { broker, apps, keyrings, pendingLogins, cookies, limits, now } = options;
  const exchanges = createExchanges(limits, now);

  /** A login that was completed a short time ago, of a browser whose cookie has its session already. */
  async function completedBefore(
    cookie: Secret | null,
    loginId: string,
  ): Promise<LoginOutcome | null> {
    if (cookie === null) return null;
    try {
      const keyring = await keyrings.open(cookie, null);
      const record = keyring?.sessions.find((session) => session.loginId === loginId);
      if (record?.state !== 'ACTIVE' || !exchanges.isRecent(record.issuedAt.getTime())) return null;
      const returnTo = exchanges.find(loginId)?.returnTo ?? null;
      return { result: { record, session: null }, keyring: null, returnTo };
    } catch (error) {
      if (error instanceof KeyringStoreError) return null;
      throw error;
    }
  }

  async function join(
    { setCookie }: KeyringRequest,
    login: FoundLogin,
    { outcome, returnTo }: Exchange,
    isByCode: boolean,
  ): Promise<LoginOutcome> {
    const result = await outcome;
    if ('reason' in result) {
      const isUnspent =
        result.reason === 'too-many-attempts' ||
        (result.reason === 'keyring-unavailable' && !result.isTokenSpent) ||
        (isByCode && result.reason === 'broker' && !result.error.mayHaveReachedBroker);
      // Its nonce works once; where the token is unspent a reload can finish it.
      if (!isUnspent) setCookie(cookies.clear(login.cookieName));
      return { result, keyring: null, returnTo };
    }
    const { added, session } = result;
    setCookie(cookies.clear(login.cookieName));
    if (added.hasNewCookie) {
      const seconds = Math.floor((added.endsAt.getTime() - now().getTime()) / 1_000);
      setCookie(cookies.set(cookies.keyringName, added.cookie.reveal(), seconds));
    }
    return { result: { record: added.record, session }, keyring: added, returnTo };
  }

  /** Obtains and keeps a session; recorded here, so that it is once, however many requests join it. */
  async function obtain(
    request: KeyringRequest,
    cookie: Secret | null,
    login: LoginToKeep,
    lastStep: ObtainSession,
  ): Promise<Kept | LoginFailure> {
    const result = await obtainAndKeep(options, request, cookie, login, lastStep);
    if (!('reason' in result)) auditLogin(options, request, result.added);
    return result;
  }

  async function complete(
    request: KeyringRequest,
    cookie: Secret | null,
    proof: LoginRedirect | GivenCode,
  ): Promise<LoginOutcome> {
    const isByCode = 'challengeId' in proof;
    const nonce = isByCode ? proof.challengeId : proof.nonce;
    const failed = (result: LoginFailure, login?: FoundLogin): LoginOutcome => ({
      result,
      keyring: null,
      returnTo: login?.returnTo ?? null,
    });
    const pending = pendingLogins.find(request.request);
    const login = pending.find((candidate) => candidate.nonce === nonce);
    // Not of the code, which is too short not to be guessed from a digest.
    const loginId = loginIdOf(nonce, isByCode ? null : proof.requestToken);
    if (login === undefined) {
      const before = await completedBefore(cookie, loginId);
      return before ?? failed({ reason: 'unknown-login' }, pending[0]);
    }
    const known = exchanges.find(loginId);
    if (known !== undefined) {
      // A browser that has the session's cookie keeps it: it may have been given a newer one since.
      const before = known.endedAt === null ? null : await completedBefore(cookie, loginId);
      if (before === null) return join(request, login, known, isByCode);
      request.setCookie(cookies.clear(login.cookieName));
      return before;
    }
    if (!isByCode && proof.apiKey != null && proof.apiKey !== login.apiKey) {
      return failed({ reason: 'other-app' }, login);
    }
    if (login.late) {
      request.setCookie(cookies.clear(login.cookieName));
      return failed({ reason: 'too-late', apiKey: login.apiKey }, login);
    }
    if (!isByCode && !isWellFormedToken(proof.requestToken)) {
      return failed({ reason: 'no-token' }, login);
    }
    const attempt = () =>
      isByCode
        ? byCode(request, cookie, proof, loginId)
        : byToken(request, cookie, login, proof.requestToken, loginId);
    // Begun before anything is waited for: the same redirect at the same time joins it.
    return join(request, login, exchanges.begin(loginId, login, attempt()), isByCode);
  }

  async function byToken(
    request: KeyringRequest,
    cookie: Secret | null,
    login: FoundLogin,
    requestToken: Secret,
    loginId: string,
  ): Promise<Kept | LoginFailure> {
    const retryAfterSeconds = await options.attempts(request.device.ipAddress);
    if (retryAfterSeconds > 0) return { reason: 'too-many-attempts', retryAfterSeconds };
    const app = apps.find(login.apiKey);
    const apiSecret = app?.apiSecret;
    if (app === undefined || apiSecret === undefined) return { reason: 'unknown-login' };
    const ofApp = { broker: app.broker, apiKey: app.apiKey, loginId };
    return obtain(request, cookie, ofApp, (operation) =>
      broker.exchangeToken(app.apiKey, requestToken, { apiSecret }, operation),
    );
  }

  async function byCode(
    request: KeyringRequest,
    cookie: Secret | null,
    given: GivenCode,
    loginId: string,
  ): Promise<Kept | LoginFailure> {
    const ready = await options.passwordLogins.prepare(request, given, true);
    if ('reason' in ready) return ready;
    const { apiKey, obtain: lastStep } = ready;
    return obtain(request, cookie, { broker: broker.nameOf(apiKey), apiKey, loginId }, lastStep);
  }

  return {
    async complete(request, cookie, proof) {
      const outcome = await complete(request, cookie, proof);
      const { result } = outcome;
      if ('reason' in result) logFailed(options, request, codeOfFailure(result));
      else logCompleted(options, request, result.record.apiKey, result.session === null);
      return outcome;
    },
  };
}

/** Names a login: the same for the same nonce and request token, where it has one, and no way back to either. */
function loginIdOf(nonce: string, requestToken: Secret | null): string {
  const parts = ['kite-graphql login', nonce, ...(requestToken ? [requestToken.reveal()] : [])];
  return createHash('sha256').update(parts.join('\0')).digest('base64url');
}
