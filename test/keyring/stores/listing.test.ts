// The contract of a store's listing, held by all three: everything is in it, page by page, and texts are replaced at once.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { KeyringStore, Page, StoreListing } from '../../../src/keyring/stores/store.ts';
import { createClock, day } from '../fixtures.ts';
import { describeStoresAndCluster } from './stores.ts';

const name = () => randomBytes(16).toString('base64url');

function listingOf({ listing }: KeyringStore): StoreListing {
  if (listing === undefined) expect.fail('The store has no listing');
  return listing;
}

/** Every item of every page, once, and how many pages there were. */
async function all<Item>(read: (after: string | null) => Promise<Page<Item>>) {
  const items = new Map<string, Item>();
  let pages = 0;
  let after: string | null = null;
  do {
    const page: Page<Item> = await read(after);
    for (const item of page.items) items.set(JSON.stringify(item), item);
    after = page.next;
    pages += 1;
  } while (after !== null);
  return { items: [...items.values()], pages };
}

describeStoresAndCluster((place) => {
  async function filled(count: number) {
    const clock = createClock();
    const store = await place.open(clock.now, clock.monotonic);
    const createdAt = clock.now().getTime();
    const keyrings = Array.from({ length: count }, (_, index) => ({
      id: name(),
      pointer: name(),
      expiresAt: createdAt + (index % 2 === 0 ? day : 2 * day),
    }));
    for (const { id, pointer, expiresAt } of keyrings) {
      await store.createKeyring({ id, createdAt, expiresAt });
      await store.writePointer({ name: pointer, target: id, expiresAt }, id);
    }
    return { clock, store, listing: listingOf(store), keyrings, createdAt };
  }

  test('every keyring and pointer is in a page, and what has expired is in none', async () => {
    const { clock, listing, keyrings } = await filled(60);
    const ids = await all((after) => listing.keyrings(after, 10));
    const names = await all((after) => listing.pointers(after, 10));
    expect(ids.items).toEqual(expect.arrayContaining(keyrings.map(({ id }) => id)));
    expect(names.items).toEqual(expect.arrayContaining(keyrings.map(({ pointer }) => pointer)));
    expect(ids.pages).toBeGreaterThan(3);
    clock.advance(day);
    const gone = keyrings.filter((_, index) => index % 2 === 0).map(({ id }) => id);
    const left = await all((after) => listing.keyrings(after, 10));
    expect(left.items.filter((id) => gone.includes(id))).toEqual([]);
    expect(left.items.length).toBeGreaterThanOrEqual(30);
  });

  test('a page is bounded, however much there is', async () => {
    const { listing } = await filled(40);
    const { items } = await listing.keyrings(null, 5);
    // Redis may give some more than it was asked for, and does not give all.
    expect(items.length).toBeLessThan(40);
  });

  test('a pointer gets another name and target, and keeps its end', async () => {
    const { store, listing, keyrings } = await filled(1);
    const [{ id, pointer, expiresAt } = { id: '', pointer: '', expiresAt: 0 }] = keyrings;
    await store.retirePointer(pointer, expiresAt - 1_000);
    const next = { name: name(), encrypted: 'next' };
    expect(await listing.replacePointer(pointer, 'other', next)).toBe(false);
    expect(await listing.replacePointer(name(), id, next)).toBe(false);
    expect(await listing.replacePointer(pointer, id, next)).toBe(true);
    expect(await store.findPointer([pointer])).toBeNull();
    expect(await store.findPointer([next.name])).toEqual({
      name: next.name,
      target: 'next',
      expiresAt: expiresAt - 1_000,
      retired: true,
    });
    expect(await listing.replacePointer(next.name, 'next', { ...next, encrypted: 'same' })).toBe(
      true,
    );
    expect(await store.findPointer([next.name])).toMatchObject({ target: 'same' });
  });

  test.each(['revocations', 'deliveries'] as const)(
    'every entry of %s is in a page, and gets another text without losing its turn',
    async (list) => {
      const { store, listing, createdAt } = await filled(0);
      const revocations = store[list];
      const ids = Array.from({ length: 5 }, name);
      for (const id of ids) {
        const times = { dueAt: createdAt + 1_000, expiresAt: createdAt + day };
        await revocations?.add({ id, encrypted: `text-${id}`, ...times }, 100);
      }
      const found = await all((after) => listing.due(list, after, 2));
      expect(found.items.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
      const [id = ''] = ids;
      expect(await listing.replaceDue(list, id, 'other', 'next')).toBe(false);
      expect(await listing.replaceDue(list, name(), `text-${id}`, 'next')).toBe(false);
      expect(await listing.replaceDue(list, id, `text-${id}`, 'next')).toBe(true);
      const after = await all((cursor) => listing.due(list, cursor, 2));
      expect(after.items.find((one) => one.id === id)).toEqual({
        id,
        encrypted: 'next',
        dueAt: createdAt + 1_000,
        expiresAt: createdAt + day,
      });
      expect(await revocations?.postpone(id, createdAt + 1_000, createdAt + 2_000)).toBe(true);
    },
  );
});
