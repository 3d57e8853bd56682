// The store of one machine: a file, shared by every process that opens it. Loaded only where it is wanted, as
// some versions of Node print a warning when node:sqlite is.
import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { schema, statementsOf } from './sqlite-schema.ts';
import {
  type KeyringStore,
  KeyringStoreError,
  type NewKeyring,
  type RecordWrite,
  type StoredKeyring,
  type StoredRecord,
  type WriteOutcome,
} from './store.ts';

const ownerOnly = 0o600;
const purgeInterval = 60_000;

const keyringRow = z.object({
  id: z.string(),
  created_at: z.number(),
  revision: z.number(),
  expires_at: z.number(),
  retired: z.number(),
});
const recordRow = z.object({ key: z.string(), sealed: z.string(), version: z.number() });
const countRow = z.object({ count: z.number() });
const revisionRow = z.object({ revision: z.number() });

/**
 * A store in a file, which is created where it is missing and readable by its owner only.
 * @param file the path of the file; its folder must exist.
 * @param now tells the time by which things expire.
 * @throws KeyringStoreError where the file cannot be opened or is no such store.
 */
export function openSqliteStore(file: string, now: () => Date): KeyringStore {
  return guarded(() => {
    // SQLite would create it readable by all; its -wal and -shm take over the mode of the file itself.
    closeSync(openSync(file, 'a', ownerOnly));
    chmodSync(file, ownerOnly);
    const database = new DatabaseSync(file);
    try {
      database.exec(schema);
      return new SqliteStore(database, now);
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

class SqliteStore implements KeyringStore {
  readonly #database: DatabaseSync;
  readonly #now: () => Date;
  readonly #run: ReturnType<typeof statementsOf>;
  #purgedAt = Number.NEGATIVE_INFINITY;

  constructor(database: DatabaseSync, now: () => Date) {
    this.#database = database;
    this.#now = now;
    this.#run = statementsOf(database);
  }

  async open(pointer: string): Promise<StoredKeyring | null> {
    return this.#transaction('BEGIN', (now) => {
      const row = keyringRow.optional().parse(this.#run.open.get(pointer, now, now));
      if (!row) return null;
      return {
        id: row.id,
        createdAt: row.created_at,
        revision: row.revision,
        pointer: { expiresAt: row.expires_at, retired: row.retired === 1 },
        records: recordRow.array().parse(this.#run.records.all(row.id, now)),
      };
    });
  }

  async readRecord(keyringId: string, key: string): Promise<StoredRecord | null> {
    return guarded(() => this.#record(keyringId, key, this.#now().getTime()));
  }

  async createKeyring({ id, createdAt, expiresAt }: NewKeyring): Promise<void> {
    this.#write(() => this.#run.createKeyring.run(id, createdAt, expiresAt));
  }

  async writeRecords(
    keyringId: string,
    writes: readonly RecordWrite[],
    capacity: number,
  ): Promise<readonly WriteOutcome[]> {
    return this.#write((now) => {
      this.#run.purgeRecords.run(keyringId, now);
      return writes.map((write) => this.#writeRecord(keyringId, write, capacity, now));
    });
  }

  async writePointer(pointer: string, keyringId: string, expiresAt: number): Promise<boolean> {
    return this.#write((now) => {
      if (this.#revision(keyringId, now) === null) return false;
      this.#run.writePointer.run(pointer, keyringId, expiresAt);
      this.#run.prolong.run(expiresAt, pointer);
      return true;
    });
  }

  async touchPointer(pointer: string, expiresAt: number): Promise<void> {
    this.#write((now) => {
      const { changes } = this.#run.touchPointer.run(expiresAt, pointer, now, now);
      if (changes) this.#run.prolong.run(expiresAt, pointer);
    });
  }

  async retirePointer(pointer: string, expiresAt: number): Promise<void> {
    this.#write(() => this.#run.retirePointer.run(expiresAt, pointer));
  }

  async deleteKeyring(keyringId: string, revision: number): Promise<boolean> {
    return this.#write((now) => {
      if (this.#revision(keyringId, now) !== revision) return false;
      this.#run.deleteKeyring.run(keyringId);
      return true;
    });
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) guarded(() => this.#database.close());
  }

  #writeRecord(keyringId: string, write: RecordWrite, capacity: number, now: number): WriteOutcome {
    const revision = this.#revision(keyringId, now);
    if (revision === null) return 'gone';
    const current = this.#record(keyringId, write.key, now)?.version ?? null;
    if (current !== write.expectedVersion) return 'conflict';
    const { count } = countRow.parse(this.#run.countRecords.get(keyringId));
    if (current === null && count >= capacity) return 'full';
    this.#run.writeRecord.run(keyringId, write.key, write.sealed, revision + 1, write.expiresAt);
    this.#run.setRevision.run(revision + 1, keyringId);
    return 'written';
  }

  #record(keyringId: string, key: string, now: number): StoredRecord | null {
    const row = recordRow.optional().parse(this.#run.record.get(keyringId, key, now, now));
    return row ?? null;
  }

  #revision(keyringId: string, now: number): number | null {
    const row = revisionRow.optional().parse(this.#run.revision.get(keyringId, now));
    return row?.revision ?? null;
  }

  /** A change, begun with the write lock: one that took it later could fail for having read too early. */
  #write<Result>(change: (now: number) => Result): Result {
    return this.#transaction('BEGIN IMMEDIATE', (now) => {
      // A clock that was set back must not put off the purge until it has caught up.
      if (Math.abs(now - this.#purgedAt) >= purgeInterval) {
        this.#run.purgePointers.run(now);
        this.#run.purgeKeyrings.run(now);
        this.#run.purgeAllRecords.run(now);
        this.#purgedAt = now;
      }
      return change(now);
    });
  }

  #transaction<Result>(begin: string, work: (now: number) => Result): Result {
    return guarded(() => {
      this.#database.exec(begin);
      try {
        const result = work(this.#now().getTime());
        this.#database.exec('COMMIT');
        return result;
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }
}

/** SQLite's own errors name files and statements: they stop here. */
function guarded<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw new KeyringStoreError(error instanceof Error ? sqliteCode(error) : undefined);
  }
}

/** What SQLite calls its result codes (sqlite.org/rescode.html), those that an operator can act on. */
const sqliteCodes = new Map([
  [5, 'SQLITE_BUSY'],
  [6, 'SQLITE_LOCKED'],
  [8, 'SQLITE_READONLY'],
  [10, 'SQLITE_IOERR'],
  [11, 'SQLITE_CORRUPT'],
  [13, 'SQLITE_FULL'],
  [14, 'SQLITE_CANTOPEN'],
  [26, 'SQLITE_NOTADB'],
]);

function sqliteCode(error: Error): unknown {
  const { errcode, code } = error as { readonly errcode?: unknown; readonly code?: unknown };
  // The extended code has the primary one in its lowest byte.
  return typeof errcode === 'number' ? (sqliteCodes.get(errcode & 0xff) ?? code) : code;
}
