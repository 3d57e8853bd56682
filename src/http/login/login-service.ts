// The one place that completes a login, whoever brings Kite's redirect: /callback, or a page through exchangeToken.
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { BrokerSession } from '../../brokers/answers.ts';
import type { Apps } from '../../brokers/apps.ts';
import type { Broker } from '../../brokers/broker.ts';
import { BrokerError } from '../../brokers/error.ts';
import { Deadline } from '../../brokers/upstream/operation.ts';
import { isWellFormedToken, type Secret } from '../../brokers/upstream/secret.ts';
import type { CompletedLogin, LoginFailure, LoginRedirect } from '../../browser-keyring.ts';
import { type Added, KeyringFullError, type Keyrings } from '../../keyring/keyring.ts';
import type { Revocations } from '../../keyring/revocations.ts';
import { KeyringStoreError } from '../../keyring/stores/store.ts';
import type { Limits } from '../../limits.ts';
import type { ErrorCode } from '../../schema/errors/error-code.ts';
import { codeOf } from '../../schema/errors/problem.ts';
import type { Attempts } from '../limits/attempts.ts';
import type { FailureLog } from '../limits/failure-log.ts';
import { callerIdOf } from '../request/caller-id.ts';
import type { Cookies } from '../request/cookies.ts';
import type { KeyringRequest } from '../request/keyring-request.ts';
import type { FoundLogin, PendingLogins } from './pending-logins.ts';

/** What the login service is made of. */
export interface LoginServiceOptions {
  readonly broker: Broker;
  readonly apps: Apps;
  readonly keyrings: Keyrings;
  readonly revocations: Revocations;
  readonly pendingLogins: PendingLogins;
  readonly cookies: Cookies;
  readonly attempts: Attempts;
  readonly limits: Limits;
  readonly now: () => Date;
  readonly log: Logger;
  readonly failures: FailureLog;
  /** Milliseconds for one login, waiting for a turn included. */
  readonly timeoutMilliseconds: number;
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
   * Redeems the request token of a login that this browser began, and keeps the session in its keyring.
   * The same redirect again, while that goes on or soon after, joins it: Kite takes the token once.
   * @param cookie the cookie of the browser's keyring; null where it has none.
   */
  complete(
    request: KeyringRequest,
    cookie: Secret | null,
    redirect: LoginRedirect,
  ): Promise<LoginOutcome>;
}

interface Exchange {
  readonly outcome: Promise<Kept | LoginFailure>;
  readonly returnTo: string | null;
  /** When it was over; null while it goes on. */
  endedAt: number | null;
}

interface Kept {
  readonly added: Added;
  readonly session: BrokerSession;
}

