// The keyring of the browser behind one request: whether the request may use one, what it sees of it, and what it does
// with it.
import type { Proof } from '../../brokers/broker.ts';
import type { BrokerError } from '../../brokers/error.ts';
import type { Operation } from '../../brokers/upstream/operation.ts';
import type { Secret } from '../../brokers/upstream/secret.ts';
import type {
  BegunChallenge,
  BrowserKeyring,
  CompletedLogin,
  GivenCode,
  GivenPassword,
  LoginFailure,
  LoginRedirect,
  SessionElsewhere,
  SessionForCaller,
  SessionsElsewhere,
} from '../../browser-keyring.ts';
import type { TokensToEnd } from '../../keyring/crypto/encrypted-revocations.ts';
import type { DeviceHint } from '../../keyring/device.ts';
import type { Keyring } from '../../keyring/keyring.ts';
import type { SessionChange } from '../../keyring/news/told-sessions.ts';
import type { SessionEndReason, SessionRecord } from '../../keyring/session-record.ts';
import { KeyringStoreError } from '../../keyring/stores/store.ts';
import type { BrokerUser, PlacedSession } from '../../keyring/user-sessions.ts';
import type { AuditedAction } from '../../shared/audit.ts';
import type { Cancellable } from '../../shared/cancellation.ts';
import { callerIdOf } from '../request/client-info.ts';
import type { KeyringRequest } from '../request/keyring-request.ts';
import type { Origins } from '../request/origins.ts';
import { type BrowserKeyrings, keyringCookieOf } from './browser-keyrings.ts';

/** What was found out about the keyring of a request. */
interface FoundKeyring {
  readonly barred: string | null;
  readonly cookie: Secret | null;
  readonly keyring?: Keyring | null;
  readonly unavailable?: boolean;
}

/** The keyring of one request; a login that the request completes may give it another one. */
class RequestKeyring implements BrowserKeyring {
  readonly barred: string | null;
  readonly id: string | null;
  readonly unavailable: boolean;
  readonly device: DeviceHint;
  readonly sessions: readonly SessionRecord[];
  readonly #services: BrowserKeyrings;
  readonly #about: KeyringRequest;
  /** By the ids of the sessions. */
  readonly #elsewhere = new Map<string, PlacedSession>();
  /** What came of those that this request has ended, by the same ids: each is ended once. */
  readonly #endedElsewhere = new Map<string, Promise<BrokerError | null>>();
  #cookie: Secret | null;
  #keyringId: string | null;

  constructor(services: BrowserKeyrings, about: KeyringRequest, found: FoundKeyring) {
    this.barred = found.barred;
    this.id = found.keyring?.id ?? null;
    this.device = about.device;
    this.unavailable = found.unavailable ?? false;
    this.sessions = found.keyring?.sessions ?? [];
    this.#services = services;
    this.#about = about;
    this.#cookie = found.cookie;
    this.#keyringId = this.id;
  }

  async beginLogin(given: GivenPassword): Promise<BegunChallenge | LoginFailure> {
    const browser = this.barred === null ? { returnTo: null } : null;
    return this.#services.passwordLogins.begin(this.#about, given, browser);
  }

  async completeForCaller(given: GivenCode): Promise<SessionForCaller | LoginFailure> {
    return this.#services.passwordLogins.completeForCaller(this.#about, given);
  }

  endTokens(tokens: TokensToEnd): void {
    const { audit, revocations } = this.#services;
    const { requestId, device } = this.#about;
    const about = { requestId, address: device.ipAddress, app: tokens.apiKey };
    audit.write({ event: 'revocation', outcome: 'requested', ...about });
    void revocations.endTokens(tokens);
  }

