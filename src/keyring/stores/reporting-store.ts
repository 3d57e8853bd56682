// A store that tells why it failed, for the log, and is otherwise the store that it wraps.
import { type KeyringStore, KeyringStoreError } from './store.ts';

type Report = (method: string, cause: string | null) => void;

/**
 * Wraps a store.
 * @param report called with the method and the code of the cause of every failure, before it goes on to the caller.
 */
export function reportingStore(store: KeyringStore, report: Report): KeyringStore {
  const { revocations, deliveries, users, listing } = store;
  return reporting(store, report, {
    ...(revocations && { revocations: reporting(revocations, report) }),
    ...(deliveries && { deliveries: reporting(deliveries, report) }),
    ...(users && { users: reporting(users, report) }),
    ...(listing && { listing: reporting(listing, report) }),
  });
}

/** @param own what stands in the place of the target's own properties. */
function reporting<Target extends object>(
  target: Target,
  report: Report,
  own: Partial<Target> = {},
): Target {
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(own, name)) return Reflect.get(own, name);
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
