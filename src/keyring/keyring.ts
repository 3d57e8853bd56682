// What the layers above see of keyrings: a cookie opens one, a login adds to it, and what ends in it is forgotten.

import type { BrokerSession } from '../brokers/answers.ts';
import type { Secret } from '../brokers/upstream/secret.ts';
import type { VersionedRecord } from './crypto/encrypted-records.ts';
import type { DeviceHint } from './device.ts';
import type { Login } from './login.ts';
import type { LoginOfRecord, SessionEndReason, SessionRecord } from './session-record.ts';
import type { KeyringNotices } from './stores/store.ts';
import type { BrokerUser, FoundElsewhere } from './user-sessions.ts';

/** What a cookie opens. */
export interface Keyring {
  /** The keyring's own id; not secret, and no way to the cookie. */
  readonly id: string;
  /** When it expires at the latest; sooner if it is not used for some days. */
  readonly endsAt: Date;
  /** Its sessions, the newest `issuedAt` first; ended ones for some days from their end. */
  readonly sessions: readonly SessionRecord[];
}

/** A keyring as it was read, with its records and the versions of their rows. */
export interface ReadKeyring {
  readonly keyring: Keyring;
  readonly entries: readonly VersionedRecord[];
}

/** What a login gives the browser. */
export interface Added {
  /** The new cookie, which replaces the browser's old one; the old one itself where `hasNewCookie` is false. */
  readonly cookie: Secret;
  /**
   * False where the old cookie had been replaced already: the browser has been given another one, and a thief of the
   * old one gets none for it.
   */
  readonly hasNewCookie: boolean;
  /** The keyring's id. */
  readonly keyringId: string;
  /** When the keyring, and so the cookie, is gone at the latest. */
  readonly endsAt: Date;
  /** The session. */
  readonly record: SessionRecord;
  /** The session of the same app and user that it replaced, as it was; null if there was no session. */
  readonly replaced: SessionRecord | null;
  /** Sessions that are too many now, for the caller to end. */
  readonly surplus: readonly SessionRecord[];
}

/** What came of a renewal. */
export type Renewal =
  | { readonly record: SessionRecord }
  | {
      readonly record: null;
      /** The session that another renewal of the same one has put there first; null where it ended or was replaced. */
      readonly rival: SessionRecord | null;
    };

/** What came of the mark of a session whose logout begins. */
export type RevokingMark =
  /** The record as it is now: REVOKING, or REVOKED where there is no token left to end. */
  | { readonly record: SessionRecord }
  | {
      readonly record: null;
      /** The session that renewals have put in its place; null where it is over, or a later login has replaced it. */
      readonly renewal: SessionRecord | null;
    };

/** The keyrings of browsers. Every method but `settled` throws KeyringStoreError where the store is down. */
export interface Keyrings {
  /**
   * Opens a keyring; null where the cookie leads nowhere. Its use is written down in the background, with the
   * device where one is known, at most once a minute.
   */
  open(cookie: Secret, device: DeviceHint | null): Promise<Keyring | null>;
  /**
   * Reads a keyring by its id, for what follows it; null where it is gone. That is no use of it.
   * @param last what was read of it before.
   */
  read(keyringId: string, last: ReadKeyring | null): Promise<ReadKeyring | null>;
  /** Tells of writes to keyrings. */
  readonly notices: KeyringNotices;
  /** Resolves where the store can keep a session now, which a write proves: to be asked before a token is spent. */
  ready(): Promise<void>;
  /**
   * Adds a session to the cookie's keyring, or to a new one where there is no cookie or it leads nowhere. A session
   * of the same app and user is replaced: it is over, stays listed, and the new one keeps its account id. The old cookie
   * works for 60 seconds more.
   */
  add(cookie: Secret | null, login: Login, device: DeviceHint | null): Promise<Added>;
  /**
   * The sessions of users in other keyrings than this one, ended ones included, at most `count`.
   * @param keyringId null: in whichever keyrings.
   */
  sessionsElsewhere(
    users: readonly BrokerUser[],
    keyringId: string | null,
    count: number,
  ): Promise<FoundElsewhere>;
  /**
   * Ends a session whose token works no more: forgets the access and public token, keeps a refresh token. False
   * where nothing changed, as the session had ended or a later login has replaced it.
   * @param reason default: the broker refused the token.
   * @param at when it ended. Default: now.
   */
  markExpired(
    keyringId: string,
    record: SessionRecord,
    reason?: SessionEndReason,
    at?: Date,
  ): Promise<boolean>;
  /**
   * Begins a session's logout: from now on its tokens serve for nothing but to end them there. No record where nothing
   * changed: a renewal or a later login has replaced it.
   * @param reason default: its user logged it out.
   */
  markRevoking(
    keyringId: string,
    record: SessionRecord,
    reason?: SessionEndReason,
  ): Promise<RevokingMark>;
  /**
   * Ends a session by logout: forgets all of its tokens. False where nothing changed, as
   * the session was revoked already or a later login has replaced it.
   * @param reason why, where its end had not begun. Default: its user logged it out.
   */
  markRevoked(
    keyringId: string,
    record: LoginOfRecord,
    reason?: SessionEndReason,
  ): Promise<boolean>;
  /**
   * Puts new tokens into a session, active or expired, of the same account. No record where nothing changed: a later
   * login or renewal has replaced it, it was logged out meanwhile, or the tokens are another user's.
   * @param renewalOf the session that was renewed, where `record` is a rival of this renewal.
   */
  renew(
    keyringId: string,
    record: SessionRecord,
    session: BrokerSession,
    renewalOf?: string,
  ): Promise<Renewal>;
  /**
   * Gives the account of these sessions another label, also where a later login has replaced one of them, by one change
   * of the store. The records as they are now, without those that are gone.
   */
  label(
    keyringId: string,
    records: readonly SessionRecord[],
    label: string | null,
  ): Promise<readonly SessionRecord[]>;
  /**
   * Deletes the cookie's keyring where no active or expired session is left in it, and none that does not open. True
   * where the cookie leads nowhere now, so that the browser may drop it. A login that comes between is never lost.
   */
  forgetIfEmpty(cookie: Secret): Promise<boolean>;
  /** Resolves when no background write is in flight; never rejects. */
  settled(): Promise<void>;
  /** Lets background writes end, then closes the store. */
  close(): Promise<void>;
}
