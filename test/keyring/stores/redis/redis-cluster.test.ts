// A Redis Cluster that loses a node: what is on it fails with a code and in time, the rest works, and all of it comes back.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openKeyringStore } from '../../../../src/keyring/stores/open-store.ts';
import { type KeyringStore, KeyringStoreError } from '../../../../src/keyring/stores/store.ts';
import {
  cli,
  type RedisCluster,
  startRedisCluster,
  whole,
} from '../../../support/servers/redis-cluster.ts';
import { isRedisMissing } from '../../../support/servers/with-redis.ts';
import { day } from '../../fixtures.ts';

const newId = () => randomBytes(16).toString('base64url');

/** What became of beginning a keyring in each of many slots. */
async function outcomes(store: KeyringStore) {
  const createdAt = Date.now();
  const begun = Array.from({ length: 60 }, () =>
    store.createKeyring({ id: newId(), createdAt, expiresAt: createdAt + day }).then(
      () => 'written',
      (error: unknown) => error,
    ),
  );
  return Promise.all(begun);
}

describe.skipIf(isRedisMissing)('a cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster(0, ['--cluster-require-full-coverage', 'no']);
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test('without one of its nodes keeps the rest, fails with a code in time, and comes back whole', async () => {
    const store = await openKeyringStore(cluster.url, () => new Date());
    expect(await outcomes(store)).toEqual(Array(60).fill('written'));
    const [node] = cluster.nodes;
    await node?.stop();
    const some = await outcomes(store);
    const failed = some.filter((outcome) => outcome !== 'written');
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThan(60);
    for (const error of failed) {
      expect(error).toBeInstanceOf(KeyringStoreError);
      expect(error).toHaveProperty('systemCode', expect.stringMatching(/^E|^CLUSTERDOWN$/));
    }
    // One that starts meanwhile reaches the others too.
    const late = await openKeyringStore(cluster.url, () => new Date());
    expect(await outcomes(late)).toContain('written');
    await node?.start();
    await Promise.all(cluster.nodes.map(({ port }) => whole(port)));
    for (const each of [store, late]) {
      const failures = async () =>
        (await outcomes(each)).filter((outcome) => outcome !== 'written');
      await expect.poll(failures, { timeout: 20_000 }).toEqual([]);
      await each.close();
    }
  });

  test('whose node hangs fails in time, and writes nothing of it later', async () => {
    const store = await openKeyringStore(cluster.url, () => new Date());
    const createdAt = Date.now();
    const [node] = cluster.nodes;
    node?.pause();
    const ids = Array.from({ length: 30 }, newId);
    const settled = await Promise.allSettled(
      ids.map((id) => store.createKeyring({ id, createdAt, expiresAt: createdAt + day })),
    );
    const failed = ids.filter((_, index) => settled[index]?.status === 'rejected');
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThan(30);
    node?.resume();
    await Promise.all(cluster.nodes.map(({ port }) => whole(port)));
    // The lazy connection of this store was never made: nothing that it gave up goes out over it.
    const open = () => Promise.all(ids.map((id) => store.openKeyring(id))).catch(() => null);
    await expect.poll(open, { timeout: 20_000 }).not.toBeNull();
    const opened = (await open()) ?? [];
    expect(ids.filter((_, index) => opened[index] !== null)).toEqual(
      ids.filter((id) => !failed.includes(id)),
    );
    await store.close();
  });
});

describe.skipIf(isRedisMissing)('a cluster with replicas', () => {
  test('goes on without its dead master: nothing is lost, and writes are noticed again', async () => {
    await using cluster = await startRedisCluster(1);
    const store = await openKeyringStore(cluster.url, () => new Date());
    const createdAt = Date.now();
    const ids = Array.from({ length: 30 }, newId);
    for (const id of ids) await store.createKeyring({ id, createdAt, expiresAt: createdAt + day });
    const [watched = ''] = ids;
    let notices = 0;
    store.notices?.watch(watched, () => {
      notices += 1;
    });
    await expect.poll(() => notices).toBeGreaterThan(0);
    const listening = await Promise.all(
      cluster.nodes.map(({ port }) => cli('-p', `${port}`, 'pubsub', 'channels')),
    );
    const master = cluster.nodes[listening.findIndex((channels) => channels.trim() !== '')];
    // Replicas follow a moment later.
    for (const { port } of cluster.nodes.slice(0, 3)) await cli('-p', `${port}`, 'wait', '1', '0');
    await master?.stop();
    const opened = () => Promise.all(ids.map((id) => store.openKeyring(id))).catch(() => []);
    await expect
      .poll(async () => (await opened()).filter((keyring) => keyring !== null).length, {
        timeout: 30_000,
      })
      .toBe(ids.length);
    const write = { key: newId(), encrypted: 'x', expiresAt: null, expectedVersion: null };
    const heard = async () => {
      const before = notices;
      await store.writeRecords(watched, [{ ...write, key: newId() }], 1_000).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 50));
      return notices > before;
    };
    await expect.poll(heard, { timeout: 30_000 }).toBe(true);
    await store.close();
  });
});
