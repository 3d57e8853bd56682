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
  const isLive = ({ expiresAt }: StoredRevocation, at: number) => expiresAt > at;

  function find(id: string): StoredRevocation | null {
    const at = now();
    const found = list.get(id);
    return found !== undefined && isLive(found, at) ? found : null;
  }

  /** How many have not expired; those that have go meanwhile. */
  function count(): number {
    const [at, isPurging] = [now(), mayPurge()];
    let live = 0;
    for (const [id, revocation] of list) {
      if (isLive(revocation, at)) live += 1;
      else if (isPurging) list.delete(id);
    }
    return live;
  }

  return {
    async add(revocation, capacity) {
      if (find(revocation.id) !== null) return 'exists';
      // Counted only where it matters.
      if (list.size >= capacity && count() >= capacity) return 'full';
      list.set(revocation.id, revocation);
      return 'written';
    },
    async claim(until, most) {
      const [at, isPurging] = [now(), mayPurge()];
      const due: StoredRevocation[] = [];
      for (const [id, revocation] of list) {
        if (!isLive(revocation, at)) {
          if (isPurging) list.delete(id);
        } else if (revocation.dueAt <= at) due.push(revocation);
      }
      const claimed = due
        .toSorted((one, other) => one.dueAt - other.dueAt)
        .slice(0, most)
        .map((revocation) => ({ ...revocation, dueAt: until }));
      for (const revocation of claimed) list.set(revocation.id, revocation);
      return claimed;
    },
    async postpone(id, expectedDueAt, dueAt) {
      const found = find(id);
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
