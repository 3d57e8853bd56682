// What a keyring tells its operator, never its user: nothing in it is secret.
import type { SealFailure } from './crypto/sealer.ts';

/** Why a row counts as absent: as the sealer says, or `malformed` where its seal held something else than a session. */
export type UnreadableReason = SealFailure | 'malformed';

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
      /** A write failed that nobody waits for: a touch, or the end of a replaced cookie. */
      readonly kind: 'upkeep-failed';
      /** The keyring's id. */
      readonly keyringId: string;
    };
