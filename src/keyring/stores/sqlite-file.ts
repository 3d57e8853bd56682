// What is done with the SQLite file: one method each, synchronous, inside a transaction of the worker's.
import { chmodSync, closeSync, lstatSync, openSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import {
  dropOldTables,
  listOldKeyrings,
  readOldKeyring,
  removeOldKeyring,
} from './sqlite-old-tables.ts';
import { schema, statementsOf } from './sqlite-schema.ts';
import type {
  ConvertedKeyring,
  NewKeyring,
  NewPointer,
  OldKeyring,
  RecordWrite,
  StoredKeyring,
  StoredPointer,
  StoredRecord,
  WriteOutcome,
} from './store.ts';

const ownerOnly = 0o600;
const purgeInterval = 60_000;

/** The moment of a call, as the gateway's clocks tell it. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Whether what has expired by then may be deleted for good. */
  readonly mayPurge: boolean;
}

const keyringRow = z.object({ id: z.string(), created_at: z.number(), revision: z.number() });
const pointerRow = z.object({
  name: z.string(),
  target: z.string(),
  expires_at: z.number(),
  retired: z.number(),
});
const recordRow = z.object({ key: z.string(), sealed: z.string(), version: z.number() });
const countRow = z.object({ count: z.number() });
const revisionRow = z.object({ revision: z.number() });
/** The methods that only read. */
export const readOperations: ReadonlySet<string> = new Set<keyof SqliteOperations>([
  'findPointer',
  'openKeyring',
  'readRecord',
  'listOldKeyrings',
  'readOldKeyring',
]);

/** The methods of the file that can be called from the other thread; each takes the moment first. */
export type SqliteOperations = Omit<SqliteFile, 'transaction' | 'close'>;

/** An open file. It is opened anew where it was deleted or replaced, so that nothing is written into a file that is gone. */
export class SqliteFile {
  readonly #path: string;
  #database: DatabaseSync;
  #run: ReturnType<typeof statementsOf>;
  #identity: string;
  #purgedAt = Number.NEGATIVE_INFINITY;

  /** @throws an error of SQLite or of the file system where the file cannot be opened or is something else. */
  constructor(path: string) {
    this.#path = path;
    this.#database = openDatabase(path);
    this.#run = statementsOf(this.#database);
    this.#identity = identify(path);
  }

