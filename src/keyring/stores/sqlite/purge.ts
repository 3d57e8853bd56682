// Deletes from the SQLite file what has expired, some rows with each write, so that no write waits for the rest.
import type { DatabaseSync } from 'node:sqlite';

/** The moment of a call, as the gateway's clocks tell it. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Whether what has expired by then may be deleted for good. */
  readonly mayPurge: boolean;
}

/** The pause after a purge that has found nothing more, in milliseconds. */
const purgeInterval = 60_000;

/** The most rows of a table that one write deletes. */
const maxRows = 50;

/** Each takes the time and {@link maxRows}. Rows go before their keyring, which may have a thousand. */
const purges = [
  `DELETE FROM pointers_2 WHERE rowid IN
    (SELECT rowid FROM pointers_2 WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
  `DELETE FROM records_2 WHERE rowid IN
    (SELECT r.rowid FROM keyrings_2 k CROSS JOIN records_2 r ON r.keyring_id = k.id
      WHERE k.expires_at <= ? ORDER BY k.expires_at LIMIT ?)`,
  `DELETE FROM keyrings_2 WHERE rowid IN
    (SELECT k.rowid FROM (SELECT rowid, id FROM keyrings_2 WHERE expires_at <= ? ORDER BY expires_at LIMIT ?) k
      WHERE NOT EXISTS (SELECT 1 FROM records_2 r WHERE r.keyring_id = k.id))`,
  `DELETE FROM records_2 WHERE rowid IN
    (SELECT rowid FROM records_2 WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
  `DELETE FROM revocations_2 WHERE rowid IN (SELECT rowid FROM revocations_2 WHERE expires_at <= ? LIMIT ?)`,
  `DELETE FROM deliveries_2 WHERE rowid IN (SELECT rowid FROM deliveries_2 WHERE expires_at <= ? LIMIT ?)`,
  `DELETE FROM users_2 WHERE (name, keyring_id, key) IN
    (SELECT name, keyring_id, key FROM users_2 WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
];

/** A function that deletes the next rows, to be called with every write. */
export function purgeOf(database: DatabaseSync): (moment: Moment) => void {
  const prepared = purges.map((text) => database.prepare(text));
  let purgedAt = Number.NEGATIVE_INFINITY;
  return ({ now, mayPurge }) => {
    // A clock that was set back must not put off the purge until it has caught up.
    if (!mayPurge || Math.abs(now - purgedAt) < purgeInterval) return;
    const deleted = prepared.map((purge) => Number(purge.run(now, maxRows).changes));
    if (deleted.every((count) => count === 0)) purgedAt = now;
  };
}
