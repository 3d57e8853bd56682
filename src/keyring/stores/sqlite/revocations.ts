// The revocations in the SQLite file and its deliveries: a table for each, and what is run on it inside a transaction of
// the worker's.
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import {
  type DueList,
  dueLists,
  type RevocationOutcome,
  type StoredRevocation,
} from '../revocation-list.ts';

/** Creates what is missing: a table for each list. */
export const revocationsSchema = dueLists
  .map(
    (name) => `
  CREATE TABLE IF NOT EXISTS ${name}_2 (
    id TEXT PRIMARY KEY,
    sealed TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS ${name}_2_by_due ON ${name}_2 (due_at);
  CREATE INDEX IF NOT EXISTS ${name}_2_by_end ON ${name}_2 (expires_at);
`,
  )
  .join('');

const row = z
  .object({ id: z.string(), sealed: z.string(), due_at: z.number(), expires_at: z.number() })
  .transform(({ id, sealed, due_at: dueAt, expires_at: expiresAt }) => ({
    id,
    encrypted: sealed,
    dueAt,
    expiresAt,
  }));
const count = z.object({ count: z.number() });

/** The statements on the table of a list, prepared once for a connection, as functions. */
export function revocationsOf(database: DatabaseSync, name: DueList) {
  const table = `${name}_2`;
  const counted = database.prepare(`SELECT count(*) AS count FROM ${table} WHERE expires_at > ?`);
  const known = database.prepare(
    `SELECT count(*) AS count FROM ${table} WHERE id = ? AND expires_at > ?`,
  );
  const write = database.prepare(
    `INSERT OR REPLACE INTO ${table} (id, sealed, due_at, expires_at) VALUES (?, ?, ?, ?)`,
  );
  const due = database.prepare(
    `SELECT id, sealed, due_at, expires_at FROM ${table}
      WHERE due_at <= ? AND expires_at > ? ORDER BY due_at LIMIT ?`,
  );
  const postpone = database.prepare(
    `UPDATE ${table} SET due_at = ? WHERE id = ? AND due_at = ? AND expires_at > ?`,
  );
  const remove = database.prepare(`DELETE FROM ${table} WHERE id = ?`);
  return {
    add(now: number, revocation: StoredRevocation, capacity: number): RevocationOutcome {
      const { id, encrypted, dueAt, expiresAt } = revocation;
      if (count.parse(known.get(id, now)).count > 0) return 'exists';
      if (count.parse(counted.get(now)).count >= capacity) return 'full';
      write.run(id, encrypted, dueAt, expiresAt);
      return 'written';
    },
    /** Whether any is due: where none is, nothing has to be written. */
    hasDue(now: number): boolean {
      return due.get(now, now, 1) !== undefined;
    },
    claim(now: number, until: number, most: number): readonly StoredRevocation[] {
      const claimed = row.array().parse(due.all(now, now, most));
      for (const { id, dueAt } of claimed) postpone.run(until, id, dueAt, now);
      return claimed.map((revocation) => ({ ...revocation, dueAt: until }));
    },
    postpone(now: number, id: string, expectedDueAt: number, dueAt: number): boolean {
      return postpone.run(dueAt, id, expectedDueAt, now).changes === 1;
    },
    remove(ids: readonly string[]): void {
      for (const id of ids) remove.run(id);
    },
  };
}
