// A store that counts what is asked of it, and that can be made to fail.
import { createMemoryStore } from '../../src/keyring/stores/memory-store.ts';
import { type KeyringStore, KeyringStoreError } from '../../src/keyring/stores/store.ts';

/** What fails: everything, or what changes something. */
export type Outage = 'everything' | 'writes' | null;

/** What only reads. */
const reads = new Set([
  'findPointer',
  'checkPointer',
  'openKeyring',
  'readRecord',
  'users.find',
  'revocations.due',
]);

/** A store, and what is asked of it. */
export interface WatchedStore {
  readonly store: KeyringStore;
  /** The names of its methods in the order of the calls, such as `writeRecords` and `users.find`. */
  readonly calls: string[];
  /** The rows that were written. */
  rows: number;
  outage: Outage;
}

/** A store in memory that is watched. */
export function watchedStore(now: () => Date): WatchedStore {
  const watch = <Target extends object>(target: Target, prefix: string): Target =>
    new Proxy(target, {
      get: (_, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value === 'object' && value !== null) return watch(value, `${String(name)}.`);
        if (typeof value !== 'function') return value;
        return (...words: readonly unknown[]) => {
          const call = prefix + String(name);
          if (call.endsWith('close') || call.endsWith('watch')) return value.apply(target, words);
          watched.calls.push(call);
          if (call === 'writeRecords') watched.rows += (words[1] as readonly unknown[]).length;
          const fails = watched.outage === 'everything' || !reads.has(call);
          if (watched.outage !== null && fails)
            return Promise.reject(new KeyringStoreError('DOWN'));
          return value.apply(target, words);
        };
      },
    });
  const watched: WatchedStore = {
    store: watch(createMemoryStore(now), ''),
    calls: [],
    rows: 0,
    outage: null,
  };
  return watched;
}
