// A Redis behind Sentinels: the store finds the master, and the next one after that has died.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createRedisClient } from '../../../../src/brokers/upstream/redis-client.ts';
import { openKeyringStore } from '../../../../src/keyring/stores/open-store.ts';
import { KeyringStoreError } from '../../../../src/keyring/stores/store.ts';
import { emptyFolder } from '../../../support/processes/command.ts';
import { cli } from '../../../support/servers/redis-cluster.ts';
import { freePort, startRedis } from '../../../support/servers/redis-server.ts';
import { isRedisMissing } from '../../../support/servers/with-redis.ts';
import { day } from '../../fixtures.ts';

const newId = () => randomBytes(16).toString('base64url');

describe.skipIf(isRedisMissing)('a Redis behind a Sentinel', () => {
  test('is found by the name of its master, and so is the replica that takes its place', async () => {
    const login = ['--requirepass', 'secret', '--masterauth', 'secret'];
    await using master = await startRedis(login);
    await using replica = await startRedis([
      ...login,
      '--replicaof',
      '127.0.0.1',
      `${master.port}`,
    ]);
    const file = join(emptyFolder(), 'sentinel.conf');
    await writeFile(
      file,
      [
        `sentinel monitor kite 127.0.0.1 ${master.port} 1`,
        'sentinel auth-pass kite secret',
        'sentinel down-after-milliseconds kite 500',
        'sentinel failover-timeout kite 2000',
        'requirepass watched',
      ].join('\n'),
    );
    await using sentinel = await startRedis([], await freePort(), file);
    const follows = () => cli('-p', `${replica.port}`, '-a', 'secret', 'info', 'replication');
    await expect.poll(follows, { timeout: 20_000 }).toContain('master_link_status:up');
    const knows = () =>
      cli('-p', `${sentinel.port}`, '-a', 'watched', 'sentinel', 'replicas', 'kite');
    await expect.poll(knows, { timeout: 30_000 }).toContain(`${replica.port}`);

    const url = `redis://:secret@127.0.0.1:${sentinel.port}/1`;
    const open = (more: object) =>
      openKeyringStore(url, () => new Date(), undefined, undefined, more);
    const sentinels = { sentinelMaster: 'kite', sentinelPassword: 'watched' };
    await expect(open({ ...sentinels, sentinelMaster: 'other' })).rejects.toBeInstanceOf(
      KeyringStoreError,
    );
    const store = await open(sentinels);
    const createdAt = Date.now();
    const begin = (id: string) =>
      store.createKeyring({ id, createdAt, expiresAt: createdAt + day });
    const id = newId();
    await begin(id);
    let notices = 0;
    store.notices?.watch(id, () => {
      notices += 1;
    });
    await expect.poll(() => notices).toBeGreaterThan(0);
    await cli('-p', `${master.port}`, '-a', 'secret', 'wait', '1', '0');
    await master.stop();
    await expect(begin(newId())).rejects.toBeInstanceOf(KeyringStoreError);
    const isBack = () =>
      begin(newId()).then(
        () => true,
        () => false,
      );
    await expect.poll(isBack, { timeout: 30_000 }).toBe(true);
    expect(await store.openKeyring(id)).toMatchObject({ id });
    const heard = async () => {
      const before = notices;
      await store.writeRecords(
        id,
        [{ key: newId(), encrypted: 'x', expiresAt: null, expectedVersion: null }],
        1_000,
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
      return notices > before;
    };
    await expect.poll(heard, { timeout: 30_000 }).toBe(true);
    await store.close();
  });

  test('answers while the first of its Sentinels is silent, and that one loses no counts', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void silent.close());
    await once(silent, 'listening');
    await using master = await startRedis();
    const file = join(emptyFolder(), 'sentinel.conf');
    await writeFile(file, `sentinel monitor kite 127.0.0.1 ${master.port} 1`);
    await using sentinel = await startRedis([], await freePort(), file);
    const { port } = silent.address() as AddressInfo;
    const client = createRedisClient(
      { url: `redis://127.0.0.1:${port},127.0.0.1:${sentinel.port}`, sentinelMaster: 'kite' },
      1,
    );
    let lost = 0;
    client.on('lost', () => {
      lost += 1;
    });
    client.on('error', () => {});
    await client.connect();
    onTestFinished(() => client.destroy());
    const ask = () => client.eval('return 7', { keys: [], arguments: [] });
    // Scans begin meanwhile: one after the other, and none holds the commands back for ever.
    const until = Date.now() + 4_000;
    let answers = 0;
    while (Date.now() < until) {
      expect(await ask()).toBe(7);
      answers += 1;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(answers).toBeGreaterThan(1);
    expect(lost).toBe(0);
  });
});
