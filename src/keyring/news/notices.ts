// Notices that a keyring was written: by this process, and by others where the store tells of them.
import type { KeyringNotices, KeyringStore } from '../stores/store.ts';

/** A store whose writes are noticed, and what tells of them. */
export interface NoticedStore {
  /** The store, to write through. */
  readonly store: KeyringStore;
  /** Tells of its writes, and of what the store itself tells. */
  readonly notices: KeyringNotices;
}

/** Watches the writes to a store: rows that change, and keyrings that are deleted. */
export function noticeWrites(store: KeyringStore): NoticedStore {
  const listeners = new Map<string, Set<() => void>>();
  const tell = (keyringId: string) => {
    for (const listener of [...(listeners.get(keyringId) ?? [])]) listener();
  };
  const noticed: Pick<KeyringStore, 'writeRecords' | 'deleteKeyring'> = {
    async writeRecords(...words) {
      const outcomes = await store.writeRecords(...words);
      if (outcomes.includes('written')) tell(words[0]);
      return outcomes;
    },
    async deleteKeyring(...words) {
      const isDeleted = await store.deleteKeyring(...words);
      if (isDeleted) tell(words[0]);
      return isDeleted;
    },
  };
  // The methods of a class need their own object; bound once, as each request calls some.
  const bound = new Map<string | symbol, unknown>(Object.entries(noticed));
  const bind = (name: string | symbol) => {
    const property: unknown = Reflect.get(store, name);
    const value = typeof property === 'function' ? property.bind(store) : property;
    bound.set(name, value);
    return value;
  };
  return {
    store: new Proxy(store, {
      get: (_, name) => (bound.has(name) ? bound.get(name) : bind(name)),
    }),
    notices: {
      watch(keyringId, onNotice) {
        const own = listeners.get(keyringId) ?? new Set();
        listeners.set(keyringId, own);
        const listener = () => onNotice();
        own.add(listener);
        const leave = store.notices?.watch(keyringId, onNotice);
        return () => {
          own.delete(listener);
          if (own.size === 0 && listeners.get(keyringId) === own) listeners.delete(keyringId);
          leave?.();
        };
      },
    },
  };
}
