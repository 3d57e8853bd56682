// The contract of a store, held by all three.
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { KeyringStoreError, type RecordWrite } from '../../src/keyring/store.ts';
import { createClock, day, minute } from './fixtures.ts';
import { describeStores } from './stores.ts';

const capacity = 3;
const name = () => randomBytes(16).toString('base64url');

function write(key: string, sealed: string, more: Partial<RecordWrite> = {}): RecordWrite {
  return { key, sealed, expiresAt: null, expectedVersion: null, ...more };
}

describe('a store', () => {
  describeStores((place) => {
    async function begun() {
      const clock = createClock();
      const store = await place.open(clock.now);
      const [id, pointer, createdAt] = [name(), name(), clock.now().getTime()];
      await store.createKeyring({ id, createdAt, expiresAt: createdAt + day });
      expect(await store.writePointer(pointer, id, createdAt + day)).toBe(true);
      return { clock, store, id, pointer, createdAt };
    }

    test('opens what was written, all at once', async () => {
      const { store, id, pointer, createdAt } = await begun();
      const writes = [write('a', 'sealed-a'), write('b', 'sealed-b')];
      expect(await store.writeRecords(id, writes, capacity)).toEqual(['written', 'written']);
      const keyring = await store.open(pointer);
      expect(keyring).toMatchObject({
        id,
        createdAt,
        pointer: { expiresAt: createdAt + day, retired: false },
      });
      const rows = keyring?.records.map(({ key, sealed }) => [key, sealed]);
      expect(rows?.sort()).toEqual([
        ['a', 'sealed-a'],
        ['b', 'sealed-b'],
      ]);
      expect(await store.readRecord(id, 'a')).toMatchObject({ key: 'a', sealed: 'sealed-a' });
      expect(await store.readRecord(id, 'c')).toBeNull();
      expect(await store.open(name())).toBeNull();
    });

    test('writes a row only over the version that was expected', async () => {
      const { store, id } = await begun();
      await store.writeRecords(id, [write('a', '1')], capacity);
      const version = (await store.readRecord(id, 'a'))?.version ?? -1;
      const over = (expectedVersion: number | null, sealed: string) =>
        store.writeRecords(id, [write('a', sealed, { expectedVersion })], capacity);
      expect(await over(null, 'x')).toEqual(['conflict']);
      expect(await over(version + 1, 'x')).toEqual(['conflict']);
      expect(await over(version, '2')).toEqual(['written']);
      expect(await over(version, 'x')).toEqual(['conflict']);
      expect((await store.readRecord(id, 'a'))?.sealed).toBe('2');
      const absent = [write('z', 'x', { expectedVersion: version })];
      expect(await store.writeRecords(id, absent, capacity)).toEqual(['conflict']);
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
      expect((await store.open(pointer))?.records.map(({ key }) => key)).toEqual(['b']);
      const fits = [write('c', '1'), write('d', '1'), write('a', '2')];
      expect(await store.writeRecords(id, fits, capacity)).toEqual(['written', 'written', 'full']);
      expect(await store.writeRecords(id, [write('a', '2')], capacity + 1)).toEqual(['written']);
      expect((await store.readRecord(id, 'a'))?.version).toBeGreaterThan(version);
    });

    test('lets pointers and keyrings expire, later when touched', async () => {
      const { clock, store, id, pointer, createdAt } = await begun();
      await store.writeRecords(id, [write('a', '1')], capacity);
      await store.touchPointer(pointer, createdAt + 2 * day);
      await store.touchPointer(pointer, createdAt + day);
      clock.advance(2 * day - 1);
      expect((await store.open(pointer))?.id).toBe(id);
      clock.advance(1);
      expect(await store.open(pointer)).toBeNull();
      expect(await store.readRecord(id, 'a')).toBeNull();
      expect(await store.writeRecords(id, [write('b', '1')], capacity)).toEqual(['gone']);
      expect(await store.writePointer(name(), id, createdAt + 3 * day)).toBe(false);
      await store.touchPointer(pointer, createdAt + 9 * day);
      expect(await store.open(pointer)).toBeNull();
    });

    test('lets nothing prolong a retired pointer', async () => {
      const { clock, store, id, pointer, createdAt } = await begun();
      const next = name();
      await store.writePointer(next, id, createdAt + 2 * day);
      await store.retirePointer(pointer, createdAt + minute);
      await store.retirePointer(pointer, createdAt + 2 * minute);
      await store.touchPointer(pointer, createdAt + 9 * day);
      expect((await store.open(pointer))?.pointer).toEqual({
        expiresAt: createdAt + minute,
        retired: true,
      });
      clock.advance(minute);
      expect(await store.open(pointer)).toBeNull();
      clock.advance(day);
      expect((await store.open(next))?.id).toBe(id);
    });

    test('deletes a keyring only at the revision that was seen', async () => {
      const { store, id, pointer } = await begun();
      const seen = (await store.open(pointer))?.revision ?? -1;
      await store.writeRecords(id, [write('a', '1')], capacity);
      expect(await store.deleteKeyring(id, seen)).toBe(false);
      expect(await store.deleteKeyring(id, seen + 1)).toBe(true);
      expect(await store.deleteKeyring(id, seen + 1)).toBe(false);
      expect(await store.open(pointer)).toBeNull();
      expect(await store.readRecord(id, 'a')).toBeNull();
    });

    test('throws one error once it is closed', async () => {
      const { store, id, pointer } = await begun();
      await store.close();
      await store.close();
      const calls = [
        () => store.open(pointer),
        () => store.readRecord(id, 'a'),
        () => store.createKeyring({ id: name(), createdAt: 0, expiresAt: 1 }),
        () => store.writeRecords(id, [write('a', '1')], capacity),
        () => store.writePointer(name(), id, 1),
        () => store.touchPointer(pointer, 1),
        () => store.retirePointer(pointer, 1),
        () => store.deleteKeyring(id, 0),
      ];
      for (const call of calls) await expect(call()).rejects.toBeInstanceOf(KeyringStoreError);
    });

    if (place.isShared)
      test('shows a write to another instance at once', async () => {
        const { clock, store, id, pointer } = await begun();
        const other = await place.open(clock.now);
        for (const key of ['a', 'b', 'c']) {
          await store.writeRecords(id, [write(key, key)], capacity);
          expect((await other.readRecord(id, key))?.sealed).toBe(key);
        }
        const revision = (await other.open(pointer))?.revision ?? -1;
        expect(await other.deleteKeyring(id, revision)).toBe(true);
        expect(await store.open(pointer)).toBeNull();
      });
  });
});
