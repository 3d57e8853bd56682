// The store of one process, for development and for a gateway whose users may log in again after a restart.
import { createClockCheck } from './clock-check.ts';
import { createMemoryListing } from './memory-listing.ts';
import { createMemoryRevocations } from './memory-revocations.ts';
import { createMemoryUsers } from './memory-users.ts';
import type { StoredRevocation } from './revocation-list.ts';
import {
  type CheckedPointer,
  type KeyringStore,
  KeyringStoreError,
  type NewKeyring,
  type NewPointer,
  type RecordWrite,
  type StoredKeyring,
  type StoredPointer,
  type StoredRecord,
  type WriteOutcome,
} from './store.ts';
import { createSweep } from './sweep.ts';

interface Row extends StoredRecord {
  readonly expiresAt: number | null;
}

interface KeyringRow {
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revision: number;
  readonly records: Map<string, Row>;
}

/**
 * A store in this process's memory.
 * @param now tells the time by which things expire.
 * @param monotonic milliseconds of a clock that only runs forward. Default: the machine's.
 */
export function createMemoryStore(
  now: () => Date,
  monotonic: () => number = () => performance.now(),
): KeyringStore {
  return new MemoryStore(now, monotonic);
}

class MemoryStore implements KeyringStore {
  readonly #now: () => Date;
  readonly #keyrings = new Map<string, KeyringRow>();
  readonly #pointers = new Map<string, StoredPointer>();
  readonly #sweepKeyrings = createSweep(this.#keyrings);
  readonly #sweepPointers = createSweep(this.#pointers);
  #isClosed = false;

