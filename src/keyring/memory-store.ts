// The store of one process, for development and for a gateway whose users may log in again after a restart.
import {
  type KeyringStore,
  KeyringStoreError,
  type NewKeyring,
  type RecordWrite,
  type StoredKeyring,
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

interface PointerRow {
  readonly keyringId: string;
  readonly expiresAt: number;
  readonly retired: boolean;
}

/**
 * A store in this process's memory.
 * @param now tells the time by which things expire.
 */
export function createMemoryStore(now: () => Date): KeyringStore {
  return new MemoryStore(now);
}

class MemoryStore implements KeyringStore {
  readonly #now: () => Date;
  readonly #keyrings = new Map<string, KeyringRow>();
  readonly #pointers = new Map<string, PointerRow>();
  readonly #sweepKeyrings = createSweep(this.#keyrings);
  readonly #sweepPointers = createSweep(this.#pointers);
  #isClosed = false;

  constructor(now: () => Date) {
    this.#now = now;
  }

  async open(pointer: string): Promise<StoredKeyring | null> {
    const entry = this.#livePointer(pointer);
    const keyring = entry && this.#liveKeyring(entry.keyringId);
    if (!entry || !keyring) return null;
    const { createdAt, revision } = keyring;
    const { expiresAt, retired } = entry;
    const records = [...keyring.records.values()].filter((row) => this.#isLive(row));
    return { id: entry.keyringId, createdAt, revision, pointer: { expiresAt, retired }, records };
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
    for (const [key, row] of records) if (!this.#isLive(row)) records.delete(key);
    return writes.map((write) => this.#writeRecord(keyringId, write, capacity));
  }

  async writePointer(pointer: string, keyringId: string, expiresAt: number): Promise<boolean> {
    this.#purge();
    if (!this.#liveKeyring(keyringId)) return false;
    this.#pointers.set(pointer, { keyringId, expiresAt, retired: false });
    this.#prolong(keyringId, expiresAt);
    return true;
  }

  async touchPointer(pointer: string, expiresAt: number): Promise<void> {
    this.#purge();
    const entry = this.#livePointer(pointer);
    if (!entry || entry.retired || !this.#liveKeyring(entry.keyringId)) return;
    this.#pointers.set(pointer, { ...entry, expiresAt: Math.max(entry.expiresAt, expiresAt) });
    this.#prolong(entry.keyringId, expiresAt);
  }

  async retirePointer(pointer: string, expiresAt: number): Promise<void> {
    this.#purge();
    const entry = this.#livePointer(pointer);
    if (!entry) return;
    const end = Math.min(entry.expiresAt, expiresAt);
    this.#pointers.set(pointer, { ...entry, expiresAt: end, retired: true });
  }

  async deleteKeyring(keyringId: string, revision: number): Promise<boolean> {
    this.#purge();
    if (this.#liveKeyring(keyringId)?.revision !== revision) return false;
    return this.#keyrings.delete(keyringId);
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
    const current = records.get(write.key)?.version ?? null;
    if (current !== write.expectedVersion) return 'conflict';
    if (current === null && records.size >= capacity) return 'full';
    const { key, sealed, expiresAt } = write;
    const revision = keyring.revision + 1;
    records.set(key, { key, sealed, expiresAt, version: revision });
    this.#keyrings.set(keyringId, { ...keyring, revision });
    return 'written';
  }

  #prolong(keyringId: string, expiresAt: number): void {
    const keyring = this.#keyrings.get(keyringId);
    if (!keyring || keyring.expiresAt >= expiresAt) return;
    this.#keyrings.set(keyringId, { ...keyring, expiresAt });
  }

  #liveKeyring(id: string): KeyringRow | undefined {
    if (this.#isClosed) throw new KeyringStoreError();
    const keyring = this.#keyrings.get(id);
    return keyring && this.#isLive(keyring) ? keyring : undefined;
  }

  #livePointer(pointer: string): PointerRow | undefined {
    if (this.#isClosed) throw new KeyringStoreError();
    const entry = this.#pointers.get(pointer);
    return entry && this.#isLive(entry) ? entry : undefined;
  }

  #isLive({ expiresAt }: { readonly expiresAt: number | null }): boolean {
    return expiresAt === null || expiresAt > this.#now().getTime();
  }

  #purge(): void {
    if (this.#isClosed) throw new KeyringStoreError();
    this.#sweepKeyrings((keyring) => !this.#isLive(keyring));
    this.#sweepPointers((entry) => !this.#isLive(entry) || !this.#liveKeyring(entry.keyringId));
  }
}
