// The tables of earlier versions, read until nothing is left in them.
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { OldKeyring } from '../store.ts';

const countTables = `SELECT count(*) AS count FROM sqlite_master
  WHERE type = 'table' AND name IN ('keyrings', 'pointers', 'records')`;

const countRow = z.object({ count: z.number() });
const idRow = z.object({ id: z.string() });
const keyringRow = z.object({
  created_at: z.number(),
  expires_at: z.number(),
  revision: z.number(),
});
const pointerRow = z.object({ hash: z.string(), expires_at: z.number(), retired: z.number() });
const recordRow = z.object({
  key: z.string(),
  sealed: z.string(),
  expires_at: z.number().nullable(),
});

/** The ids of the keyrings in these tables; null where the file has no such tables. */
export function listOldKeyrings(database: DatabaseSync): readonly string[] | null {
  if (countRow.parse(database.prepare(countTables).get()).count !== 3) return null;
  const rows = database.prepare('SELECT id FROM keyrings').all();
  return idRow
    .array()
    .parse(rows)
    .map(({ id }) => id);
}

/** A keyring with all that belongs to it; null where it is gone, and the tables perhaps with it. */
export function readOldKeyring(database: DatabaseSync, id: string): OldKeyring | null {
  if (listOldKeyrings(database) === null) return null;
  const all = (columns: string, where: string) =>
    database.prepare(`SELECT ${columns} FROM ${where}`).all(id);
  const [keyring] = keyringRow
    .array()
    .parse(all('created_at, expires_at, revision', 'keyrings WHERE id = ?'));
  if (keyring === undefined) return null;
  const pointers = pointerRow
    .array()
    .parse(all('hash, expires_at, retired', 'pointers WHERE keyring_id = ? ORDER BY hash'));
  const records = recordRow
    .array()
    .parse(all('key, sealed, expires_at', 'records WHERE keyring_id = ? ORDER BY key'));
  return {
    id,
    createdAt: keyring.created_at,
    expiresAt: keyring.expires_at,
    revision: keyring.revision,
    pointers: pointers.map(({ hash, expires_at: expiresAt, retired }) => ({
      hash,
      expiresAt,
      retired: retired === 1,
    })),
    records: records.map(({ key, sealed, expires_at: expiresAt }) => ({
      key,
      encrypted: sealed,
      expiresAt,
    })),
  };
}

/** Deletes a keyring with its pointers and rows. */
export function removeOldKeyring(database: DatabaseSync, id: string): void {
  for (const [table, column] of [
    ['records', 'keyring_id'],
    ['pointers', 'keyring_id'],
    ['keyrings', 'id'],
  ])
    database.prepare(`DELETE FROM ${table} WHERE ${column} = ?`).run(id);
}

/** Drops the tables where no keyring is left in them. */
export function dropOldTables(database: DatabaseSync): void {
  if (listOldKeyrings(database)?.length !== 0) return;
  database.exec('DROP TABLE records; DROP TABLE pointers; DROP TABLE keyrings;');
}
