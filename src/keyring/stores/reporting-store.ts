// A store that tells why it failed, for the log, and is otherwise the store that it wraps.
import { type KeyringStore, KeyringStoreError } from './store.ts';

/**
 * Wraps a store.
 * @param report called with the method and the code of the cause of every failure, before it goes on to the caller.
 */
export function reportingStore(
  store: KeyringStore,
  report: (method: string, cause: string | null) => void,
): KeyringStore {
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return async (...words: unknown[]) => {
        try {
          return await Reflect.apply(method, target, words);
        } catch (error) {
          if (error instanceof KeyringStoreError) report(String(name), error.systemCode);
          throw error;
        }
      };
    },
  });
}
