// Deletes from the SQLite file what has expired, a few rows at a time, so that no call waits for the rest.
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

/**
 * The most rows, of all tables together, that one transaction deletes. Names are random, so that each row is on pages of
 * its own, and what a commit costs is the pages that it writes.
 */
export const maxRows = 20;

/**
 * Each takes the time and how many rows. A keyring goes once its rows are gone, and before the rows of the next ones:
 * behind those, keyrings without rows would have to be walked over again and again.
 */
const purges = [
  `DELETE FROM pointers_2 WHERE rowid IN
    (SELECT rowid FROM pointers_2 WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
  `DELETE FROM keyrings_2 WHERE rowid IN
    (SELECT k.rowid FROM (SELECT rowid, id FROM keyrings_2 WHERE expires_at <= ? ORDER BY expires_at LIMIT ?) k
      WHERE NOT EXISTS (SELECT 1 FROM records_2 r WHERE r.keyring_id = k.id))`,
  `DELETE FROM records_2 WHERE rowid IN
    (SELECT r.rowid FROM keyrings_2 k CROSS JOIN records_2 r ON r.keyring_id = k.id
      WHERE k.expires_at <= ? ORDER BY k.expires_at LIMIT ?)`,
  ...['records_2', 'revocations_2', 'deliveries_2'].map(
    (table) => `DELETE FROM ${table} WHERE rowid IN
    (SELECT rowid FROM ${table} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
  ),
  `DELETE FROM users_2 WHERE (name, keyring_id, key) IN
    (SELECT name, keyring_id, key FROM users_2 WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
];

/** A function that deletes the next rows, inside a transaction; true where there may be more. */
export function purgeOf(database: DatabaseSync): (moment: Moment) => boolean {
  const prepared = purges.map((text) => database.prepare(text));
  let purgedAt = Number.NEGATIVE_INFINITY;
  return ({ now, mayPurge }) => {
    // A clock that was set back must not put off the purge until it has caught up.
    if (!mayPurge || Math.abs(now - purgedAt) < purgeInterval) return false;
    let left = maxRows;
    for (const purge of prepared) {
      if (left > 0) left -= Number(purge.run(now, left).changes);
    }
    if (left < maxRows) return true;
    purgedAt = now;
    return false;
  };
}
