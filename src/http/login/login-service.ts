// Completes logins, whatever their last step is and whichever route or mutation it comes by.
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Apps } from '../../brokers/apps.ts';
import type { Brokers } from '../../brokers/brokers.ts';
import { isWellFormedToken, type Secret } from '../../brokers/upstream/secret.ts';
import type { CompletedLogin, LoginFailure, LoginRedirect } from '../../browser-keyring.ts';
import type { Added } from '../../keyring/keyring.ts';
import { KeyringStoreError } from '../../keyring/stores/store.ts';
import type { Limits } from '../../limits.ts';
import type { Audit } from '../audit.ts';
import type { Attempts } from '../limits/attempts.ts';
import type { FailureLog } from '../limits/failure-log.ts';
import type { Cookies } from '../request/cookies.ts';
import type { KeyringRequest } from '../request/keyring-request.ts';
import {
  type Kept,
  type KeptSessionOptions,
  type LoginToKeep,
  type ObtainSession,
  obtainAndKeep,
} from './kept-session.ts';
import { codeOfFailure } from './login-error.ts';
import type { FoundLogin, PendingLogins } from './pending-logins.ts';

/** What the login service is made of. */
export interface LoginServiceOptions extends KeptSessionOptions {
  readonly broker: Brokers;
  readonly apps: Apps;
  readonly pendingLogins: PendingLogins;
  readonly cookies: Cookies;
  readonly attempts: Attempts;
  readonly limits: Limits;
  readonly now: () => Date;
  readonly log: Logger;
  readonly failures: FailureLog;
  readonly audit: Audit;
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
   * The same redirect again, while that goes on or soon after, joins it: the broker takes the token once.
   * @param cookie the cookie of the browser's keyring; null where it has none.
   */
  complete(
    request: KeyringRequest,
    cookie: Secret | null,
    redirect: LoginRedirect,
  ): Promise<LoginOutcome>;
  /**
   * Completes a login whose steps went through this gateway, of any broker: keeps the session that `obtain` answers in the
   * keyring, sets its cookie, and notes the outcome in the logs. The caller has checked that this browser began the login
   * and has counted the try. `obtain` makes the last step at the broker; it is called once, and only where the store can
   * keep a session, so after `keyring-unavailable` with `isTokenSpent: false` the same step may be tried again. What it
   * throws of BrokerError is the failure `broker`.
   * @param cookie the cookie of the browser's keyring; null where it has none.
   */
  logIn(
    request: KeyringRequest,
    cookie: Secret | null,
    login: LoginToKeep,
    obtain: ObtainSession,
  ): Promise<LoginOutcome>;
}

interface Exchange {
  readonly outcome: Promise<Kept | LoginFailure>;
  readonly returnTo: string | null;
  /** When it was over; null while it goes on. */
  endedAt: number | null;
}

/** Makes the login service. */
export function createLoginService(options: LoginServiceOptions): LoginService {
  const { broker, apps, keyrings, pendingLogins, cookies, limits, now } = options;
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
    setCookie(cookies.clear(login.cookieName));
    return { ...kept(setCookie, result), returnTo };
  }

  /** The outcome for the browser whose keyring has the session now. */
  function kept(setCookie: KeyringRequest['setCookie'], { added, session }: Kept) {
    if (added.hasNewCookie) {
      const seconds = Math.floor((added.endsAt.getTime() - now().getTime()) / 1_000);
      setCookie(cookies.set(cookies.keyringName, added.cookie.reveal(), seconds));
    }
    return { result: { record: added.record, session }, keyring: added };
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
      if (retryAfterSeconds > 0) return { reason: 'too-many-attempts' as const, retryAfterSeconds };
      const app = apps.find(login.apiKey);
      const apiSecret = app?.apiSecret;
      if (app === undefined || apiSecret === undefined) return { reason: 'unknown-login' as const };
      const ofApp = { broker: app.broker, apiKey: app.apiKey, loginId };
      return obtain(request, cookie, ofApp, (operation) =>
        broker.exchangeToken(app.apiKey, requestToken, { apiSecret }, operation),
      );
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

    async logIn(request, cookie, login, lastStep) {
      const result = await obtain(request, cookie, login, lastStep);
      const isKept = !('reason' in result);
      const outcome = isKept ? kept(request.setCookie, result) : { result, keyring: null };
      logOutcome(options, request, outcome.result);
      return { ...outcome, returnTo: null };
    },
  };
}

/** Names a redirect: the same for the same nonce and request token, and no way back to either. */
function loginIdOf(nonce: string, requestToken: Secret): string {
  const parts = ['kite-graphql login', nonce, requestToken.reveal()];
  return createHash('sha256').update(parts.join('\0')).digest('base64url');
}

/** Records a login, and the ends of the sessions that it replaced or left no room for. */
function auditLogin(
  { audit }: LoginServiceOptions,
  { requestId, device }: KeyringRequest,
  { keyringId, record, replaced, surplus }: Added,
): void {
  const about = { requestId, address: device.ipAddress };
  const login = { event: 'login', outcome: 'completed' } as const;
  audit.write({ ...login, ...about, ...audit.session(keyringId, record) });
  const ended = [
    ...(replaced?.state === 'ACTIVE' ? [{ outcome: 'REPLACED', session: replaced }] : []),
    ...surplus.map((session) => ({ outcome: 'TOO_MANY', session })),
  ];
  for (const { outcome, session } of ended) {
    const of = audit.session(keyringId, session);
    audit.write({ event: 'session-ended', outcome, ...about, ...of });
  }
}

/** Every login leaves a line. */
function logOutcome(
  { log, failures, audit }: LoginServiceOptions,
  { requestId, device }: KeyringRequest,
  result: CompletedLogin | LoginFailure,
): void {
  if (!('reason' in result)) {
    const { apiKey } = result.record;
    log.info({ requestId, apiKey, isRepeated: result.session === null }, 'Login completed');
    return;
  }
  const code = codeOfFailure(result);
  const about = { requestId, address: device.ipAddress, code };
  failures.write({ ...about, level: 'warn' }, { code }, 'Login failed');
  audit.fail({ event: 'login', outcome: 'failed', ...about });
}
