// The tables of the file and every statement that is run on them.
import type { DatabaseSync, StatementSync } from 'node:sqlite';

/**
 * Sets a connection up and creates what is missing. WAL lets readers go on beside a writer; FULL makes a commit
 * survive a power cut; secure_delete overwrites what was deleted; busy_timeout waits for another process's write.
 */
export const schema = `
  PRAGMA busy_timeout = 1000;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  PRAGMA foreign_keys = ON;
  BEGIN IMMEDIATE;
  CREATE TABLE IF NOT EXISTS keyrings (
    id TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revision INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS keyrings_by_end ON keyrings (expires_at);
  CREATE TABLE IF NOT EXISTS pointers (
    hash TEXT PRIMARY KEY,
    keyring_id TEXT NOT NULL REFERENCES keyrings (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL,
    retired INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS pointers_by_end ON pointers (expires_at);
  CREATE INDEX IF NOT EXISTS pointers_by_keyring ON pointers (keyring_id);
  CREATE TABLE IF NOT EXISTS records (
    keyring_id TEXT NOT NULL REFERENCES keyrings (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    sealed TEXT NOT NULL,
    version INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (keyring_id, key)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS records_by_end ON records (expires_at) WHERE expires_at IS NOT NULL;
  COMMIT;
`;

const statements = {
  open: `SELECT k.id, k.created_at, k.revision, p.expires_at, p.retired
    FROM pointers p JOIN keyrings k ON k.id = p.keyring_id
    WHERE p.hash = ? AND p.expires_at > ? AND k.expires_at > ?`,
  records: `SELECT key, sealed, version FROM records
    WHERE keyring_id = ? AND (expires_at IS NULL OR expires_at > ?)`,
  record: `SELECT r.key, r.sealed, r.version FROM records r JOIN keyrings k ON k.id = r.keyring_id
    WHERE r.keyring_id = ? AND r.key = ?
    AND (r.expires_at IS NULL OR r.expires_at > ?) AND k.expires_at > ?`,
  revision: 'SELECT revision FROM keyrings WHERE id = ? AND expires_at > ?',
  countRecords: 'SELECT count(*) AS count FROM records WHERE keyring_id = ?',
  createKeyring: 'INSERT INTO keyrings (id, created_at, expires_at, revision) VALUES (?, ?, ?, 0)',
  writeRecord: `INSERT INTO records (keyring_id, key, sealed, version, expires_at)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT (keyring_id, key) DO UPDATE SET
    sealed = excluded.sealed, version = excluded.version, expires_at = excluded.expires_at`,
  setRevision: 'UPDATE keyrings SET revision = ? WHERE id = ?',
  writePointer: 'INSERT INTO pointers (hash, keyring_id, expires_at, retired) VALUES (?, ?, ?, 0)',
  prolong: `UPDATE keyrings SET expires_at = max(expires_at, ?)
    WHERE id = (SELECT keyring_id FROM pointers WHERE hash = ?)`,
  touchPointer: `UPDATE pointers SET expires_at = max(expires_at, ?)
    WHERE hash = ? AND retired = 0 AND expires_at > ?
    AND EXISTS (SELECT 1 FROM keyrings k WHERE k.id = keyring_id AND k.expires_at > ?)`,
  retirePointer: 'UPDATE pointers SET expires_at = min(expires_at, ?), retired = 1 WHERE hash = ?',
  deleteKeyring: 'DELETE FROM keyrings WHERE id = ?',
  purgeRecords: 'DELETE FROM records WHERE keyring_id = ? AND expires_at <= ?',
  purgeAllRecords: 'DELETE FROM records WHERE expires_at <= ?',
  purgePointers: 'DELETE FROM pointers WHERE expires_at <= ?',
  purgeKeyrings: 'DELETE FROM keyrings WHERE expires_at <= ?',
} as const;

/** Every statement, prepared once for a connection. */
export function statementsOf(
  database: DatabaseSync,
): Readonly<Record<keyof typeof statements, StatementSync>> {
  const prepare = (name: keyof typeof statements) => database.prepare(statements[name]);
  return {
    open: prepare('open'),
    records: prepare('records'),
    record: prepare('record'),
    revision: prepare('revision'),
    countRecords: prepare('countRecords'),
    createKeyring: prepare('createKeyring'),
    writeRecord: prepare('writeRecord'),
    setRevision: prepare('setRevision'),
    writePointer: prepare('writePointer'),
    prolong: prepare('prolong'),
    touchPointer: prepare('touchPointer'),
    retirePointer: prepare('retirePointer'),
    deleteKeyring: prepare('deleteKeyring'),
    purgeRecords: prepare('purgeRecords'),
    purgeAllRecords: prepare('purgeAllRecords'),
    purgePointers: prepare('purgePointers'),
    purgeKeyrings: prepare('purgeKeyrings'),
  };
}
