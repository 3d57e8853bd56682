// The index of users in the SQLite file: a table of its own, and what is run on it inside a transaction of the worker's.
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { IndexedPlace, RecordPlace } from '../user-index.ts';

/** Creates what is missing. */
export const usersSchema = `
  CREATE TABLE IF NOT EXISTS users_2 (
    name TEXT NOT NULL,
    keyring_id TEXT NOT NULL,
    key TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (name, keyring_id, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS users_2_by_end ON users_2 (expires_at);
`;

const row = z.object({ keyringId: z.string(), key: z.string() });

/** The statements on the table, prepared once for a connection, as functions. */
export function usersOf(database: DatabaseSync) {
  const write = database.prepare(
    `INSERT INTO users_2 (name, keyring_id, key, expires_at) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at`,
  );
  const trim = database.prepare(
    `DELETE FROM users_2 WHERE name = ? AND (keyring_id, key) IN (
      SELECT keyring_id, key FROM users_2 WHERE name = ? ORDER BY expires_at DESC LIMIT -1 OFFSET ?)`,
  );
  const find = database.prepare(
    `SELECT keyring_id AS keyringId, key FROM users_2
      WHERE name IN (SELECT value FROM json_each(?)) AND expires_at > ?
      GROUP BY keyring_id, key ORDER BY max(expires_at) DESC LIMIT ?`,
  );
  const remove = database.prepare(
    'DELETE FROM users_2 WHERE name = ? AND keyring_id = ? AND key = ?',
  );
  return {
    add(name: string, places: readonly IndexedPlace[], capacity: number): void {
      for (const { keyringId, key, expiresAt } of places)
        write.run(name, keyringId, key, expiresAt);
      trim.run(name, name, capacity);
    },
    find(now: number, names: readonly string[], count: number): readonly RecordPlace[] {
      return row.array().parse(find.all(JSON.stringify(names), now, count));
    },
    remove(names: readonly string[], places: readonly RecordPlace[]): void {
      for (const name of names)
        for (const { keyringId, key } of places) remove.run(name, keyringId, key);
    },
  };
}
