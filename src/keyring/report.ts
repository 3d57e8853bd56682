// What a keyring tells its operator, never its user: nothing in it is secret.
import type { DecryptFailure } from './crypto/encrypter.ts';

/** Why a row counts as absent: the reason of the encrypter, or `malformed` if its content is not a session. */
export type UnreadableReason = DecryptFailure | 'malformed';

/** Something worth a log line. */
export type KeyringReport =
  | {
      /** Rows of a keyring did not open and count as absent. */
      readonly kind: 'unreadable-records';
      /** The keyring's id. */
      readonly keyringId: string;
      /** Why they did not. */
      readonly reason: UnreadableReason;
      /** How many rows. */
      readonly count: number;
    }
  | {
      /** Tokens that were to be ended did not open: they stay in the store until they expire there. */
      readonly kind: 'unreadable-revocation';
      /** Why they did not. */
      readonly reason: UnreadableReason;
    }
  | {
      /** Tokens that the broker has not confirmed as ended are in memory alone: a restart loses them. */
      readonly kind: 'revocation-in-memory';
      /** Why: the list is full, the store cannot be written, or it is one that keeps no such list. */
      readonly reason: 'full' | 'unavailable' | 'not-kept-by-store';
    }
  | {
      /** A background write failed: a touch, or the end of a replaced cookie. */
      readonly kind: 'upkeep-failed';
      /** The keyring's id. */
      readonly keyringId: string;
    };
