// The index of users of the store in memory.

import { createSweep } from './sweep.ts';
import type { IndexedPlace, RecordPlace, UserIndex } from './user-index.ts';

/**
 * An index in this process's memory.
 * @param now milliseconds since the epoch; throws where the store is closed.
 * @param mayPurge whether what has expired may be deleted for good.
 */
export function createMemoryUsers(now: () => number, mayPurge: () => boolean): UserIndex {
  const users = new Map<string, ReadonlyMap<string, IndexedPlace>>();
  const sweep = createSweep(users);

  return {
    async add(name, added, capacity) {
      const [at, isPurging] = [now(), mayPurge()];
      const isKept = ({ expiresAt }: IndexedPlace) => !isPurging || expiresAt > at;
      sweep((places) => ![...places.values()].some(isKept));
      const places = byPlace([...(users.get(name)?.values() ?? []), ...added]);
      users.set(name, byPlace(lastFirst(places.values()).filter(isKept).slice(0, capacity)));
    },
    async find(names, count) {
      const at = now();
      const known = names.flatMap((name) => [...(users.get(name)?.values() ?? [])]);
      const live = lastFirst(known).filter(({ expiresAt }) => expiresAt > at);
      const found = lastFirst(byPlace(live.toReversed()).values()).slice(0, count);
      return found.map(({ keyringId, key }) => ({ keyringId, key }));
    },
    async remove(names, places) {
      now();
      const removed = byPlace(places);
      for (const name of names) {
        const known = [...(users.get(name) ?? [])];
        const kept = new Map(known.filter(([place]) => !removed.has(place)));
        if (kept.size > 0) users.set(name, kept);
        else users.delete(name);
      }
    },
  };
}

/** Each place once, as it comes last. Ids and keys hold no space. */
function byPlace<Place extends RecordPlace>(places: readonly Place[]): ReadonlyMap<string, Place> {
  return new Map(places.map((place) => [`${place.keyringId} ${place.key}`, place]));
}

function lastFirst(places: Iterable<IndexedPlace>): readonly IndexedPlace[] {
  return [...places].toSorted((one, other) => other.expiresAt - one.expiresAt);
}
