// All that is in the store in memory, page by page.

import type { DueList, StoredRevocation } from './revocation-list.ts';
import type { Page, StoredPointer, StoreListing } from './store.ts';

/** What is listed. Each map may hold what has expired; `isLive` tells. */
export interface Listed {
  readonly keyrings: ReadonlyMap<string, { readonly expiresAt: number }>;
  readonly pointers: Map<string, StoredPointer>;
  readonly due: Readonly<Record<DueList, Map<string, StoredRevocation>>>;
  /** Whether something has not expired; throws where the store is closed. */
  readonly isLive: (one: { readonly expiresAt: number }) => boolean;
}

/** Lists a store in this process's memory. */
export function createMemoryListing(listed: Listed): StoreListing {
  const { keyrings, pointers, due, isLive } = listed;

  function page<Value extends { readonly expiresAt: number }>(
    map: ReadonlyMap<string, Value>,
    after: string | null,
    count: number,
  ): Page<readonly [string, Value]> {
    const live = [...map].filter(([key, value]) => isLive(value) && key > (after ?? ''));
    const items = live.toSorted(([one], [other]) => (one < other ? -1 : 1)).slice(0, count);
    return { items, next: items.length < count ? null : (items.at(-1)?.[0] ?? null) };
  }

  function keys<Value extends { readonly expiresAt: number }>(
    map: ReadonlyMap<string, Value>,
    after: string | null,
    count: number,
  ): Page<string> {
    const { items, next } = page(map, after, count);
    return { items: items.map(([key]) => key), next };
  }

  return {
    keyrings: async (after, count) => keys(keyrings, after, count),
    pointers: async (after, count) => keys(pointers, after, count),
    async due(list, after, count) {
      const { items, next } = page(due[list], after, count);
      return { items: items.map(([, revocation]) => revocation), next };
    },
    async replacePointer(name, target, next) {
      const pointer = pointers.get(name);
      if (pointer?.target !== target || !isLive(pointer)) return false;
      pointers.delete(name);
      pointers.set(next.name, { ...pointer, name: next.name, target: next.encrypted });
      return true;
    },
    async replaceDue(list, id, encrypted, next) {
      const revocation = due[list].get(id);
      if (revocation?.encrypted !== encrypted || !isLive(revocation)) return false;
      due[list].set(id, { ...revocation, encrypted: next });
      return true;
    },
  };
}
