// The revocations of the store in memory, and its deliveries.
import type { RevocationList, StoredRevocation } from './revocation-list.ts';

/**
 * Revocations in this process's memory.
 * @param now milliseconds since the epoch; throws where the store is closed.
 * @param mayPurge whether what has expired may be deleted for good.
 * @param list where they are.
 */
export function createMemoryRevocations(
  now: () => number,
  mayPurge: () => boolean,
  list: Map<string, StoredRevocation>,
): RevocationList {
  function live(): readonly StoredRevocation[] {
    const at = now();
    const all = [...list.values()];
    if (mayPurge()) for (const { id, expiresAt } of all) if (expiresAt <= at) list.delete(id);
    return all.filter(({ expiresAt }) => expiresAt > at);
  }

  return {
    async add(revocation, capacity) {
      const others = live();
      const known = list.get(revocation.id);
      if (known !== undefined && known.expiresAt > now()) return 'exists';
      if (others.length >= capacity) return 'full';
      list.set(revocation.id, revocation);
      return 'written';
    },
    async claim(until, count) {
      const at = now();
      const claimed = live()
        .filter(({ dueAt }) => dueAt <= at)
        .toSorted((one, other) => one.dueAt - other.dueAt)
        .slice(0, count)
        .map((revocation) => ({ ...revocation, dueAt: until }));
      for (const revocation of claimed) list.set(revocation.id, revocation);
      return claimed;
    },
    async postpone(id, expectedDueAt, dueAt) {
      const found = live().find((revocation) => revocation.id === id);
      if (found?.dueAt !== expectedDueAt) return false;
      list.set(id, { ...found, dueAt });
      return true;
    },
    async remove(ids) {
      now();
      for (const id of ids) list.delete(id);
    },
  };
}
