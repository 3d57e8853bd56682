// Keyrings that were opened lately, so that a request decrypts nothing that has not changed since. What a store says
// about a keyring decides whether its copy here is used: the cache itself only bounds how many are kept and how long.
import type { Clock } from '../brokers/upstream/clock.ts';
import type { Limits } from '../limits.ts';
import type { VersionedRecord } from './crypto/encrypted-records.ts';
import type { Keyring } from './keyring.ts';
import { day } from './policy.ts';
import type { StoredKeyring, StoredPointer } from './stores/store.ts';

/** A keyring as it was opened, and what has to be unchanged for it to be used again. */
export interface CachedKeyring {
  /** The pointer that led to it. */
  readonly pointer: StoredPointer;
  /** What the store answered. */
  readonly stored: StoredKeyring;
  /** Its records, with the versions of their rows. */
  readonly entries: readonly VersionedRecord[];
  /** What a request gets. */
  readonly keyring: Keyring;
  /** When all of its rows were read, in milliseconds of the clock. */
  readonly readAt: number;
}

/** Opened keyrings by the name of their pointer. */
export interface KeyringCache {
  /** The keyring of the first of these names that is kept, unless it is too old or one of its rows has expired. */
  get(names: readonly string[], now: Date): CachedKeyring | null;
  /** Keeps a keyring in place of the one that was kept under its pointer; the least recently used ones are evicted. */
  set(opened: CachedKeyring): void;
  /** Evicts a keyring. */
  delete(pointerName: string): void;
  /** Evicts all, and keeps none from then on. */
  close(): void;
}

interface Entry {
  readonly opened: CachedKeyring;
  readonly bytes: number;
  /** Milliseconds since the epoch: when the first of its rows expires. */
  readonly firstEnd: number;
}

/** An empty cache. */
export function createKeyringCache(limits: Limits, clock: Clock): KeyringCache {
  const { cachedKeyrings, cachedKeyringBytes } = limits;
  const maxAge = limits.cachedKeyringSeconds * 1_000;
  // The least recently used one comes first.
  const entries = new Map<string, Entry>();
  const closing = new AbortController();
  let bytes = 0;
  let isSweeping = false;

  function evict(name: string, entry: Entry | undefined): void {
    if (entry === undefined) return;
    entries.delete(name);
    bytes -= entry.bytes;
  }

  function isTooOld({ opened }: Entry): boolean {
    return clock.milliseconds() - opened.readAt >= maxAge;
  }

  function firstEndOf({ entries: records }: CachedKeyring): number {
    const ends = records.flatMap(({ record }) => record.endedAt?.getTime() ?? []);
    return Math.min(...ends) + limits.endedSessionDays * day;
  }

  /** Tokens of a browser that comes no more leave the memory too. */
  async function sweep(): Promise<void> {
    isSweeping = true;
    while (entries.size > 0 && !closing.signal.aborted) {
      await clock.wait(maxAge, closing.signal);
      for (const [name, entry] of entries) if (isTooOld(entry)) evict(name, entry);
    }
    isSweeping = false;
  }

  return {
    get(names, now) {
      for (const name of names) {
        const entry = entries.get(name);
        if (entry === undefined) continue;
        entries.delete(name);
        entries.set(name, entry);
        if (!isTooOld(entry) && now.getTime() < entry.firstEnd) return entry.opened;
        evict(name, entry);
      }
      return null;
    },

    set(opened) {
      const { name } = opened.pointer;
      evict(name, entries.get(name));
      const size = opened.stored.records.reduce((sum, row) => sum + row.encrypted.length, 0);
      if (closing.signal.aborted || cachedKeyrings === 0 || size > cachedKeyringBytes) return;
      // Of the rows only what was read from them stays.
      const stored = { ...opened.stored, records: [] };
      const kept = { ...opened, stored };
      entries.set(name, { opened: kept, bytes: size, firstEnd: firstEndOf(opened) });
      bytes += size;
      for (const [oldest, entry] of entries) {
        if (entries.size <= cachedKeyrings && bytes <= cachedKeyringBytes) break;
        evict(oldest, entry);
      }
      if (!isSweeping) void sweep();
    },

    delete(name) {
      evict(name, entries.get(name));
    },

    close() {
      closing.abort();
      entries.clear();
      bytes = 0;
    },
  };
}
