// What an operation may do with the keyring of the browser that sent it. The HTTP layer, which knows cookies,
// makes one for each request; resolvers use it without knowing any.
import type { SessionRecord } from './keyring/session-record.ts';
import type { KiteError } from './kite/error.ts';
import type { Operation } from './kite/operation.ts';
import type { KiteSession } from './kite/session.ts';

/** A login that this browser has begun and not finished. */
export interface PendingLogin {
  /** The nonce that Kite hands back. */
  readonly nonce: string;
  /** The app that the user logs in through. */
  readonly apiKey: string;
  /** Where the browser goes afterwards; null: to the gateway's own page. */
  readonly returnTo: string | null;
  /** When it began, in milliseconds since the epoch. */
  readonly startedAt: number;
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
  /** Whether the store could not be asked: then nobody knows which sessions there are. */
  readonly unavailable: boolean;
  /** The keyring's sessions, the newest first, ended ones included; none where there is no keyring. */
  readonly sessions: readonly SessionRecord[];
  /** The unfinished login with a nonce; null where this browser has begun none, or too long ago. */
  pendingLogin(nonce: string): Promise<PendingLogin | null>;
  /** Lets the browser forget an unfinished login: its nonce works once. */
  forgetPendingLogin(login: PendingLogin): void;
  /** Resolves where a new session could be kept. @throws KeyringStoreError */
  ready(): Promise<void>;
  /** Whether one more attempt to redeem a request token is allowed from the sender's address now. */
  mayAttempt(): boolean;
  /** Puts a new session into the keyring, and gives the browser its new cookie. @throws KeyringStoreError, KeyringFullError */
  add(apiKey: string, session: KiteSession): Promise<SessionRecord>;
  /** Puts renewed tokens into a session; null where it ended meanwhile. @throws KeyringStoreError */
  renew(record: SessionRecord, session: KiteSession): Promise<SessionRecord | null>;
  /** Notes that Kite refused a session's token. Never throws: the refusal itself is the news. */
  expire(record: SessionRecord): Promise<void>;
  /**
   * Ends a session at Kite; null once its tokens are refused there, else why Kite did not confirm it. From the first
   * moment they serve for nothing else, and ending them goes on in the background until Kite confirms it.
   * @throws KeyringStoreError where nothing was done.
   */
  revoke(record: SessionRecord, operation: Operation): Promise<KiteError | null>;
  /** Takes the cookie back where no session is left to use. Never throws. */
  clearIfEmpty(): Promise<void>;
}
