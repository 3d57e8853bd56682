// What has to leave a keyring so that a login fits into it.
import type { Limits } from '../limits.ts';
import type { VersionedRecord } from './crypto/encrypted-records.ts';
import type { SessionRecord } from './session-record.ts';

/** What has to leave. */
export interface Room {
  /** Sessions that are over, the first to have ended first: they are no longer listed. */
  readonly dropped: readonly VersionedRecord[];
  /** Sessions that are too many now: to be ended, at the broker too. */
  readonly surplus: readonly SessionRecord[];
}

/**
 * Makes room for one more session and for the one that it replaces, which is over then. Sessions that are over never
 * take the place of others.
 * @param entries what is in the keyring beside the session that is replaced.
 */
export function roomFor(entries: readonly VersionedRecord[], limits: Limits): Room {
  const isOver = ({ record: { state } }: VersionedRecord) =>
    state === 'REVOKED' || state === 'REVOKING';
  const over = entries.filter(isOver).toSorted((one, other) => endOf(one) - endOf(other));
  const open = entries.filter((entry) => !isOver(entry)).toSorted(byWorth);
  const surplus = open.slice(0, Math.max(0, open.length + 1 - limits.keyringSessions));
  return {
    dropped: over.slice(0, Math.max(0, over.length + 1 - limits.keyringEndedSessions)),
    surplus: surplus.map(({ record }) => record),
  };
}

/** Expired ones first, and then the oldest. */
function byWorth({ record: one }: VersionedRecord, { record: other }: VersionedRecord): number {
  const isActive = ({ state }: SessionRecord) => (state === 'ACTIVE' ? 1 : 0);
  const order = isActive(one) - isActive(other);
  return order === 0 ? one.issuedAt.getTime() - other.issuedAt.getTime() : order;
}

function endOf({ record }: VersionedRecord): number {
  return record.endedAt?.getTime() ?? 0;
}