  /** Runs work in one transaction; `BEGIN IMMEDIATE` takes the write lock first. */
  transaction<Result>(begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => Result): Result {
    if (identify(this.#path) !== this.#identity) this.#reopen();
    this.#database.exec(begin);
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  findPointer({ now }: Moment, names: readonly string[]): StoredPointer | null {
    for (const name of names) {
      const row = pointerRow.optional().parse(this.#run.pointer.get(name, now));
      if (row === undefined) continue;
      const { target, expires_at: expiresAt, retired } = row;
      return { name, target, expiresAt, retired: retired === 1 };
    }
    return null;
  }

  openKeyring({ now }: Moment, keyringId: string): StoredKeyring | null {
    const row = keyringRow.optional().parse(this.#run.keyring.get(keyringId, now));
    if (row === undefined) return null;
    const records = recordRow.array().parse(this.#run.records.all(keyringId, now));
    return { id: row.id, createdAt: row.created_at, revision: row.revision, records };
  }

  readRecord({ now }: Moment, keyringId: string, key: string): StoredRecord | null {
    return recordRow.optional().parse(this.#run.record.get(keyringId, key, now, now)) ?? null;
  }

  createKeyring(moment: Moment, { id, createdAt, expiresAt }: NewKeyring): void {
    this.#purge(moment);
    this.#run.createKeyring.run(id, createdAt, expiresAt, 0);
  }

  writeRecords(
    moment: Moment,
    keyringId: string,
    writes: readonly RecordWrite[],
    capacity: number,
  ): readonly WriteOutcome[] {
    this.#purge(moment);
    return writes.map((write) => this.#writeRecord(moment, keyringId, write, capacity));
  }

  writePointer(moment: Moment, pointer: NewPointer, keyringId: string): boolean {
    this.#purge(moment);
    if (this.#revision(keyringId, moment.now) === null) return false;
    const { name, target, expiresAt } = pointer;
    this.#run.writePointer.run(name, target, expiresAt, 0);
    this.#run.prolong.run(expiresAt, keyringId);
    return true;
  }

  touchPointer(moment: Moment, name: string, keyringId: string, expiresAt: number): void {
    this.#purge(moment);
    if (this.#revision(keyringId, moment.now) === null) return;
    const { changes } = this.#run.touchPointer.run(expiresAt, name, moment.now);
    if (changes) this.#run.prolong.run(expiresAt, keyringId);
  }

  retirePointer(moment: Moment, name: string, expiresAt: number): void {
    this.#purge(moment);
    this.#run.retirePointer.run(expiresAt, name);
  }

  deleteKeyring(moment: Moment, keyringId: string, revision: number): boolean {
    this.#purge(moment);
    if (this.#revision(keyringId, moment.now) !== revision) return false;
    this.#run.deleteKeyring.run(keyringId);
    return true;
  }

  /** The pages of what `forgetProofs` deletes stay in the file, free for the session that follows. */
  proveWrite(_: Moment, bytes: number): void {
    this.#run.proveWrite.run(bytes);
  }

  forgetProofs(): void {
    this.#run.forgetProofs.run();
  }

  /** The ids of keyrings in the layout of earlier versions; null where the file has no such tables. */
  listOldKeyrings(): readonly string[] | null {
    return listOldKeyrings(this.#database);
  }

  readOldKeyring(_: Moment, id: string): OldKeyring | null {
    return readOldKeyring(this.#database, id);
  }

  /** Puts a converted keyring in the place of the old one; false where that was changed meanwhile. */
  replaceOldKeyring(moment: Moment, old: OldKeyring, converted: ConvertedKeyring): boolean {
    const current = this.readOldKeyring(moment, old.id);
    if (JSON.stringify(current) !== JSON.stringify(old)) return false;
    const { id, createdAt, expiresAt, pointers, records } = converted;
    this.#run.createKeyring.run(id, createdAt, expiresAt, records.length);
    for (const [index, { key, sealed, expiresAt: end }] of records.entries())
      this.#run.writeRecord.run(id, key, sealed, index + 1, end);
    for (const { name, target, expiresAt: end, retired } of pointers)
      this.#run.writePointer.run(name, target, end, retired ? 1 : 0);
    removeOldKeyring(this.#database, old.id);
    return true;
  }

  /** Drops the tables of earlier versions where no keyring is left in them. */
  dropOldTables(): void {
    dropOldTables(this.#database);
  }

  /** Closes the file. */
  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #writeRecord(
    { now }: Moment,
    keyringId: string,
    write: RecordWrite,
    capacity: number,
  ): WriteOutcome {
    const revision = this.#revision(keyringId, now);
    if (revision === null) return 'gone';
    const row = recordRow.optional().parse(this.#run.record.get(keyringId, write.key, now, now));
    const current = row?.version ?? null;
    if (current !== write.expectedVersion) return 'conflict';
    if (current === null) {
      const { count } = countRow.parse(this.#run.countRecords.get(keyringId, now));
      if (count >= capacity) return 'full';
    }
    this.#run.writeRecord.run(keyringId, write.key, write.sealed, revision + 1, write.expiresAt);
    this.#run.setRevision.run(revision + 1, keyringId);
    return 'written';
  }

  #revision(keyringId: string, now: number): number | null {
    const row = revisionRow.optional().parse(this.#run.revision.get(keyringId, now));
    return row?.revision ?? null;
  }

  #purge({ now, mayPurge }: Moment): void {
    // A clock that was set back must not put off the purge until it has caught up.
    if (!mayPurge || Math.abs(now - this.#purgedAt) < purgeInterval) return;
    this.#run.purgePointers.run(now);
    this.#run.purgeKeyrings.run(now);
    this.#run.purgeAllRecords.run(now);
    this.#purgedAt = now;
  }

  #reopen(): void {
    this.close();
    this.#database = openDatabase(this.#path);
    this.#run = statementsOf(this.#database);
    this.#identity = identify(this.#path);
  }
}

function openDatabase(path: string): DatabaseSync {
  // SQLite would create it readable by all; its -wal and -shm take over the mode of the file itself.
  closeSync(openSync(path, 'a', ownerOnly));
  // Whoever links to a file elsewhere has given it the mode it needs there.
  if (!lstatSync(path).isSymbolicLink()) chmodSync(path, ownerOnly);
  const database = new DatabaseSync(path);
  try {
    database.exec(schema);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Which file is at this path now. */
function identify(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? 'none' : `${stats.dev}:${stats.ino}`;
}
