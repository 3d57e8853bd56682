// The contract of a store, held by all of them.
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  type KeyringStore,
  KeyringStoreError,
  type RecordWrite,
} from '../../../src/keyring/stores/store.ts';
import type { RecordPlace } from '../../../src/keyring/stores/user-index.ts';
import { createClock, day, minute } from '../fixtures.ts';
import { describeStoresAndCluster } from './stores.ts';

const capacity = 3;
const name = () => randomBytes(16).toString('base64url');

function write(key: string, encrypted: string, more: Partial<RecordWrite> = {}): RecordWrite {
  return { key, encrypted, expiresAt: null, expectedVersion: null, ...more };
}

/** A pointer to a keyring; its target is the id itself, as a store reads none. */
function to(id: string, pointer: string, expiresAt: number) {
  return { name: pointer, target: id, expiresAt };
}

/** What a pointer leads to. */
async function open(store: KeyringStore, pointer: string) {
  const found = await store.findPointer([pointer]);
  const keyring = found && (await store.openKeyring(found.target));
  return found && keyring && { ...keyring, pointer: found };
}

describe('a store', () => {
  describeStoresAndCluster((place) => {
    async function begun() {
      const clock = createClock();
      const store = await place.open(clock.now, clock.monotonic);
      const [id, pointer, createdAt] = [name(), name(), clock.now().getTime()];
      await store.createKeyring({ id, createdAt, expiresAt: createdAt + day });
      expect(await store.writePointer(to(id, pointer, createdAt + day), id)).toBe(true);
      return { clock, store, id, pointer, createdAt };
    }

    test('opens what was written, all at once', async () => {
      const { store, id, pointer, createdAt } = await begun();
      const writes = [write('a', 'encrypted-a'), write('b', 'encrypted-b')];
      expect(await store.writeRecords(id, writes, capacity)).toEqual(['written', 'written']);
      const keyring = await open(store, pointer);
      expect(keyring).toMatchObject({
        id,
        createdAt,
        pointer: { expiresAt: createdAt + day, retired: false },
      });
      const rows = keyring?.records.map(({ key, encrypted }) => [key, encrypted]);
      expect(rows?.sort()).toEqual([
        ['a', 'encrypted-a'],
        ['b', 'encrypted-b'],
      ]);
      expect(await store.readRecord(id, 'a')).toMatchObject({ key: 'a', encrypted: 'encrypted-a' });
      expect(await store.readRecord(id, 'c')).toBeNull();
      expect(await open(store, name())).toBeNull();
    });

    test('writes a row only over the version that was expected', async () => {
      const { store, id } = await begun();
      await store.writeRecords(id, [write('a', '1')], capacity);
      const version = (await store.readRecord(id, 'a'))?.version ?? -1;
      const over = (expectedVersion: number | null, encrypted: string) =>
        store.writeRecords(id, [write('a', encrypted, { expectedVersion })], capacity);
      expect(await over(null, 'x')).toEqual(['conflict']);
      expect(await over(version + 1, 'x')).toEqual(['conflict']);
      expect(await over(version, '2')).toEqual(['written']);
      expect(await over(version, 'x')).toEqual(['conflict']);
      expect((await store.readRecord(id, 'a'))?.encrypted).toBe('2');
      const absent = [write('z', 'x', { expectedVersion: version })];
      expect(await store.writeRecords(id, absent, capacity)).toEqual(['conflict']);
    });

    test('tells the revision beside a pointer: another one after each written row, the same after all else', async () => {
      const { store, id, pointer, createdAt } = await begun();
      const check = async () => {
        const checked = await store.checkPointer([name(), pointer], id);
        expect(checked?.pointer).toEqual(await store.findPointer([pointer]));
        expect(checked?.revision).toBe((await store.openKeyring(id))?.revision);
        return checked?.revision;
      };
      const seen = [await check()];
      await store.writeRecords(id, [write('a', '1'), write('b', '1')], capacity);
      seen.push(await check());
      const row = await store.readRecord(id, 'a');
      await store.writeRecords(
        id,
        [write('a', '2', { expectedVersion: row?.version ?? -1 })],
        capacity,
      );
      seen.push(await check());
      expect(new Set(seen).size).toBe(seen.length);
      const last = seen.at(-1);
      await store.writeRecords(id, [write('a', 'x')], capacity);
      await store.touchPointer(pointer, id, createdAt + 2 * day);
      await store.retirePointer(pointer, createdAt + day);
      expect(await check()).toBe(last);

      expect(await store.checkPointer([name()], id)).toBeNull();
      expect(await store.checkPointer([pointer], name())).toMatchObject({ revision: null });
      await store.deleteKeyring(id, last ?? -1);
      expect(await store.checkPointer([pointer], id)).toMatchObject({ revision: null });
    });

    test('takes no more rows than fit, and goes on changing those it has', async () => {
      const { store, id } = await begun();
      const writes = ['a', 'b', 'c', 'd'].map((key) => write(key, key));
      expect(await store.writeRecords(id, writes, capacity)).toEqual([
        'written',
        'written',
        'written',
        'full',
      ]);
      const expectedVersion = (await store.readRecord(id, 'a'))?.version ?? -1;
      const again = [write('a', 'again', { expectedVersion })];
      expect(await store.writeRecords(id, again, capacity)).toEqual(['written']);
    });

    test('lets a row expire before its keyring, and never uses its version again', async () => {
      const { clock, store, id, pointer } = await begun();
      const expiresAt = clock.now().getTime() + minute;
      await store.writeRecords(id, [write('a', '1', { expiresAt }), write('b', '1')], capacity);
      const version = (await store.readRecord(id, 'a'))?.version ?? -1;
      clock.advance(minute);
      expect(await store.readRecord(id, 'a')).toBeNull();
      expect((await open(store, pointer))?.records.map(({ key }) => key)).toEqual(['b']);
      const fits = [write('c', '1'), write('d', '1'), write('a', '2')];
      expect(await store.writeRecords(id, fits, capacity)).toEqual(['written', 'written', 'full']);
      expect(await store.writeRecords(id, [write('a', '2')], capacity + 1)).toEqual(['written']);
      expect((await store.readRecord(id, 'a'))?.version).toBeGreaterThan(version);
    });

    test('lets pointers and keyrings expire, later when touched', async () => {
      const { clock, store, id, pointer, createdAt } = await begun();
      await store.writeRecords(id, [write('a', '1')], capacity);
      await store.touchPointer(pointer, id, createdAt + 2 * day);
      await store.touchPointer(pointer, id, createdAt + day);
      clock.advance(2 * day - 1);
      expect((await open(store, pointer))?.id).toBe(id);
      clock.advance(1);
      expect(await open(store, pointer)).toBeNull();
      expect(await store.readRecord(id, 'a')).toBeNull();
      expect(await store.writeRecords(id, [write('b', '1')], capacity)).toEqual(['gone']);
      expect(await store.writePointer(to(id, name(), createdAt + 3 * day), id)).toBe(false);
      await store.touchPointer(pointer, id, createdAt + 9 * day);
      expect(await open(store, pointer)).toBeNull();
    });

    test('lets nothing prolong a retired pointer', async () => {
      const { clock, store, id, pointer, createdAt } = await begun();
      const next = name();
      await store.writePointer(to(id, next, createdAt + 2 * day), id);
      await store.retirePointer(pointer, createdAt + minute);
      await store.retirePointer(pointer, createdAt + 2 * minute);
      await store.touchPointer(pointer, id, createdAt + 9 * day);
      expect((await open(store, pointer))?.pointer).toMatchObject({
        expiresAt: createdAt + minute,
        retired: true,
      });
      clock.advance(minute);
      expect(await open(store, pointer)).toBeNull();
      clock.advance(day);
      expect((await open(store, next))?.id).toBe(id);
    });

    test('deletes a keyring only at the revision that was seen', async () => {
      const { store, id, pointer } = await begun();
      const seen = (await open(store, pointer))?.revision ?? -1;
      await store.writeRecords(id, [write('a', '1')], capacity);
      expect(await store.deleteKeyring(id, seen)).toBe(false);
      expect(await store.deleteKeyring(id, seen + 1)).toBe(true);
      expect(await store.deleteKeyring(id, seen + 1)).toBe(false);
      expect(await open(store, pointer)).toBeNull();
      expect(await store.readRecord(id, 'a')).toBeNull();
    });

    test('finds a pointer by whichever of its names exists', async () => {
      const { store, id, pointer, createdAt } = await begun();
      expect(await store.findPointer([name(), pointer, name()])).toEqual({
        name: pointer,
        target: id,
        expiresAt: createdAt + day,
        retired: false,
      });
      expect(await store.findPointer([name(), name()])).toBeNull();
    });

    test('deletes nothing while its clock has jumped ahead, and opens all once it is back', async () => {
      const { clock, store, id, pointer, createdAt } = await begun();
      const expiresAt = createdAt + day;
      await store.writeRecords(id, [write('a', '1', { expiresAt })], capacity);
      clock.advance(11 * minute);
      clock.jump(8 * day);
      expect(await open(store, pointer)).toBeNull();
      for (let tries = 0; tries < 3; tries += 1) {
        const other = name();
        const later = clock.now().getTime() + day;
        await store.createKeyring({ id: other, createdAt: later - day, expiresAt: later });
        await store.writePointer(to(other, name(), later), other);
        await store.writeRecords(other, [write('b', '2')], capacity);
        await store.touchPointer(pointer, id, later);
        clock.advance(minute);
      }
      clock.jump(-8 * day);
      expect((await open(store, pointer))?.records.map(({ key }) => key)).toEqual(['a']);
    });

    test('proves that it can write, and leaves nothing of the proof', async () => {
      const { store, pointer, id } = await begun();
      for (let tries = 0; tries < 3; tries += 1) await store.proveWrite(20_000);
      expect((await open(store, pointer))?.id).toBe(id);
    });

    const revocation = (dueAt: number, expiresAt: number, id = name()) => {
      return { id, encrypted: `encrypted-${id}`, dueAt, expiresAt };
    };
    const lists = ['revocations', 'deliveries'] as const;
    const listOf = (store: KeyringStore, listName: (typeof lists)[number] = 'revocations') =>
      store[listName] ?? expect.fail('It has no list');

    for (const listName of lists) {
      test(`gives a due entry of ${listName} to one claimant, and to another after the claim has expired`, async () => {
        const { clock, store, createdAt } = await begun();
        const other = place.isShared ? await place.open(clock.now, clock.monotonic) : store;
        const lists = [listOf(store, listName), listOf(other, listName)];
        const added = Array.from({ length: 20 }, () => revocation(createdAt, createdAt + day));
        for (const one of added) expect(await lists[0]?.add(one, 1_000)).toBe('written');
        const claimAll = async (until: number) => {
          const claims = Array.from({ length: 10 }, (_, index) =>
            lists[index % 2]?.claim(until, 4),
          );
          return (await Promise.all(claims)).flatMap((claimed) => claimed ?? []);
        };
        const claimed = await claimAll(createdAt + minute);
        const byId = (ones: readonly { id: string }[]) => ones.map(({ id }) => id).sort();
        expect(byId(claimed)).toEqual(byId(added));
        expect(claimed.every(({ dueAt }) => dueAt === createdAt + minute)).toBe(true);
        expect(claimed.find(({ id }) => id === added[0]?.id)?.encrypted).toBe(added[0]?.encrypted);
        expect(await claimAll(createdAt + minute)).toEqual([]);
        clock.advance(minute);
        expect(byId(await claimAll(createdAt + day))).toEqual(byId(added));
        await lists[1]?.remove(byId(added));
      });

      test(`postpones an entry of ${listName} only for the current due time, and removes it on request`, async () => {
        const { clock, store, createdAt } = await begun();
        const list = listOf(store, listName);
        const one = revocation(createdAt + minute, createdAt + day);
        await list.add(one, 1_000);
        expect(await list.claim(createdAt + 2 * minute, 10)).toEqual([]);
        const postponed = Array.from({ length: 4 }, () =>
          list.postpone(one.id, createdAt + minute, createdAt + 2 * minute),
        );
        expect((await Promise.all(postponed)).sort()).toEqual([false, false, false, true]);
        clock.advance(minute);
        expect(await list.claim(createdAt + 3 * minute, 10)).toEqual([]);
        await list.remove([one.id, name()]);
        expect(await list.postpone(one.id, createdAt + 2 * minute, createdAt)).toBe(false);
        clock.advance(minute);
        expect(await list.claim(createdAt + 3 * minute, 10)).toEqual([]);
      });

      test(`holds each entry of ${listName} once, no more than fit, and none that has expired`, async () => {
        const { clock, store, createdAt } = await begun();
        clock.advance(11 * minute);
        const list = listOf(store, listName);
        const [one, two] = [createdAt + day, createdAt + 2 * day].map((end) =>
          revocation(createdAt, end),
        );
        if (one === undefined || two === undefined) expect.fail();
        expect(await list.add(one, 2)).toBe('written');
        expect(await list.add({ ...one, encrypted: 'other' }, 2)).toBe('exists');
        expect(await list.add(two, 1)).toBe('full');
        expect(await list.add(two, 2)).toBe('written');
        clock.advance(day);
        expect((await list.claim(createdAt + day, 10)).map(({ id }) => id)).toEqual([two.id]);
        expect(await list.add(revocation(createdAt, createdAt + 3 * day), 2)).toBe('written');
        expect(await list.add(revocation(createdAt, createdAt + 3 * day), 2)).toBe('full');
        clock.advance(3 * day);
        expect(await list.claim(createdAt + 5 * day, 10)).toEqual([]);
      });
    }

    test('keeps deliveries apart from revocations', async () => {
      const { store, createdAt } = await begun();
      const one = revocation(createdAt, createdAt + day);
      expect(await listOf(store, 'revocations').add(one, 1_000)).toBe('written');
      const claimed = await listOf(store, 'deliveries').claim(createdAt + day, 1_000);
      expect(claimed.map(({ id }) => id)).not.toContain(one.id);
      expect(await listOf(store, 'deliveries').add(one, 1_000)).toBe('written');
      await listOf(store, 'deliveries').remove([one.id]);
      const left = await listOf(store, 'revocations').claim(createdAt + day, 1_000);
      expect(left.map(({ id }) => id)).toContain(one.id);
      await listOf(store, 'revocations').remove([one.id]);
    });

    test('deletes a row over the version that was expected, and frees its room', async () => {
      const { store, id } = await begun();
      const writes = ['a', 'b', 'c'].map((key) => write(key, key));
      await store.writeRecords(id, writes, capacity);
      const before = await store.openKeyring(id);
      const version = (await store.readRecord(id, 'a'))?.version ?? -1;
      const remove = (expectedVersion: number) =>
        store.writeRecords(id, [write('a', '', { expectedVersion, encrypted: null })], capacity);
      expect(await remove(version + 1)).toEqual(['conflict']);
      expect(await remove(version)).toEqual(['written']);
      expect(await remove(version)).toEqual(['conflict']);
      expect(await store.readRecord(id, 'a')).toBeNull();
      const after = await store.openKeyring(id);
      expect(after?.records.map(({ key }) => key).sort()).toEqual(['b', 'c']);
      expect(after?.revision).toBeGreaterThan(before?.revision ?? 0);
      const [d, e] = [write('d', 'd'), write('e', 'e')];
      expect(await store.writeRecords(id, [d, e], capacity)).toEqual(['written', 'full']);
      expect((await store.readRecord(id, 'd'))?.version).toBeGreaterThan(after?.revision ?? 0);
    });

    const usersOf = ({ users }: KeyringStore) => users ?? expect.fail('It has no index');
    const at = (expiresAt: number, key = name()) => ({ keyringId: name(), key, expiresAt });
    const placeOf = ({ keyringId, key }: RecordPlace) => ({ keyringId, key });

    test('finds the places of a user under any of the names, each once, the last to expire first', async () => {
      const { store, createdAt } = await begun();
      const users = usersOf(store);
      const [user, older, other] = [name(), name(), name()];
      const [one, two, three] = [1, 2, 3].map((days) => at(createdAt + days * day));
      if (!one || !two || !three) expect.fail();
      await users.add(user, [one, three], 10);
      await users.add(older, [two, { ...one, expiresAt: createdAt + minute }], 10);
      await users.add(other, [at(createdAt + day)], 10);
      const names = [user, older, name()];
      expect(await users.find(names, 10)).toEqual([three, two, one].map(placeOf));
      expect(await users.find(names, 2)).toEqual([three, two].map(placeOf));
      expect(await users.find([name()], 10)).toEqual([]);
      await users.add(user, [{ ...one, expiresAt: createdAt + 9 * day }], 10);
      expect(await users.find(names, 10)).toEqual([one, three, two].map(placeOf));
      await users.remove(names, [three, one, at(createdAt)]);
      expect(await users.find(names, 10)).toEqual([placeOf(two)]);
    });

    test('lets each place of a user expire, and keeps no more than fit: those that expire last', async () => {
      const { clock, store, createdAt } = await begun();
      clock.advance(11 * minute);
      const users = usersOf(store);
      const user = name();
      const places = [4, 1, 3, 2].map((days) => at(createdAt + days * day));
      for (const place of places) await users.add(user, [place], 3);
      const [four, , three, two] = places;
      if (!four || !two || !three) expect.fail();
      expect(await users.find([user], 10)).toEqual([four, three, two].map(placeOf));
      clock.advance(2 * day);
      expect(await users.find([user], 10)).toEqual([four, three].map(placeOf));
      const five = at(createdAt + 5 * day);
      await users.add(user, [five, at(createdAt + day)], 3);
      expect(await users.find([user], 10)).toEqual([five, four, three].map(placeOf));
      await users.add(user, [{ ...five, expiresAt: createdAt + day }], 3);
      expect(await users.find([user], 10)).toEqual([four, three].map(placeOf));
      clock.advance(3 * day);
      expect(await users.find([user], 10)).toEqual([]);
    });

    test('keeps every place of a user that many add at once', async () => {
      const { clock, store, createdAt } = await begun();
      const other = place.isShared ? await place.open(clock.now, clock.monotonic) : store;
      const user = name();
      const places = Array.from({ length: 40 }, () => at(createdAt + day));
      await Promise.all(
        places.map((one, index) => usersOf(index % 2 ? store : other).add(user, [one], 100)),
      );
      const found = await usersOf(other).find([user], 100);
      const keys = (ones: readonly RecordPlace[]) => ones.map(({ key }) => key).sort();
      expect(keys(found)).toEqual(keys(places));
    });

    // Redis itself drops them, by its own clock.
    if (!place.isRedis) {
      test('deletes what has expired some rows at a time, and all of it in the end', async () => {
        const { clock, store, createdAt } = await begun();
        const end = createdAt + minute;
        const ids = Array.from({ length: 300 }, name);
        for (const id of ids) {
          await store.createKeyring({ id, createdAt, expiresAt: end });
          await store.writeRecords(id, [write('a', '1'), write('b', '1')], capacity);
          await store.writePointer(to(id, name(), end), id);
        }
        const last = name();
        await store.createKeyring({ id: last, createdAt, expiresAt: createdAt + 9 * day });
        for (let tries = 0; tries < 150; tries += 1) {
          clock.advance(minute);
          await store.writeRecords(last, [write(`row-${tries}`, '1')], 1_000);
        }
        expect((await store.openKeyring(last))?.records).toHaveLength(150);
        clock.jump(-3 * day);
        // They go in turns of their own, also after the last write.
        const left = async () => {
          const opened = await Promise.all(ids.map((id) => store.openKeyring(id)));
          return opened.filter((keyring) => keyring !== null).length;
        };
        await expect.poll(left).toBe(0);
      });
    }

    test('throws one error once it is closed', async () => {
      const { store, id, pointer } = await begun();
      await store.close();
      await store.close();
      const calls = [
        () => store.findPointer([pointer]),
        () => store.openKeyring(id),
        () => store.proveWrite(1),
        () => store.readRecord(id, 'a'),
        () => store.createKeyring({ id: name(), createdAt: 0, expiresAt: 1 }),
        () => store.writeRecords(id, [write('a', '1')], capacity),
        () => store.writePointer(to(id, name(), 1), id),
        () => store.touchPointer(pointer, id, 1),
        () => store.retirePointer(pointer, 1),
        () => store.deleteKeyring(id, 0),
        () => usersOf(store).add(name(), [at(1)], 1),
        () => usersOf(store).find([name()], 1),
        () => usersOf(store).remove([name()], [at(1)]),
        () => listOf(store).add(revocation(0, 1), 1),
        () => listOf(store).claim(1, 1),
        () => listOf(store).postpone(name(), 0, 1),
        () => listOf(store).remove([name()]),
        () => listOf(store, 'deliveries').add(revocation(0, 1), 1),
        () => listOf(store, 'deliveries').claim(1, 1),
        () => listOf(store, 'deliveries').postpone(name(), 0, 1),
        () => listOf(store, 'deliveries').remove([name()]),
      ];
      for (const call of calls) await expect(call()).rejects.toBeInstanceOf(KeyringStoreError);
    });

    if (place.isShared)
      test('shows a write to another instance at once', async () => {
        const { clock, store, id, pointer } = await begun();
        const other = await place.open(clock.now, clock.monotonic);
        for (const key of ['a', 'b', 'c']) {
          await store.writeRecords(id, [write(key, key)], capacity);
          expect((await other.readRecord(id, key))?.encrypted).toBe(key);
        }
        const revision = (await open(other, pointer))?.revision ?? -1;
        expect(await other.deleteKeyring(id, revision)).toBe(true);
        expect(await open(store, pointer)).toBeNull();
      });
  });
});