/** Makes the login service. */
export function createLoginService(options: LoginServiceOptions): LoginService {
  const { broker, apps, keyrings, revocations, pendingLogins, cookies, limits, now } = options;
  /** By login id: those that go on, and those that were completed a short time ago, the oldest first. */
  const exchanges = new Map<string, Exchange>();

  function isRecent(at: number): boolean {
    return now().getTime() - at < limits.completedLoginSeconds * 1_000;
  }

  function forgetOld(): void {
    for (const [id, { endedAt }] of exchanges) {
      if (endedAt === null) continue;
      if (isRecent(endedAt) && exchanges.size <= limits.completedLogins) return;
      exchanges.delete(id);
    }
  }

  /** Redeems the token, keeps the session. Runs to its end, whoever leaves meanwhile. */
  async function exchange(
    { device, requestId }: KeyringRequest,
    cookie: Secret | null,
    login: FoundLogin,
    requestToken: Secret,
    loginId: string,
  ): Promise<Kept | LoginFailure> {
    const { apiKey } = login;
    const apiSecret = apps.find(apiKey)?.apiSecret;
    if (apiSecret === undefined) return { reason: 'unknown-login' };
    const callerId = callerIdOf(null, device);
    const deadline = new Deadline(options.timeoutMilliseconds, callerId, requestId);
    try {
      // Kite takes the token once: it is not spent where its session could not be kept.
      await keyrings.ready();
      const session = await broker.exchangeToken(apiKey, requestToken, { apiSecret }, deadline);
      try {
        const { userId } = session;
        const added = await keyrings.add(cookie, { apiKey, userId, session, loginId }, device);
        // The end of what it replaced waited for Kite in the same row: that goes on without one.
        const { replaced, keyringId } = added;
        if (replaced?.state === 'REVOKING') {
          void revocations.endTokens(replaced, { ...replaced, keyringId });
        }
        return { added, session };
      } catch (error) {
        await revocations.endTokens({ apiKey, ...session });
        if (error instanceof KeyringStoreError) {
          return { reason: 'keyring-unavailable', isTokenSpent: true };
        }
        if (error instanceof KeyringFullError) return { reason: 'keyring-full' };
        throw error;
      }
    } catch (error) {
      if (error instanceof BrokerError) return { reason: 'broker', error, apiKey };
      if (error instanceof KeyringStoreError) {
        return { reason: 'keyring-unavailable', isTokenSpent: false };
      }
      throw error;
    } finally {
      deadline.end();
    }
  }

  function begin(loginId: string, login: FoundLogin, outcome: Promise<Kept | LoginFailure>) {
    forgetOld();
    const begun: Exchange = { outcome, returnTo: login.returnTo, endedAt: null };
    exchanges.set(loginId, begun);
    const end = (result: Kept | LoginFailure | null) => {
      exchanges.delete(loginId);
      if (result === null || 'reason' in result) return;
      // Put back at the end: the map is in the order in which they ended.
      begun.endedAt = now().getTime();
      exchanges.set(loginId, begun);
    };
    outcome.then(end, () => end(null));
    return begun;
  }

  /** A login that was completed a short time ago, of a browser whose cookie has its session already. */
  async function completedBefore(
    cookie: Secret | null,
    loginId: string,
  ): Promise<LoginOutcome | null> {
    if (cookie === null) return null;
    try {
      const keyring = await keyrings.open(cookie, null);
      const record = keyring?.sessions.find((session) => session.loginId === loginId);
      if (record?.state !== 'ACTIVE' || !isRecent(record.issuedAt.getTime())) return null;
      const returnTo = exchanges.get(loginId)?.returnTo ?? null;
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
  ): Promise<LoginOutcome> {
    const result = await outcome;
    if ('reason' in result) {
      const isUnspent =
        result.reason === 'too-many-attempts' ||
        (result.reason === 'keyring-unavailable' && !result.isTokenSpent);
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

  async function complete(
    request: KeyringRequest,
    cookie: Secret | null,
    { nonce, requestToken, apiKey }: LoginRedirect,
  ): Promise<LoginOutcome> {
    const failed = (result: LoginFailure, login?: FoundLogin): LoginOutcome => ({
      result,
      keyring: null,
      returnTo: login?.returnTo ?? null,
    });
    const pending = pendingLogins.find(request.request);
    const login = pending.find((candidate) => candidate.nonce === nonce);
    const loginId = loginIdOf(nonce, requestToken);
    if (login === undefined) {
      const before = await completedBefore(cookie, loginId);
      return before ?? failed({ reason: 'unknown-login' }, pending[0]);
    }
    const known = exchanges.get(loginId);
    if (known !== undefined) {
      // A browser that has the session's cookie keeps it: it may have been given a newer one since.
      const before = known.endedAt === null ? null : await completedBefore(cookie, loginId);
      if (before === null) return join(request, login, known);
      request.setCookie(cookies.clear(login.cookieName));
      return before;
    }
    if (apiKey != null && apiKey !== login.apiKey) return failed({ reason: 'other-app' }, login);
    if (login.late) {
      request.setCookie(cookies.clear(login.cookieName));
      return failed({ reason: 'too-late', apiKey: login.apiKey }, login);
    }
    if (!isWellFormedToken(requestToken)) return failed({ reason: 'no-token' }, login);
    const attempt = async () => {
      const retryAfterSeconds = await options.attempts(request.device.ipAddress);
      return retryAfterSeconds === 0
        ? exchange(request, cookie, login, requestToken, loginId)
        : { reason: 'too-many-attempts' as const, retryAfterSeconds };
    };
    // Begun before anything is waited for: the same redirect at the same time joins it.
    return join(request, login, begin(loginId, login, attempt()));
  }

  return {
    async complete(request, cookie, redirect) {
      const outcome = await complete(request, cookie, redirect);
      logOutcome(options, request, outcome.result);
      return outcome;
    },
  };
}

/** Names a redirect: the same for the same nonce and request token, and no way back to either. */
function loginIdOf(nonce: string, requestToken: Secret): string {
  const parts = ['kite-graphql login', nonce, requestToken.reveal()];
  return createHash('sha256').update(parts.join('\0')).digest('base64url');
}

/** What the `error` parameter of the page returned to may say. */
export type LoginError =
  | ErrorCode
  | 'LOGIN_CANCELLED'
  | 'LOGIN_EXPIRED'
  | 'LOGIN_MISMATCH'
  | 'TOO_MANY_SESSIONS';

const codes = {
  'unknown-login': 'LOGIN_MISMATCH',
  'other-app': 'LOGIN_MISMATCH',
  'too-late': 'LOGIN_EXPIRED',
  'no-token': 'TOKEN_REJECTED',
  'too-many-attempts': 'RATE_LIMITED',
  'keyring-unavailable': 'KEYRING_UNAVAILABLE',
  'keyring-full': 'TOO_MANY_SESSIONS',
} as const satisfies Partial<Record<LoginFailure['reason'], LoginError>>;

/** The word for a login that failed. */
export function codeOfFailure(failure: LoginFailure): LoginError {
  return failure.reason === 'broker' ? codeOf(failure.error, 'redeem') : codes[failure.reason];
}

/** Every login leaves a line. */
function logOutcome(
  { log, failures }: LoginServiceOptions,
  { requestId, device }: KeyringRequest,
  result: CompletedLogin | LoginFailure,
): void {
  if (!('reason' in result)) {
    const { apiKey } = result.record;
    log.info({ requestId, apiKey, isRepeated: result.session === null }, 'Login completed');
    return;
  }
  const code = codeOfFailure(result);
  const failure = { address: device.ipAddress, requestId, code, level: 'warn' } as const;
  failures.write(failure, { code }, 'Login failed');
}
