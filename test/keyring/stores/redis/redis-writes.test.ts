// A Redis that answers and takes no writes is not ready, so that no token is spent; a thousand sessions end at once.
import { createClient } from '@redis/client';
import { describe, expect, test } from 'vitest';
import { createEncryptedRecords } from '../../../../src/keyring/crypto/encrypted-records.ts';
import { rowKeys } from '../../../../src/keyring/crypto/names.ts';
import { loggedIn } from '../../../../src/keyring/login.ts';
import { KeyringStoreError } from '../../../../src/keyring/stores/store.ts';
import { withDefaultLimits } from '../../../../src/limits.ts';
import { apiKey, login, oneKey, opened, setUp } from '../../fixtures.ts';
import { describeStore } from '../stores.ts';

describe('a Redis', () => {
  describeStore('redis', (place) => {
    test('out of memory, or demoted to a replica, is not ready until that is over', async () => {
      const { keyrings } = await setUp(place);
      await keyrings.ready();
      const admin = await createClient({ url: place.url() }).connect();
      const memory = await admin.info('memory');
      const used = Number(/used_memory:(\d+)/.exec(memory)?.[1]);
      for (const [spoil, mend, code] of [
        [['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0'], 'OOM'],
        // Room for a few bytes and not for a session.
        [
          ['CONFIG', 'SET', 'maxmemory', `${used + 4_000}`],
          ['CONFIG', 'SET', 'maxmemory', '0'],
          'OOM',
        ],
        [['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE'], 'READONLY'],
      ] as const) {
        await admin.sendCommand(spoil);
        await expect(keyrings.ready()).rejects.toEqual(new KeyringStoreError(code));
        await admin.sendCommand(mend);
        await keyrings.ready();
      }
      expect(await admin.keys('*:proof:*')).toEqual([]);
      admin.destroy();
    });

    test('ends a thousand sessions of one keyring at once', async () => {
      const { keyrings, store, clock } = await setUp(place);
      const first = await keyrings.add(null, login('AB0000'), null);
      const entries = Array.from({ length: 999 }, (_, index) => {
        const [key] = rowKeys(oneKey, first.keyringId, { broker: 'KITE', apiKey }, `USER${index}`);
        const record = loggedIn(key, login(`USER${index}`), null, null, clock.now());
        return { record, version: null };
      });
      await createEncryptedRecords(store, oneKey, () => expect.fail(), withDefaultLimits()).write(
        first.keyringId,
        entries,
      );
      const { sessions } = await opened(keyrings, first);
      const ended = await Promise.all(
        sessions.map((record) => keyrings.markRevoked(first.keyringId, record)),
      );
      expect(ended.filter((wasEnded) => wasEnded)).toHaveLength(1_000);
    });
  });
});
