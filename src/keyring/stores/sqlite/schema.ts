// The tables of the file and every statement that is run on them.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { z } from 'zod';
import { revocationsSchema } from './revocations.ts';
import { usersSchema } from './users.ts';

/**
 * Sets a connection up and creates what is missing. WAL lets readers go on beside a writer; FULL makes a commit
 * survive a power cut; secure_delete overwrites what was deleted; busy_timeout waits for another process's write while
 * the file is opened, and later the worker waits by itself. The tables of earlier versions are `keyrings`, `pointers`
 * and `records`; they are only read to be converted.
 */
export const schema = `
  PRAGMA busy_timeout = 1000;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  PRAGMA foreign_keys = ON;
  BEGIN IMMEDIATE;
  CREATE TABLE IF NOT EXISTS keyrings_2 (
    id TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revision INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS keyrings_2_by_end ON keyrings_2 (expires_at);
  CREATE TABLE IF NOT EXISTS pointers_2 (
    name TEXT PRIMARY KEY,
    target TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    retired INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS pointers_2_by_end ON pointers_2 (expires_at);
  CREATE TABLE IF NOT EXISTS records_2 (
    keyring_id TEXT NOT NULL REFERENCES keyrings_2 (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    sealed TEXT NOT NULL,
    version INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (keyring_id, key)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS records_2_by_end ON records_2 (expires_at) WHERE expires_at IS NOT NULL;
  ${revocationsSchema}
  ${usersSchema}
  CREATE TABLE IF NOT EXISTS write_proofs (id INTEGER PRIMARY KEY, filler BLOB NOT NULL) STRICT;
  COMMIT;
  PRAGMA busy_timeout = 0;
`;

const statements = {
  pointer:
    'SELECT name, target, expires_at, retired FROM pointers_2 WHERE name = ? AND expires_at > ?',
  keyring: 'SELECT id, created_at, revision FROM keyrings_2 WHERE id = ? AND expires_at > ?',
  records: `SELECT key, sealed AS encrypted, version FROM records_2
    WHERE keyring_id = ? AND (expires_at IS NULL OR expires_at > ?)`,
  record: `SELECT r.key, r.sealed AS encrypted, r.version FROM records_2 r JOIN keyrings_2 k ON k.id = r.keyring_id
    WHERE r.keyring_id = ? AND r.key = ?
    AND (r.expires_at IS NULL OR r.expires_at > ?) AND k.expires_at > ?`,
  revision: 'SELECT revision, expires_at FROM keyrings_2 WHERE id = ? AND expires_at > ?',
  countRecords: `SELECT count(*) AS count FROM records_2
    WHERE keyring_id = ? AND (expires_at IS NULL OR expires_at > ?)`,
  createKeyring:
    'INSERT INTO keyrings_2 (id, created_at, expires_at, revision) VALUES (?, ?, ?, ?)',
  writeRecord: `INSERT INTO records_2 (keyring_id, key, sealed, version, expires_at)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT (keyring_id, key) DO UPDATE SET
    sealed = excluded.sealed, version = excluded.version, expires_at = excluded.expires_at`,
  deleteRecord: 'DELETE FROM records_2 WHERE keyring_id = ? AND key = ?',
  setRevision: 'UPDATE keyrings_2 SET revision = ? WHERE id = ?',
  writePointer: 'INSERT INTO pointers_2 (name, target, expires_at, retired) VALUES (?, ?, ?, ?)',
  prolong: 'UPDATE keyrings_2 SET expires_at = max(expires_at, ?) WHERE id = ?',
  touchPointer: `UPDATE pointers_2 SET expires_at = max(expires_at, ?)
    WHERE name = ? AND retired = 0 AND expires_at > ?`,
  retirePointer:
    'UPDATE pointers_2 SET expires_at = min(expires_at, ?), retired = 1 WHERE name = ?',
  deleteKeyring: 'DELETE FROM keyrings_2 WHERE id = ?',
  proveWrite: 'INSERT INTO write_proofs (filler) VALUES (randomblob(?))',
  forgetProofs: 'DELETE FROM write_proofs',
} as const;

/** A row of `keyrings_2`. */
export const keyringRow = z.object({
  id: z.string(),
  created_at: z.number(),
  revision: z.number(),
});
/** A row of `pointers_2`. */
export const pointerRow = z.object({
  name: z.string(),
  target: z.string(),
  expires_at: z.number(),
  retired: z.number(),
});
/** A row of `records_2`. */
export const recordRow = z.object({ key: z.string(), encrypted: z.string(), version: z.number() });
/** How many rows there are. */
export const countRow = z.object({ count: z.number() });
/** The revision of a keyring, and when it ends. */
export const revisionRow = z.object({ revision: z.number(), expires_at: z.number() });

type Statements = Readonly<Record<keyof typeof statements, StatementSync>>;

/** Every statement, prepared once for a connection. */
export function statementsOf(database: DatabaseSync): Statements {
  const names = Object.keys(statements) as (keyof typeof statements)[];
  const prepared = names.map((name) => [name, database.prepare(statements[name])]);
  return Object.fromEntries(prepared);
}
