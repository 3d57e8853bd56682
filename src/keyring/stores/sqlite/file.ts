// What is done with the SQLite file: one method each, synchronous, inside a transaction of the worker's.

import type { DueList, RevocationOutcome, StoredRevocation } from '../revocation-list.ts';
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
} from '../store.ts';
import type { IndexedPlace, RecordPlace } from '../user-index.ts';
import type { LastingPointer } from './checked-pointers.ts';
import { type Connection, connect, identify } from './connection.ts';
import { dropOldTables, listOldKeyrings, readOldKeyring, removeOldKeyring } from './old-tables.ts';
import type { Moment } from './purge.ts';
import { countRow, keyringRow, pointerRow, recordRow, revisionRow } from './schema.ts';

/** An open file. It is opened anew where it was deleted or replaced, so that nothing is written into a file that is gone. */
export class SqliteFile {
  readonly #path: string;
  #open: Connection;

  /** @throws an error of SQLite or of the file system where the file cannot be opened or is something else. */
  constructor(path: string) {
    this.#path = path;
    this.#open = connect(path);
  }

  /** The file as it is open now. */
  get connection(): Connection {
    return this.#open;
  }

  /** Runs work in one transaction; `BEGIN IMMEDIATE` takes the write lock first. */
  transaction<Result>(begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => Result): Result {
    if (identify(this.#path) !== this.#open.identity) {
      this.close();
      this.#open = connect(this.#path);
    }
    this.#open.database.exec(begin);
    try {
      const result = work();
      this.#open.database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#open.database.isTransaction) this.#open.database.exec('ROLLBACK');
      throw error;
    }
  }

  /**
   * Deletes the next rows that have expired, in a transaction of their own; true where there may be more. It waits for no
   * disk: after a power cut the rows may be there again, and go again.
   */
  purge(moment: Moment): boolean {
    this.#open.database.exec('PRAGMA synchronous = NORMAL');
    try {
      return this.transaction('BEGIN IMMEDIATE', () => this.#open.purge(moment));
    } finally {
      if (this.#open.database.isOpen) this.#open.database.exec('PRAGMA synchronous = FULL');
    }
  }

  findPointer({ now }: Moment, names: readonly string[]): StoredPointer | null {
    for (const name of names) {
      const row = pointerRow.optional().parse(this.#open.run.pointer.get(name, now));
      if (row === undefined) continue;
      const { target, expires_at: expiresAt, retired } = row;
      return { name, target, expiresAt, retired: retired === 1 };
    }
    return null;
  }

  checkPointer(moment: Moment, names: readonly string[], keyringId: string): LastingPointer | null {
    const pointer = this.findPointer(moment, names);
    if (pointer === null) return null;
    const row = revisionRow.optional().parse(this.#open.run.revision.get(keyringId, moment.now));
    const endsAt = Math.min(pointer.expiresAt, row?.expires_at ?? pointer.expiresAt);
    return { pointer, revision: row?.revision ?? null, endsAt };
  }

  openKeyring({ now }: Moment, keyringId: string): StoredKeyring | null {
    const row = keyringRow.optional().parse(this.#open.run.keyring.get(keyringId, now));
    if (row === undefined) return null;
    const records = recordRow.array().parse(this.#open.run.records.all(keyringId, now));
    return { id: row.id, createdAt: row.created_at, revision: row.revision, records };
  }

  readRecord({ now }: Moment, keyringId: string, key: string): StoredRecord | null {
    return recordRow.optional().parse(this.#open.run.record.get(keyringId, key, now, now)) ?? null;
  }

  createKeyring(_: Moment, { id, createdAt, expiresAt }: NewKeyring): void {
    this.#open.run.createKeyring.run(id, createdAt, expiresAt, 0);
  }

  writeRecords(
    moment: Moment,
    keyringId: string,
    writes: readonly RecordWrite[],
    capacity: number,
  ): readonly WriteOutcome[] {
    return writes.map((write) => this.#writeRecord(moment, keyringId, write, capacity));
  }

  writePointer(moment: Moment, pointer: NewPointer, keyringId: string): boolean {
    if (this.#revision(keyringId, moment.now) === null) return false;
    const { name, target, expiresAt } = pointer;
    this.#open.run.writePointer.run(name, target, expiresAt, 0);
    this.#open.run.prolong.run(expiresAt, keyringId);
    return true;
  }

  touchPointer(moment: Moment, name: string, keyringId: string, expiresAt: number): void {
    if (this.#revision(keyringId, moment.now) === null) return;
    const { changes } = this.#open.run.touchPointer.run(expiresAt, name, moment.now);
    if (changes) this.#open.run.prolong.run(expiresAt, keyringId);
  }

  retirePointer(_: Moment, name: string, expiresAt: number): void {
    this.#open.run.retirePointer.run(expiresAt, name);
  }

  deleteKeyring(moment: Moment, keyringId: string, revision: number): boolean {
    if (this.#revision(keyringId, moment.now) !== revision) return false;
    this.#open.run.deleteKeyring.run(keyringId);
    return true;
  }

  addDue({ now }: Moment, list: DueList, due: StoredRevocation, most: number): RevocationOutcome {
    return this.#open[list].add(now, due, most);
  }

  hasDue({ now }: Moment, list: DueList): boolean {
    return this.#open[list].hasDue(now);
  }

  claimDue({ now }: Moment, list: DueList, until: number, most: number) {
    return this.#open[list].claim(now, until, most);
  }

  postponeDue({ now }: Moment, list: DueList, id: string, from: number, to: number): boolean {
    return this.#open[list].postpone(now, id, from, to);
  }

  removeDue(_: Moment, list: DueList, ids: readonly string[]): void {
    this.#open[list].remove(ids);
  }

  addPlaces(_: Moment, name: string, places: readonly IndexedPlace[], capacity: number): void {
    this.#open.users.add(name, places, capacity);
  }

  findPlaces({ now }: Moment, names: readonly string[], count: number): readonly RecordPlace[] {
    return this.#open.users.find(now, names, count);
  }

  removePlaces(_: Moment, names: readonly string[], places: readonly RecordPlace[]): void {
    this.#open.users.remove(names, places);
  }

  /** The pages of what `forgetProofs` deletes stay in the file, free for the session that follows. */
  proveWrite(_: Moment, bytes: number): void {
    this.#open.run.proveWrite.run(bytes);
  }

  forgetProofs(): void {
    this.#open.run.forgetProofs.run();
  }

  /** The ids of keyrings in the layout of earlier versions; null where the file has no such tables. */
  listOldKeyrings(): readonly string[] | null {
    return listOldKeyrings(this.#open.database);
  }

  readOldKeyring(_: Moment, id: string): OldKeyring | null {
    return readOldKeyring(this.#open.database, id);
  }

  /** Puts a converted keyring in the place of the old one; false where that was changed meanwhile. */
  replaceOldKeyring(moment: Moment, old: OldKeyring, converted: ConvertedKeyring): boolean {
    const current = this.readOldKeyring(moment, old.id);
    if (JSON.stringify(current) !== JSON.stringify(old)) return false;
    const { id, createdAt, expiresAt, pointers, records } = converted;
    this.#open.run.createKeyring.run(id, createdAt, expiresAt, records.length);
    for (const [index, { key, encrypted, expiresAt: end }] of records.entries())
      this.#open.run.writeRecord.run(id, key, encrypted, index + 1, end);
    for (const { name, target, expiresAt: end, retired } of pointers)
      this.#open.run.writePointer.run(name, target, end, retired ? 1 : 0);
    removeOldKeyring(this.#open.database, old.id);
    return true;
  }

  /** Drops the tables of earlier versions where no keyring is left in them. */
  dropOldTables(): void {
    dropOldTables(this.#open.database);
  }

  /** Closes the file. */
  close(): void {
    if (this.#open.database.isOpen) this.#open.database.close();
  }

  #writeRecord(
    { now }: Moment,
    keyringId: string,
    write: RecordWrite,
    capacity: number,
  ): WriteOutcome {
    const revision = this.#revision(keyringId, now);
    if (revision === null) return 'gone';
    const row = recordRow
      .optional()
      .parse(this.#open.run.record.get(keyringId, write.key, now, now));
    const current = row?.version ?? null;
    if (current !== write.expectedVersion) return 'conflict';
    if (current === null) {
      const { count } = countRow.parse(this.#open.run.countRecords.get(keyringId, now));
      if (count >= capacity) return 'full';
    }
    const { key, encrypted, expiresAt } = write;
    if (encrypted === null) this.#open.run.deleteRecord.run(keyringId, key);
    else this.#open.run.writeRecord.run(keyringId, key, encrypted, revision + 1, expiresAt);
    this.#open.run.setRevision.run(revision + 1, keyringId);
    return 'written';
  }

  #revision(keyringId: string, now: number): number | null {
    const row = revisionRow.optional().parse(this.#open.run.revision.get(keyringId, now));
    return row?.revision ?? null;
  }
}
