// A store of an earlier version is converted without losing a session, and its layout is no way in afterwards.
import { DatabaseSync } from 'node:sqlite';
import { createClient } from '@redis/client';
import { describe, expect, test } from 'vitest';
import { createEncrypter } from '../../../src/keyring/crypto/encrypter.ts';
import { generateKey } from '../../../src/keyring/crypto/keys.ts';
import { createClock, keyringsOver, login, opened, unended } from '../fixtures.ts';
import { oldKeyring, writeOldLayout } from './old-layouts.ts';
import { describeStore, type Place } from './stores.ts';

const users = ['AB0001', 'AB0002', 'AB0003'];

/** What is left of the earlier layout. */
async function leftovers(place: Place): Promise<readonly unknown[]> {
  if (place.kind === 'redis') {
    const client = await createClient({ url: place.url() }).connect();
    const keys = await client.keys('kite-graphql:[kp]*');
    client.destroy();
    return keys;
  }
  const database = new DatabaseSync(place.url().slice('sqlite:'.length));
  const tables = database
    .prepare("SELECT name FROM sqlite_master WHERE name IN ('keyrings', 'pointers', 'records')")
    .all();
  database.close();
  return tables;
}

describe('a store of an earlier version', () => {
  const suite = (place: Place) => {
    test('opens with every session under the same cookie, and nothing of it is left', async () => {
      const clock = createClock();
      const fixtures = await Promise.all(
        [users, users.slice(1)].map((of) => oldKeyring(of, clock.now())),
      );
      await writeOldLayout(place, fixtures);
      const { keyrings, reports } = keyringsOver(await place.open(clock.now), clock.now);
      for (const [index, { cookie }] of fixtures.entries()) {
        const { sessions } = await opened(keyrings, { cookie });
        expect(sessions.map(({ userId }) => userId).sort()).toEqual(users.slice(index));
        for (const { userId, accessToken } of sessions)
          expect(accessToken?.reveal()).toBe(`token-of-${userId}`);
      }
      expect(reports).toEqual([]);
      expect(await leftovers(place)).toEqual([]);
    });

    test('lets the next login find the user’s row', async () => {
      const clock = createClock();
      const fixture = await oldKeyring(users, clock.now());
      await writeOldLayout(place, [fixture]);
      const { keyrings } = keyringsOver(await place.open(clock.now), clock.now);
      const next = await keyrings.add(fixture.cookie, login('AB0002', 'again'), null);
      expect(next.replaced?.accessToken?.reveal()).toBe('token-of-AB0002');
      expect(unended(await opened(keyrings, next))).toHaveLength(3);
    });

    test('is left as it is where no key opens it, and converted once one does', async () => {
      const clock = createClock();
      const fixture = await oldKeyring(users, clock.now());
      await writeOldLayout(place, [fixture]);
      const store = await place.open(clock.now);
      const other = keyringsOver(store, clock.now, createEncrypter([generateKey()])).keyrings;
      expect(await other.open(fixture.cookie, null)).toBeNull();
      const { keyrings } = keyringsOver(store, clock.now);
      expect((await opened(keyrings, fixture)).sessions).toHaveLength(3);
    });

    test('is converted once by several instances that start together', async () => {
      const clock = createClock();
      const fixture = await oldKeyring(users, clock.now());
      await writeOldLayout(place, [fixture]);
      const stores = await Promise.all([1, 2, 3].map(() => place.open(clock.now)));
      const all = stores.map((store) => keyringsOver(store, clock.now).keyrings);
      const found = await Promise.all(all.map(({ ready }) => ready()));
      expect(found).toHaveLength(3);
      for (const keyrings of all)
        expect((await opened(keyrings, fixture)).sessions).toHaveLength(3);
    });

    test('opens no session of today to a pointer that is put into the old layout', async () => {
      const clock = createClock();
      const store = await place.open(clock.now);
      const victim = await keyringsOver(store, clock.now).keyrings.add(null, login('AB0009'), null);
      const row = await store.readRecord(victim.keyringId, victim.record.key);
      const forged = await oldKeyring([], clock.now());
      await writeOldLayout(place, [
        {
          ...forged,
          id: victim.keyringId,
          rows: [{ key: victim.record.key, encrypted: row?.encrypted ?? '' }],
        },
      ]);
      const { keyrings } = keyringsOver(store, clock.now);
      expect((await keyrings.open(forged.cookie, null))?.sessions ?? []).toEqual([]);
      expect((await opened(keyrings, victim)).sessions).toHaveLength(1);
    });
  };
  describeStore('sqlite', suite);
  describeStore('redis', suite);
});
