// A store that tells why it failed, for the log, and is otherwise the store that it wraps.
import { type KeyringStore, KeyringStoreError } from './store.ts';

type Report = (method: string, cause: string | null) => void;

/** Told that a method begins, by its name and that of its part; gives what is to be told whether it failed. */
export type ObserveStore = (method: string) => (isFailed: boolean) => void;

/**
 * Wraps a store.
 * @param report called with the method and the code of the cause of every failure, before it goes on to the caller.
 * @param observers called with every method, before and after it.
 */
export function reportingStore(
  store: KeyringStore,
  report: Report,
  observers: readonly ObserveStore[] = [],
): KeyringStore {
  const { revocations, deliveries, users, listing } = store;
  const part = <Target extends object>(target: Target, place: string, own?: Partial<Target>) =>
    reporting(target, { report, observers, place }, own);
  return part(store, '', {
    ...(revocations && { revocations: part(revocations, 'revocations.') }),
    ...(deliveries && { deliveries: part(deliveries, 'deliveries.') }),
    ...(users && { users: part(users, 'users.') }),
    ...(listing && { listing: part(listing, 'listing.') }),
  });
}

interface Reporting {
  readonly report: Report;
  readonly observers: readonly ObserveStore[];
  /** Stands before the names of methods. */
  readonly place: string;
}

/** @param own what stands in the place of the target's own properties. */
function reporting<Target extends object>(
  target: Target,
  { report, observers, place }: Reporting,
  own: Partial<Target> = {},
): Target {
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(own, name)) return Reflect.get(own, name);
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return async (...words: unknown[]) => {
        const ended = observers.map((observe) => observe(`${place}${String(name)}`));
        try {
          const value = await Reflect.apply(method, target, words);
          for (const end of ended) end(false);
          return value;
        } catch (error) {
          for (const end of ended) end(true);
          if (error instanceof KeyringStoreError) report(String(name), error.systemCode);
          throw error;
        }
      };
    },
  });
}