  async completeLogin(proof: LoginRedirect | GivenCode): Promise<CompletedLogin | LoginFailure> {
    const { logins } = this.#services;
    const { result, keyring } = await logins.complete(this.#about, this.#cookie, proof);
    if (keyring !== null) {
      this.#cookie = keyring.cookie;
      this.#keyringId = keyring.keyringId;
    }
    return result;
  }

  async attempt() {
    return this.#services.attempts(this.#about.device.ipAddress);
  }

  async renew(record: SessionRecord, refreshToken: Secret, proof: Proof) {
    const keyringId = this.#keyringId;
    if (keyringId === null) return null;
    const { device, requestId } = this.#about;
    const callerId = callerIdOf(keyringId, device);
    const request = { keyringId, record, refreshToken, proof, callerId, requestId };
    try {
      const renewed = await this.#services.renewals(request);
      const isRenewed = renewed !== null && renewed !== 'keyring-unavailable';
      this.#record({ event: 'renewal', outcome: isRenewed ? 'completed' : 'failed' }, record);
      return renewed;
    } catch (error) {
      this.#record({ event: 'renewal', outcome: 'failed' }, record);
      throw error;
    }
  }

  async expire(record: SessionRecord, at: Date): Promise<void> {
    const keyringId = this.#keyringId;
    if (keyringId === null) return;
    // What cannot be recorded is left to the next read that meets it.
    if (this.#services.audit.isFull) return;
    // A store that is down must not hide that the session has ended; the next read tries again.
    const expired = this.#services.keyrings.markExpired(keyringId, record, 'REFUSED_BY_BROKER', at);
    const hasChanged = await expired.catch(() => false);
    if (hasChanged) this.#record({ event: 'session-ended', outcome: 'REFUSED_BY_BROKER' }, record);
  }

  async label(accountId: string, label: string | null): Promise<SessionRecord | null> {
    const keyringId = this.#keyringId;
    if (keyringId === null) return null;
    // Those of the account that have ended show its label too.
    const ofAccount = this.sessions.filter((session) => session.accountId === accountId);
    const labelled = await this.#services.keyrings.label(keyringId, ofAccount, label);
    const [newest] = ofAccount.flatMap(({ key }) => labelled.find((one) => one.key === key) ?? []);
    return newest ?? null;
  }

  async revoke(record: SessionRecord, operation: Operation) {
    const keyringId = this.#keyringId;
    if (keyringId === null) return null;
    return this.#end({ keyringId, record }, operation, 'LOGGED_OUT');
  }

  async sessionsElsewhere(users: readonly BrokerUser[], count: number): Promise<SessionsElsewhere> {
    const { keyrings } = this.#services;
    const found = await keyrings.sessionsElsewhere(users, this.#keyringId, count);
    for (const placed of found.sessions) this.#elsewhere.set(placed.record.sessionId, placed);
    const noTokens = { accessToken: null, publicToken: null, refreshToken: null };
    const sessions = found.sessions.map(
      ({ record }): SessionElsewhere => ({ ...record, ...noTokens, isElsewhere: true }),
    );
    return { sessions, isCut: found.isCut };
  }

  async revokeElsewhere({ sessionId }: SessionElsewhere, operation: Operation) {
    const placed = this.#elsewhere.get(sessionId);
    if (placed === undefined) return null;
    const known = this.#endedElsewhere.get(sessionId);
    if (known !== undefined) return known;
    const ending = this.#end(placed, operation, 'REVOKED_ELSEWHERE');
    this.#endedElsewhere.set(sessionId, ending);
    return ending;
  }

  async #end(placed: PlacedSession, operation: Operation, reason: SessionEndReason) {
    const { keyringId, record } = placed;
    try {
      const { revocations } = this.#services;
      const unconfirmed = await revocations.endSession(keyringId, record, operation, reason);
      const outcome = unconfirmed === null ? 'confirmed' : 'unconfirmed';
      this.#record({ event: 'logout', outcome }, record, keyringId);
      return unconfirmed;
    } catch (error) {
      this.#record({ event: 'logout', outcome: 'failed' }, record, keyringId);
      throw error;
    }
  }

  /** Records what happened to a session, of this keyring unless another one is named. */
  #record(action: AuditedAction, record: SessionRecord, keyringId = this.#keyringId): void {
    const { audit } = this.#services;
    const { requestId, device } = this.#about;
    const of = keyringId === null ? {} : audit.digests.details(keyringId, record);
    audit.write({ ...action, requestId, address: device.ipAddress, ...of });
  }

  get hasRoomForStream(): boolean {
    return this.id !== null && this.#services.news.hasRoomFor(this.id);
  }

  changes(signal: Cancellable): AsyncIterableIterator<SessionChange> {
    return this.#services.news.follow(this.#followed(), signal);
  }

  get canBeFollowed(): boolean {
    return this.id !== null && this.#services.news.canFollow(this.id);
  }

  watchAccounts(accountIds: ReadonlySet<string>, onEnd: (accountId: string) => void): () => void {
    return this.#services.news.watchAccounts(this.#followed(), accountIds, onEnd);
  }

  #followed() {
    const { id, sessions } = this;
    if (id === null) throw new TypeError('Only a request with a keyring can follow it');
    return { id, sessions };
  }

  async clearIfEmpty(): Promise<void> {
    // One that leads nowhere stays: where the clock has jumped ahead, it will lead to its sessions again.
    if (this.#cookie === null || this.#keyringId === null) return;
    const { keyrings, cookies } = this.#services;
    const gone = await keyrings.forgetIfEmpty(this.#cookie).catch(() => false);
    if (gone) this.#about.setCookie(cookies.clear(cookies.keyringName));
  }
}

/**
 * Opens the keyring of the browser behind a request: one look-up in the store, and none without a cookie.
 * A store that is down gives a keyring that says so, because header credentials and `apps` still work.
 * @param hasCredentials whether the Authorization header named accounts: then no keyring is opened.
 */
export function openBrowserKeyring(
  services: BrowserKeyrings,
  about: KeyringRequest,
  hasCredentials: boolean,
): BrowserKeyring | Promise<BrowserKeyring> {
  const { request } = about;
  const barred = barredBecause(request, hasCredentials, services.origins);
  const cookie = barred === null ? keyringCookieOf(services, request) : null;
  return cookie === null
    ? new RequestKeyring(services, about, { barred, cookie })
    : openByCookie(services, about, cookie);
}

async function openByCookie(
  services: BrowserKeyrings,
  about: KeyringRequest,
  cookie: Secret,
): Promise<BrowserKeyring> {
  const { keyrings, revocations } = services;
  const barred = null;
  try {
    const keyring = await keyrings.open(cookie, about.device);
    if (keyring !== null) revocations.resume(keyring.id, keyring.sessions);
    return new RequestKeyring(services, about, { barred, cookie, keyring });
  } catch (error) {
    if (!(error instanceof KeyringStoreError)) throw error;
    return new RequestKeyring(services, about, { barred, cookie, unavailable: true });
  }
}

/** Why a request may not use a keyring, as a sentence for its sender; null when it may. */
function barredBecause(request: Request, hasCredentials: boolean, origins: Origins): string | null {
  if (hasCredentials) {
    return 'This request came with credentials in its Authorization header, and then no keyring is used.';
  }
  if (request.method !== 'POST') {
    return 'A keyring is only used for operations sent by POST, as application/json.';
  }
  const origin = request.headers.get('origin');
  if (origins.isTrusted(origin)) return null;
  return origin === null
    ? `A keyring is only used by browsers, which send an Origin header: ${origins.own}, or one of ALLOWED_ORIGINS.`
    : `The Origin of this request is neither ${origins.own} nor one of ALLOWED_ORIGINS.`;
}
