// Notices of writes: each write to a keyring is noticed, by the process that wrote and, over Redis, by every other one.
import { randomBytes } from 'node:crypto';
import { createClient } from '@redis/client';
import { describe, expect, test } from 'vitest';
import { noticeWrites } from '../../src/keyring/news/notices.ts';
import { openKeyringStore } from '../../src/keyring/stores/open-store.ts';
import type { KeyringNotices, KeyringStore } from '../../src/keyring/stores/store.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';
import { day } from './fixtures.ts';
import { describeStoresAndCluster } from './stores/stores.ts';

const newId = () => randomBytes(16).toString('base64url');
const row = { key: 'a', encrypted: 'x', expiresAt: null };

async function begin(store: KeyringStore): Promise<string> {
  const id = newId();
  const createdAt = Date.now();
  await store.createKeyring({ id, createdAt, expiresAt: createdAt + day });
  return id;
}

async function write(store: KeyringStore, id: string, expectedVersion: number | null = null) {
  expect(await store.writeRecords(id, [{ ...row, expectedVersion }], 3)).toEqual(['written']);
}

function heard(notices: KeyringNotices, id: string) {
  const count = { notices: 0, leave: () => {} };
  count.leave = notices.watch(id, () => {
    count.notices += 1;
  });
  return count;
}

describe('a write to a keyring', () => {
  describeStoresAndCluster((place) => {
    test('is noticed by those that watch it, and by no others', async () => {
      const { store, notices } = noticeWrites(await place.open());
      const [id, other] = [await begin(store), await begin(store)];
      const [one, two, elsewhere] = [heard(notices, id), heard(notices, id), heard(notices, other)];
      // Over Redis a subscription begins with a notice of its own.
      if (place.isRedis) await expect.poll(() => elsewhere.notices).toBeGreaterThan(0);
      const before = elsewhere.notices;
      await write(store, id);
      expect(one.notices).toBeGreaterThan(0);
      expect(two.notices).toBeGreaterThan(0);
      expect(elsewhere.notices).toBe(before);
      one.leave();
      two.leave();
      const after = one.notices;
      await write(store, id, 1);
      expect(one.notices).toBe(after);
    });

    test('is noticed only where it took place; a deletion is noticed too', async () => {
      const { store, notices } = noticeWrites(await place.open());
      const id = await begin(store);
      await write(store, id);
      const watch = heard(notices, id);
      if (place.isRedis) await expect.poll(() => watch.notices).toBeGreaterThan(0);
      const before = watch.notices;
      const outcome = await store.writeRecords(id, [{ ...row, expectedVersion: 7 }], 3);
      expect(outcome).toEqual(['conflict']);
      expect(watch.notices).toBe(before);
      expect(await store.deleteKeyring(id, 1)).toBe(true);
      expect(watch.notices).toBeGreaterThan(before);
    });
  });
});

describeWithRedis((redis) => {
  const open = async () => noticeWrites(await openKeyringStore(redis.url, () => new Date()));
  const subscribers = async () => {
    const client = createClient({ url: redis.url });
    await client.connect();
    const list = await client.sendCommand(['CLIENT', 'LIST', 'TYPE', 'PUBSUB']);
    client.destroy();
    return String(list).split('\n').filter(Boolean).length;
  };

  test('one process hears what another writes, over one connection, opened for the first that listens', async () => {
    const [here, there] = [await open(), await open()];
    const ids = [await begin(here.store), await begin(here.store)];
    expect(await subscribers()).toBe(0);
    const watches = ids.map((id) => heard(there.notices, id));
    await expect.poll(() => watches.every(({ notices }) => notices > 0)).toBe(true);
    expect(await subscribers()).toBe(1);
    const before = watches.map(({ notices }) => notices);
    await write(here.store, ids[0] ?? '');
    await expect.poll(() => watches[0]?.notices).toBeGreaterThan(before[0] ?? 0);
    expect(watches[1]?.notices).toBe(before[1]);
    for (const { leave } of watches) leave();
    await Promise.all([here.store.close(), there.store.close()]);
    await expect.poll(subscribers).toBe(0);
  });

  test('after a Redis that went away it listens again, and takes it that it missed a notice', async () => {
    const [here, there] = [await open(), await open()];
    const id = await begin(here.store);
    const watch = heard(there.notices, id);
    await expect.poll(() => watch.notices).toBeGreaterThan(0);
    await redis.stop();
    const before = watch.notices;
    const late = heard(there.notices, id);
    await redis.start();
    await expect.poll(() => watch.notices, { timeout: 5_000 }).toBeGreaterThan(before);
    await expect.poll(() => late.notices).toBeGreaterThan(0);
    const after = watch.notices;
    await expect
      .poll(() =>
        begin(here.store).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    const created = Date.now();
    await here.store.createKeyring({ id, createdAt: created, expiresAt: created + day });
    await write(here.store, id);
    await expect.poll(() => watch.notices).toBeGreaterThan(after);
    await Promise.all([here.store.close(), there.store.close()]);
  });

  test('a user that may not publish writes all the same', async () => {
    const admin = createClient({ url: redis.url });
    await admin.connect();
    await admin.sendCommand([
      'ACL',
      'SETUSER',
      'mute',
      'on',
      '>secret',
      '~*',
      '+@all',
      'resetchannels',
    ]);
    admin.destroy();
    const url = redis.url.replace('redis://', 'redis://mute:secret@');
    const { store, notices } = noticeWrites(await openKeyringStore(url, () => new Date()));
    const id = await begin(store);
    const watch = heard(notices, id);
    await write(store, id);
    // One more comes when the connection is made.
    expect(watch.notices).toBeGreaterThan(0);
    await store.close();
  });
});
