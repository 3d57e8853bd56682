// What an operation may do with the keyring of the browser that sent it. The HTTP layer, which knows cookies,
// makes one for each request; resolvers use it without knowing any.

import type { BrokerSession } from './brokers/answers.ts';
import type { Proof } from './brokers/broker.ts';
import type { BrokerName } from './brokers/broker-name.ts';
import type { BrokerError } from './brokers/error.ts';
import type { Operation } from './brokers/upstream/operation.ts';
import type { Secret } from './brokers/upstream/secret.ts';
import type { TokensToEnd } from './keyring/crypto/encrypted-revocations.ts';
import type { DeviceHint } from './keyring/device.ts';
import type { SessionChange } from './keyring/news/told-sessions.ts';
import type { SessionRecord } from './keyring/session-record.ts';
import type { BrokerUser } from './keyring/user-sessions.ts';
import type { Cancellable } from './shared/cancellation.ts';

/** What a broker's redirect brings. */
export interface LoginRedirect {
  /** The nonce that names the login. */
  readonly nonce: string;
  readonly requestToken: Secret;
  /** The app, where the sender names one: it must be the login's own. */
  readonly apiKey?: string | null | undefined;
}

/** The first step of a login at a broker without a login page. */
export interface GivenPassword {
  readonly apiKey: string;
  readonly userId: string;
  readonly password: Secret;
}

/** A login whose password the broker has accepted. */
export interface BegunChallenge {
  /** Names it for the second step. */
  readonly id: string;
  readonly broker: BrokerName;
  /** Where the broker has sent an access code, as it masks them. */
  readonly sentTo: readonly string[];
  readonly expiresAt: Date;
}

/** The second step. */
export interface GivenCode {
  readonly challengeId: string;
  /** Null for a user whose broker waives it. */
  readonly accessCode: Secret | null;
}

/** A session that no keyring keeps. */
export interface SessionForCaller {
  readonly apiKey: string;
  readonly session: BrokerSession;
}

/** A login whose session is in the keyring. */
export interface CompletedLogin {
  readonly record: SessionRecord;
  /** What the broker answered; null where the same redirect had come before. */
  readonly session: BrokerSession | null;
}

/** A renewal whose session is in the keyring. */
export interface RenewedSession {
  readonly record: SessionRecord;
  /** What the broker answered. */
  readonly session: BrokerSession;
}

/**
 * What came of a renewal: null where the session ended meanwhile or a later login replaced it, and `keyring-unavailable`
 * where the store could not keep another one, so that its refresh token is unspent.
 */
export type RenewalOutcome = RenewedSession | null | 'keyring-unavailable';

/**
 * Why a login was not completed.
 * - `unknown-login`: this browser has begun no such login.
 * - `too-late`: it began too long ago.
 * - `other-app`: it was begun for another app than the sender names.
 * - `no-token`: what came cannot be a request token.
 * - `too-many-attempts`: from the client address, or for the user. The token is unspent, and no call was made.
 * - `keyring-unavailable`: the store takes no session.
 * - `broker`: what the broker said.
 */
export type LoginFailure =
  | { readonly reason: 'unknown-login' | 'other-app' | 'no-token' }
  | { readonly reason: 'too-many-attempts'; readonly retryAfterSeconds: number }
  | { readonly reason: 'too-late'; readonly apiKey: string }
  | { readonly reason: 'keyring-unavailable'; readonly isTokenSpent: boolean }
  | { readonly reason: 'broker'; readonly error: BrokerError; readonly apiKey: string };

/** A session of a user's other browser, as the user may see it: without its tokens. */
export interface SessionElsewhere extends SessionRecord {
  readonly isElsewhere: true;
}

/** Sessions in other browsers. */
export interface SessionsElsewhere {
  readonly sessions: readonly SessionElsewhere[];
  /** Whether there are more than were read. */
  readonly isCut: boolean;
}

/** The keyring of the browser behind one request. */
export interface BrowserKeyring {
  /**
   * Why this request reaches no keyring, as a sentence for its sender; null when it may reach one.
   * A request with an Authorization header never does.
   */
  readonly barred: string | null;
  /** Which keyring it is; null where the request reaches none. */
  readonly id: string | null;
  /** What the request tells of its sender. */
  readonly device: DeviceHint;
  /** Whether the store could not be read: then the sessions are unknown. */
  readonly unavailable: boolean;
  /** The keyring's sessions, the newest first, ended ones included; empty without a keyring. */
  readonly sessions: readonly SessionRecord[];
  /** Completes a login that this browser began; its session goes into the keyring. */
  completeLogin(proof: LoginRedirect | GivenCode): Promise<CompletedLogin | LoginFailure>;
  /**
   * Begins a login by password, of this browser where it may reach a keyring, else of the caller, who then keeps the
   * session.
   */
  beginLogin(given: GivenPassword): Promise<BegunChallenge | LoginFailure>;
  /** Completes a login that a caller without a keyring began. */
  completeForCaller(given: GivenCode): Promise<SessionForCaller | LoginFailure>;
  /** Ends tokens at their broker in the background, which a caller without a keyring was to get and did not. Never throws. */
  endTokens(tokens: TokensToEnd): void;
  /** Counts an attempt of the sender's address to redeem a token: 0 where it is allowed, else the seconds to wait. */
  attempt(): Promise<number>;
  /**
   * Renews a session.
   * @throws BrokerError, KeyringStoreError once the broker has been asked
   */
  renew(record: SessionRecord, refreshToken: Secret, proof: Proof): Promise<RenewalOutcome>;
  /** Notes that the broker refused a session's token then. Never throws: the refusal itself is the news. */
  expire(record: SessionRecord, at: Date): Promise<void>;
  /**
   * Gives an account of the keyring another label, by one change of the store; null takes it away. The newest session of
   * the account as it is now; null where the keyring has none.
   * @throws KeyringStoreError
   */
  label(accountId: string, label: string | null): Promise<SessionRecord | null>;
  /**
   * Ends a session at its broker; null once its tokens are refused there, else why the broker did not confirm it. From
   * the first moment they serve for nothing else, and ending them goes on in the background until the broker confirms it.
   * @throws KeyringStoreError where nothing was done.
   */
  revoke(record: SessionRecord, operation: Operation): Promise<BrokerError | null>;
  /**
   * The sessions of brokers' users in other browsers' keyrings, ended ones included, at most `count`. Before it tells one
   * of them, the caller proves that its user is the one who asks.
   * @throws KeyringStoreError
   */
  sessionsElsewhere(users: readonly BrokerUser[], count: number): Promise<SessionsElsewhere>;
  /** Ends a session that `sessionsElsewhere` has found, as `revoke` does. @throws KeyringStoreError */
  revokeElsewhere(record: SessionElsewhere, operation: Operation): Promise<BrokerError | null>;
  /** Whether the keyring may have one more stream of changes; false where the request reaches no keyring. */
  readonly hasRoomForStream: boolean;
  /** The keyring's sessions, each as it is, and then every change. @throws TypeError where there is no keyring. */
  changes(signal: Cancellable): AsyncIterableIterator<SessionChange>;
  /** Whether the gateway has room to follow the keyring; false where the request reaches no keyring. */
  readonly canBeFollowed: boolean;
  /** Calls `onEnd` once for each of these accounts that has no active session any more; gives the way to stop. */
  watchAccounts(accountIds: ReadonlySet<string>, onEnd: (accountId: string) => void): () => void;
  /** Takes the cookie back where no session is left to use. Never throws. */
  clearIfEmpty(): Promise<void>;
}
