// The contract of a store, held by all three.
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  type KeyringStore,
  KeyringStoreError,
  type RecordWrite,
} from '../../../src/keyring/stores/store.ts';
import { createClock, day, minute } from '../fixtures.ts';
import { describeStores } from './stores.ts';

const capacity = 3;
const name = () => randomBytes(16).toString('base64url');

function write(key: string, sealed: string, more: Partial<RecordWrite> = {}): RecordWrite {
  return { key, sealed, expiresAt: null, expectedVersion: null, ...more };
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
  describeStores((place) => {
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
      const writes = [write('a', 'sealed-a'), write('b', 'sealed-b')];
      expect(await store.writeRecords(id, writes, capacity)).toEqual(['written', 'written']);
      const keyring = await open(store, pointer);
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
      expect(await open(store, name())).toBeNull();
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
      ];
      for (const call of calls) await expect(call()).rejects.toBeInstanceOf(KeyringStoreError);
    });

    if (place.isShared)
      test('shows a write to another instance at once', async () => {
        const { clock, store, id, pointer } = await begun();
        const other = await place.open(clock.now, clock.monotonic);
        for (const key of ['a', 'b', 'c']) {
          await store.writeRecords(id, [write(key, key)], capacity);
          expect((await other.readRecord(id, key))?.sealed).toBe(key);
        }
        const revision = (await open(other, pointer))?.revision ?? -1;
        expect(await other.deleteKeyring(id, revision)).toBe(true);
        expect(await open(store, pointer)).toBeNull();
      });
  });
});
