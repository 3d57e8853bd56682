// From a cookie to its keyring: by one look-up where it is as it was when it was opened last.
import type { Clock } from '../brokers/upstream/clock.ts';
import type { Secret } from '../brokers/upstream/secret.ts';
import type { Limits } from '../limits.ts';
import type { EncryptedRecords, VersionedRecord } from './crypto/encrypted-records.ts';
import type { Encrypter } from './crypto/encrypter.ts';
import { cookieNames } from './crypto/names.ts';
import { decryptPointer } from './crypto/pointers.ts';
import type { Keyring, ReadKeyring } from './keyring.ts';
import { type CachedKeyring, createKeyringCache } from './keyring-cache.ts';
import { day } from './policy.ts';
import type { SessionRecord } from './session-record.ts';
import { createConversion } from './stores/old-layout.ts';
import type { KeyringStore, StoredKeyring, StoredPointer } from './stores/store.ts';

/** What opens keyrings. */
export interface KeyringOpenerOptions {
  readonly store: KeyringStore;
  readonly encrypter: Encrypter;
  readonly records: EncryptedRecords;
  readonly limits: Limits;
  readonly now: () => Date;
  readonly clock: Clock;
}

/** Finds and opens the keyrings of cookies. Methods throw KeyringStoreError where the store is down. */
export interface KeyringOpener {
  /** Converts an earlier layout before the first use. */
  upgrade(): Promise<void>;
  /** The rows of a cookie's keyring, for a change; null where the cookie leads nowhere. */
  find(cookie: Secret | null): Promise<FoundKeyring | null>;
  /**
   * Opens a cookie's keyring; null where the cookie leads nowhere. The store says whether the keyring is as it was
   * when it was opened last; else the rows that have changed are decrypted.
   */
  open(cookie: Secret): Promise<CachedKeyring | null>;
  /**
   * Reads a keyring by its id, for what follows it without a cookie; null where it is gone.
   * @param last what was read of it before: rows that have not changed are not decrypted again.
   */
  read(keyringId: string, last: ReadKeyring | null): Promise<ReadKeyring | null>;
  /**
   * Keeps what a change has read of a keyring under the pointer that leads to it from now on.
   * @param entries its rows as they were found; the ones that the change wrote are read with the next opening.
   */
  keep(pointer: StoredPointer, found: FoundKeyring, entries: readonly VersionedRecord[]): void;
  /** Forgets every opened keyring. */
  close(): void;
}

/** A keyring and the pointer that led to it. */
export interface FoundKeyring {
  readonly pointer: StoredPointer;
  readonly keyring: StoredKeyring;
  /** What was read of it before: rows that have not changed need not be decrypted again. */
  readonly last: CachedKeyring | null;
}

/** Opens keyrings of a store. */
export function createKeyringOpener(options: KeyringOpenerOptions): KeyringOpener {
  const { store, encrypter, records, limits, now, clock } = options;
  const cache = createKeyringCache(limits, clock);
  let upgraded: Promise<void> | null = null;

  /** Converts an earlier layout before the first use; again with the next where the store was down. */
  function upgrade(): Promise<void> {
    upgraded ??= (store.upgrade?.(createConversion(encrypter)) ?? Promise.resolve()).catch(
      (error) => {
        upgraded = null;
        throw error;
      },
    );
    return upgraded;
  }

  async function follow(pointer: StoredPointer): Promise<StoredKeyring | null> {
    // Only the keys can lead a pointer anywhere: write access to the store cannot.
    const target = decryptPointer(encrypter, pointer);
    return target && store.openKeyring(target.keyringId);
  }

  async function load(
    pointer: StoredPointer,
    read: () => Promise<StoredKeyring | null>,
    last: CachedKeyring | null,
  ): Promise<CachedKeyring | null> {
    const readAt = last?.readAt ?? clock.milliseconds();
    const stored = await read();
    if (stored === null) {
      cache.delete(pointer.name);
      return null;
    }
    // Requests that come at once read the same rows: the first one decrypts them.
    const known = cache.get([pointer.name], now()) ?? last;
    const isKnown = known?.stored.id === stored.id;
    const entries = records.decrypt(stored.id, stored.records, isKnown ? known.entries : []);
    const keyring = opened(
      stored,
      entries.map(({ record }) => record),
      limits,
    );
    const result = { pointer, stored, entries, keyring, readAt: isKnown ? known.readAt : readAt };
    // A request that read earlier than another one may be slower: the later state is kept.
    if (!isKnown || known.stored.revision <= stored.revision) cache.set(result);
    return result;
  }

  return {
    upgrade,

    async find(cookie) {
      const names = cookie && cookieNames(encrypter, cookie);
      if (names === null) return null;
      await upgrade();
      const pointer = await store.findPointer(names);
      const keyring = pointer && (await follow(pointer));
      if (pointer === null || keyring === null) return null;
      const last = cache.get(names, now());
      return { pointer, keyring, last: last?.stored.id === keyring.id ? last : null };
    },

    keep(pointer, { keyring: stored, last }, entries) {
      const sessions = entries.map(({ record }) => record);
      const keyring = opened(stored, sessions, limits);
      const readAt = last?.readAt ?? clock.milliseconds();
      if (last !== null) cache.delete(last.pointer.name);
      cache.set({ pointer, stored, entries, keyring, readAt });
    },

    async open(cookie) {
      const names = cookieNames(encrypter, cookie);
      if (names === null) return null;
      await upgrade();
      const last = cache.get(names, now());
      if (last === null) {
        const pointer = await store.findPointer(names);
        return pointer && load(pointer, () => follow(pointer), null);
      }
      const checked = await store.checkPointer(names, last.stored.id);
      const pointer = checked?.pointer ?? null;
      if (pointer?.name !== last.pointer.name) cache.delete(last.pointer.name);
      if (pointer === null) return null;
      const isSame = pointer.name === last.pointer.name && pointer.target === last.pointer.target;
      if (!isSame) return load(pointer, () => follow(pointer), null);
      if (checked?.revision === last.stored.revision) return { ...last, pointer };
      return load(pointer, () => store.openKeyring(last.stored.id), last);
    },

    async read(keyringId, last) {
      await upgrade();
      const stored = await store.openKeyring(keyringId);
      if (stored === null) return null;
      const entries = records.decrypt(keyringId, stored.records, last?.entries);
      const sessions = entries.map(({ record }) => record);
      return { entries, keyring: opened(stored, sessions, limits) };
    },

    close: () => cache.close(),
  };
}

function opened(
  keyring: StoredKeyring,
  records: readonly SessionRecord[],
  limits: Limits,
): Keyring {
  // Stores keep no order. Logins of the same millisecond are ordered too: those that have ended come last, and then by a
  // name that says nothing.
  const sessions = records.toSorted(
    (one, other) =>
      other.issuedAt.getTime() - one.issuedAt.getTime() ||
      Number(one.endedAt !== null) - Number(other.endedAt !== null) ||
      (one.key < other.key ? -1 : 1),
  );
  return { id: keyring.id, endsAt: endOf(keyring, limits), sessions };
}

/** When a keyring is gone, however busy it is. */
export function endOf({ createdAt }: StoredKeyring, limits: Limits): Date {
  return new Date(createdAt + limits.keyringDays * day);
}