  readonly #due = {
    revocations: new Map<string, StoredRevocation>(),
    deliveries: new Map<string, StoredRevocation>(),
  };
  readonly revocations = createMemoryRevocations(
    () => this.#openNow(),
    () => this.#mayPurge(),
    this.#due.revocations,
  );
  readonly listing = createMemoryListing({
    keyrings: this.#keyrings,
    pointers: this.#pointers,
    due: this.#due,
    isLive: ({ expiresAt }) => expiresAt > this.#openNow(),
  });
  readonly deliveries = createMemoryRevocations(
    () => this.#openNow(),
    () => this.#mayPurge(),
    this.#due.deliveries,
  );
  readonly users = createMemoryUsers(
    () => this.#openNow(),
    () => this.#mayPurge(),
  );

  readonly #isClockSound: (now: number) => boolean;

  constructor(now: () => Date, monotonic: () => number) {
    this.#now = now;
    this.#isClockSound = createClockCheck(monotonic);
  }

  async findPointer(names: readonly string[]): Promise<StoredPointer | null> {
    for (const name of names) {
      const pointer = this.#livePointer(name);
      if (pointer) return pointer;
    }
    return null;
  }

  async checkPointer(names: readonly string[], keyringId: string): Promise<CheckedPointer | null> {
    const pointer = await this.findPointer(names);
    return pointer && { pointer, revision: this.#liveKeyring(keyringId)?.revision ?? null };
  }

  async openKeyring(id: string): Promise<StoredKeyring | null> {
    const keyring = this.#liveKeyring(id);
    if (!keyring) return null;
    const { createdAt, revision } = keyring;
    const records = [...keyring.records.values()].filter((row) => this.#isLive(row));
    return { id, createdAt, revision, records };
  }

  async readRecord(keyringId: string, key: string): Promise<StoredRecord | null> {
    const row = this.#liveKeyring(keyringId)?.records.get(key);
    return row && this.#isLive(row) ? row : null;
  }

  async createKeyring({ id, createdAt, expiresAt }: NewKeyring): Promise<void> {
    this.#purge();
    this.#keyrings.set(id, { createdAt, expiresAt, revision: 0, records: new Map() });
  }

  async writeRecords(
    keyringId: string,
    writes: readonly RecordWrite[],
    capacity: number,
  ): Promise<readonly WriteOutcome[]> {
    this.#purge();
    const records = this.#liveKeyring(keyringId)?.records ?? new Map<string, Row>();
    if (this.#mayPurge())
      for (const [key, row] of records) if (!this.#isLive(row)) records.delete(key);
    return writes.map((write) => this.#writeRecord(keyringId, write, capacity));
  }

  async writePointer(pointer: NewPointer, keyringId: string): Promise<boolean> {
    this.#purge();
    if (!this.#liveKeyring(keyringId)) return false;
    this.#pointers.set(pointer.name, { ...pointer, retired: false });
    this.#prolong(keyringId, pointer.expiresAt);
    return true;
  }

  async touchPointer(name: string, keyringId: string, expiresAt: number): Promise<void> {
    this.#purge();
    const entry = this.#livePointer(name);
    if (!entry || entry.retired || !this.#liveKeyring(keyringId)) return;
    this.#pointers.set(name, { ...entry, expiresAt: Math.max(entry.expiresAt, expiresAt) });
    this.#prolong(keyringId, expiresAt);
  }

  async retirePointer(name: string, expiresAt: number): Promise<void> {
    this.#purge();
    const entry = this.#livePointer(name);
    if (!entry) return;
    const end = Math.min(entry.expiresAt, expiresAt);
    this.#pointers.set(name, { ...entry, expiresAt: end, retired: true });
  }

  async deleteKeyring(keyringId: string, revision: number): Promise<boolean> {
    this.#purge();
    if (this.#liveKeyring(keyringId)?.revision !== revision) return false;
    return this.#keyrings.delete(keyringId);
  }

  async proveWrite(): Promise<void> {
    if (this.#isClosed) throw new KeyringStoreError();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#keyrings.clear();
    this.#pointers.clear();
  }

  #writeRecord(keyringId: string, write: RecordWrite, capacity: number): WriteOutcome {
    const keyring = this.#liveKeyring(keyringId);
    if (!keyring) return 'gone';
    const { records } = keyring;
    const row = records.get(write.key);
    const current = row && this.#isLive(row) ? row.version : null;
    if (current !== write.expectedVersion) return 'conflict';
    if (current === null && this.#countLive(records, capacity) >= capacity) return 'full';
    const { key, encrypted, expiresAt } = write;
    const revision = keyring.revision + 1;
    if (encrypted === null) records.delete(key);
    else records.set(key, { key, encrypted, expiresAt, version: revision });
    this.#keyrings.set(keyringId, { ...keyring, revision });
    return 'written';
  }

  #prolong(keyringId: string, expiresAt: number): void {
    const keyring = this.#keyrings.get(keyringId);
    if (!keyring || keyring.expiresAt >= expiresAt) return;
    this.#keyrings.set(keyringId, { ...keyring, expiresAt });
  }

  #countLive(records: ReadonlyMap<string, Row>, capacity: number): number {
    if (records.size < capacity) return records.size;
    return [...records.values()].filter((row) => this.#isLive(row)).length;
  }

  #liveKeyring(id: string): KeyringRow | undefined {
    if (this.#isClosed) throw new KeyringStoreError();
    const keyring = this.#keyrings.get(id);
    return keyring && this.#isLive(keyring) ? keyring : undefined;
  }

  #livePointer(name: string): StoredPointer | undefined {
    if (this.#isClosed) throw new KeyringStoreError();
    const entry = this.#pointers.get(name);
    return entry && this.#isLive(entry) ? entry : undefined;
  }

  #isLive({ expiresAt }: { readonly expiresAt: number | null }): boolean {
    return expiresAt === null || expiresAt > this.#now().getTime();
  }

  #purge(): void {
    if (this.#isClosed) throw new KeyringStoreError();
    if (!this.#mayPurge()) return;
    this.#sweepKeyrings((keyring) => !this.#isLive(keyring));
    this.#sweepPointers((pointer) => !this.#isLive(pointer));
  }

  /** The time, while the store is open. */
  #openNow(): number {
    if (this.#isClosed) throw new KeyringStoreError();
    return this.#now().getTime();
  }

  #mayPurge(): boolean {
    return this.#isClockSound(this.#now().getTime());
  }
}
