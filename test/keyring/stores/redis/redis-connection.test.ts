// A Redis counts as down where it falls silent, and not where it or this process is busy.
import { describe, expect, test } from 'vitest';
import { connectRedis } from '../../../../src/keyring/stores/redis/connection.ts';
import { KeyringStoreError } from '../../../../src/keyring/stores/store.ts';
import { describeWithRedis } from '../../../support/servers/with-redis.ts';

describeWithRedis((redis) => {
  const patience = 500;
  const connect = () => connectRedis(redis.url, patience, 1);
  const block = new Int32Array(new SharedArrayBuffer(4));

  describe('a run', () => {
    test('whose answer came while this process was busy is answered', async () => {
      const connection = await connect();
      const runs = Array.from({ length: 10 }, () => connection.run('return 7', [], []));
      const left = Promise.allSettled(runs);
      await new Promise((resolve) => setImmediate(resolve));
      Atomics.wait(block, 0, 0, patience + 100);
      expect(await left).toEqual(Array(10).fill({ status: 'fulfilled', value: 7 }));
      connection.close();
    });

    test('that waits behind others, which together take longer than Redis may be silent, is answered', async () => {
      const connection = await connect();
      // Some 20 ms of Lua, sixty times; so long that Redis reads, and answers, one after another.
      const padding = 'x'.repeat(40_000);
      const slow = 'local n = 0 for i = 1, 3000000 do n = n + i end return 7';
      const runs = Array.from({ length: 60 }, () => connection.run(slow, [], [padding]));
      expect(await Promise.all(runs)).toEqual(Array(60).fill(7));
      connection.close();
    });

    test('of a silent Redis fails', async () => {
      const connection = await connect();
      redis.pause();
      try {
        await expect(connection.run('return 7', [], [])).rejects.toEqual(
          new KeyringStoreError('ETIMEDOUT'),
        );
      } finally {
        redis.resume();
        connection.close();
      }
    });
  });
});
