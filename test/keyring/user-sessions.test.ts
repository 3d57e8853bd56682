// The sessions of a user in several keyrings, over each store: found, kept right, and bounded.
import { DatabaseSync } from 'node:sqlite';
import { createClient } from '@redis/client';
import { describe, expect, test } from 'vitest';
import { createEncrypter } from '../../src/keyring/crypto/encrypter.ts';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { createKeyrings } from '../../src/keyring/keyrings.ts';
import type { KeyringStore } from '../../src/keyring/stores/store.ts';
import { withDefaultLimits } from '../../src/limits.ts';
import {
  apiKey,
  createClock,
  day,
  keyringsOver,
  laptop,
  login,
  minute,
  oneKey,
  only,
  opened,
  second,
  sessionsOf,
  setUp,
  unended,
} from './fixtures.ts';
import { describeStores, type Place } from './stores/stores.ts';

const user = (userId: string) => ({ broker: 'KITE', userId }) as const;

describe('sessions of a user', () => {
  describeStores((place) => {
    // Suites of one place share its store: each test has users of its own.
    let users = 0;
    const newUser = () => {
      users += 1;
      return `USER${process.pid}${users}`;
    };

    test('are found in every keyring, and those of other users are not', async () => {
      const { keyrings } = await setUp(place);
      const [mine, other] = [newUser(), newUser()];
      const first = await keyrings.add(null, login(mine, 'one'), laptop);
      const next = await keyrings.add(null, login(mine, 'two'), null);
      await keyrings.add(next.cookie, login(other), null);
      const found = await sessionsOf(keyrings, user(mine));
      expect(found.map(({ keyringId }) => keyringId).sort()).toEqual(
        [first.keyringId, next.keyringId].sort(),
      );
      expect(found.map(({ record }) => record.accessToken?.reveal()).sort()).toEqual([
        'one',
        'two',
      ]);
      expect(await sessionsOf(keyrings, user(other))).toHaveLength(1);
      expect(await sessionsOf(keyrings, user(newUser()))).toEqual([]);
      const stranger = createEncrypter([generateKey()]);
      const { keyrings: strange } = keyringsOver(await place.open(), () => new Date(), stranger);
      if (place.isShared) expect(await sessionsOf(strange, user(mine))).toEqual([]);
    });

    test('are found after 20 logins at once, through two instances', async () => {
      const clock = createClock();
      const here = await place.open(clock.now);
      const there = place.isShared ? await place.open(clock.now) : here;
      const all = [here, there].map((store) => keyringsOver(store, clock.now).keyrings);
      const mine = newUser();
      const added = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          all[index % 2]?.add(null, login(mine, `token-${index}`), null),
        ),
      );
      const found = await sessionsOf(only(all.slice(0, 1)), user(mine));
      expect(found?.map(({ record }) => record.sessionId).sort()).toEqual(
        added.map((one) => one?.record.sessionId).sort(),
      );
    });

    test('are gone with their keyring, whether it is forgotten or expires', async () => {
      const { clock, store, keyrings } = await setUp(place);
      const mine = newUser();
      const forgotten = await keyrings.add(null, login(mine), null);
      await keyrings.markRevoked(forgotten.keyringId, forgotten.record);
      expect(await sessionsOf(keyrings, user(mine))).toHaveLength(1);
      await keyrings.forgetIfEmpty(forgotten.cookie);
      const names = oneKey.names('user', 'KITE', mine);
      expect(await store.users?.find(names, 10)).toEqual([]);

      await keyrings.add(null, login(mine), null);
      clock.advance(7 * day);
      expect(await store.users?.find(names, 10)).toHaveLength(1);
      expect(await sessionsOf(keyrings, user(mine))).toEqual([]);
      // The entry led nowhere, and is no longer there.
      expect(await store.users?.find(names, 10)).toEqual([]);
    });

    test('are found again after the time of day was wrong for a while, also if they were asked for meanwhile', async () => {
      const { clock, keyrings } = await setUp(place);
      const mine = newUser();
      const added = await keyrings.add(null, login(mine), null);
      clock.advance(20 * minute);
      for (const days of [8, -8]) {
        clock.jump(days * day);
        for (let times = 0; times < 2; times += 1) {
          clock.advance(minute);
          const found = await sessionsOf(keyrings, user(mine));
          expect(found.map(({ record }) => record.sessionId)).toEqual(
            days > 0 ? [] : [added.record.sessionId],
          );
        }
      }
    });

    test('are found whose end or renewal came after the login', async () => {
      const { clock, keyrings } = await setUp(place);
      const mine = newUser();
      const added = await keyrings.add(null, login(mine), null);
      await keyrings.markExpired(added.keyringId, added.record);
      expect(only(await sessionsOf(keyrings, user(mine))).record.state).toBe('EXPIRED');
      clock.advance(second);
      await keyrings.renew(added.keyringId, added.record, login(mine, 'renewed').session);
      clock.advance(8 * day);
      expect(await sessionsOf(keyrings, user(mine))).toEqual([]);
    });

    test('are no more than fit: those of the newest keyrings', async () => {
      const clock = createClock();
      const store = await place.open(clock.now);
      const limits = withDefaultLimits({ userSessions: 3 });
      const keyrings = createKeyrings({ store, encrypter: oneKey, now: clock.now, limits });
      const mine = newUser();
      const ids: string[] = [];
      for (let count = 0; count < 5; count += 1) {
        ids.push((await keyrings.add(null, login(mine), null)).keyringId);
        clock.advance(second);
      }
      const found = await sessionsOf(keyrings, user(mine));
      expect(found.map(({ keyringId }) => keyringId).sort()).toEqual(ids.slice(2).sort());
    });

    test('of an earlier version are noted when their browser comes back, whether they have ended or not', async () => {
      const { clock, store, keyrings } = await setUp(place);
      const [mine, other] = [newUser(), newUser()];
      const { keyrings: before } = keyringsOver(withoutIndex(store), clock.now);
      const first = await before.add(null, login(mine), null);
      const next = await before.add(first.cookie, login(other), null);
      await before.markExpired(next.keyringId, next.record);
      await forgetIndexNames(store, next.keyringId, [first.record.key, next.record.key]);
      expect(await sessionsOf(keyrings, user(mine))).toEqual([]);
      await opened(keyrings, next);
      expect(only(await sessionsOf(keyrings, user(mine))).record.state).toBe('ACTIVE');
      expect(only(await sessionsOf(keyrings, user(other))).record.state).toBe('EXPIRED');
    });

    // No other process sees the memory of one.
    if (place.isShared) {
      test('of a store from before there was an index are all there, and noted', async () => {
        const { clock, store, keyrings: before } = await setUp(place);
        const [mine, other] = [newUser(), newUser()];
        const first = await before.add(null, login(mine), null);
        const next = await before.add(first.cookie, login(other), null);
        await forgetIndexNames(store, next.keyringId, [first.record.key, next.record.key]);
        await store.close();
        await dropIndex(place);
        const { keyrings, reports } = keyringsOver(await place.open(clock.now), clock.now);
        const { sessions } = await opened(keyrings, next);
        expect(sessions.map(({ accessToken }) => accessToken?.reveal()).sort()).toEqual(
          [`token-of-${mine}`, `token-of-${other}`].sort(),
        );
        for (const userId of [mine, other])
          expect(await sessionsOf(keyrings, user(userId))).toHaveLength(1);
        expect(reports).toEqual([]);
      });
    }

    test('are noted under a new key when their browser comes back', async () => {
      const { clock, store, keyrings } = await setUp(place);
      const mine = newUser();
      const [older, newer] = [generateKey(), generateKey()];
      const { keyrings: before } = keyringsOver(store, clock.now, createEncrypter([older]));
      const added = await before.add(null, login(mine), null);
      const { keyrings: both } = keyringsOver(store, clock.now, createEncrypter([newer, older]));
      clock.advance(minute);
      await opened(both, added);
      const { keyrings: rotated } = keyringsOver(store, clock.now, createEncrypter([newer]));
      expect(await sessionsOf(rotated, user(mine))).toHaveLength(1);
      expect(await sessionsOf(both, user(mine))).toHaveLength(1);
      expect(await sessionsOf(keyrings, user(mine))).toEqual([]);
    });

    test('that a forged entry names are not found', async () => {
      const { store, clock, keyrings } = await setUp(place);
      const [mine, other] = [newUser(), newUser()];
      const theirs = await keyrings.add(null, login(other), null);
      const [name] = oneKey.names('user', 'KITE', mine);
      const { keyringId, record } = theirs;
      const expiresAt = clock.now().getTime() + day;
      await store.users?.add(name, [{ keyringId, key: record.key, expiresAt }], 10);
      expect(await sessionsOf(keyrings, user(mine))).toEqual([]);
      expect(await sessionsOf(keyrings, user(other))).toHaveLength(1);
    });

    test('an entry whose row is about to be written stays', async () => {
      const { store, clock, keyrings } = await setUp(place);
      const mine = newUser();
      const { keyringId } = await keyrings.add(null, login(newUser()), null);
      const names = oneKey.names('user', 'KITE', mine);
      const expiresAt = clock.now().getTime() + day;
      await store.users?.add(names[0], [{ keyringId, key: 'to-come', expiresAt }], 10);
      expect(await sessionsOf(keyrings, user(mine))).toEqual([]);
      expect(await store.users?.find(names, 10)).toEqual([{ keyringId, key: 'to-come' }]);
    });
  });
});

describe('a session that a login replaces', () => {
  describeStores((place) => {
    test('stays listed as over, without a token, for the usual days', async () => {
      const { clock, keyrings } = await setUp(place);
      const first = await keyrings.add(null, login('AB0001', 'earlier'), laptop);
      clock.advance(second);
      const next = await keyrings.add(first.cookie, login('AB0001', 'later'), null);
      const { sessions } = await opened(keyrings, next);
      expect(sessions.map(({ sessionId }) => sessionId)).toEqual([
        next.record.sessionId,
        first.record.sessionId,
      ]);
      expect(sessions[1]).toMatchObject({
        state: 'REVOKED',
        endReason: 'REPLACED',
        accessToken: null,
        publicToken: null,
        refreshToken: null,
        endedAt: next.record.issuedAt,
        issuedAt: first.record.issuedAt,
        accountId: first.record.accountId,
      });
      const found = await sessionsOf(keyrings, user('AB0001'));
      expect(found.map(({ record }) => record.sessionId)).toContain(first.record.sessionId);
      clock.advance(6 * day);
      expect((await opened(keyrings, next)).sessions).toHaveLength(2);
      clock.advance(day);
      expect((await opened(keyrings, next)).sessions).toHaveLength(1);
    });

    test('is one of at most so many, of which the first to have ended goes first', async () => {
      const { clock, keyrings } = await bounded(place, { keyringEndedSessions: 2 });
      let added = await keyrings.add(null, login('AB0001', 'token-0'), null);
      const ids = [added.record.sessionId];
      for (let count = 1; count < 6; count += 1) {
        clock.advance(second);
        added = await keyrings.add(added.cookie, login('AB0001', `token-${count}`), null);
        ids.unshift(added.record.sessionId);
      }
      const { sessions } = await opened(keyrings, added);
      expect(sessions.map(({ sessionId }) => sessionId)).toEqual(ids.slice(0, 3));
    });

    test('is not kept with a limit of 0', async () => {
      const { keyrings } = await bounded(place, { keyringEndedSessions: 0 });
      const first = await keyrings.add(null, login('AB0001', 'earlier'), null);
      const next = await keyrings.add(first.cookie, login('AB0001', 'later'), null);
      expect((await opened(keyrings, next)).sessions).toHaveLength(1);
    });
  });
});

describe('a keyring with as many sessions as it may have', () => {
  describeStores((place) => {
    test('names those that are too many: expired ones first, and then the oldest', async () => {
      const { clock, keyrings } = await bounded(place, { keyringSessions: 3 });
      let added = await keyrings.add(null, login('AB0001'), null);
      for (const userId of ['AB0002', 'AB0003']) {
        clock.advance(second);
        added = await keyrings.add(added.cookie, login(userId), null);
        expect(added.surplus).toEqual([]);
      }
      await keyrings.markExpired(added.keyringId, added.record);
      clock.advance(second);
      added = await keyrings.add(added.cookie, login('AB0004'), null);
      expect(added.surplus.map(({ userId }) => userId)).toEqual(['AB0003']);
      // Its end failed: the next login names it again, and the oldest.
      clock.advance(second);
      added = await keyrings.add(added.cookie, login('AB0005'), null);
      expect(added.surplus.map(({ userId }) => userId)).toEqual(['AB0003', 'AB0001']);
      for (const record of added.surplus) await keyrings.markRevoked(added.keyringId, record);
      // The next login of a user who is there adds none.
      added = await keyrings.add(added.cookie, login('AB0004', 'again'), null);
      expect(added.surplus).toEqual([]);
      const { sessions } = await opened(keyrings, added);
      expect(sessions.filter(({ state }) => state === 'ACTIVE')).toHaveLength(3);
    });

    test('takes 20 logins at once, also where the limit was higher before', async () => {
      const { keyrings } = await bounded(place, { keyringSessions: 30 });
      let added = await keyrings.add(null, login('AB0000'), null);
      for (let count = 1; count < 10; count += 1)
        added = await keyrings.add(added.cookie, login(`AB000${count}`), null);
      const { keyrings: lower } = await bounded(place, {
        keyringSessions: 2,
        keyringEndedSessions: 1,
      });
      if (!place.isShared) return;
      const logins = Array.from({ length: 20 }, (_, index) => login(`NEW${index}`));
      await Promise.all(logins.map((one) => lower.add(added.cookie, one, null)));
      const open = unended(await opened(lower, added));
      expect(open).toHaveLength(30);
    });
  });
});

async function bounded(place: Place, bounds: Parameters<typeof withDefaultLimits>[0]) {
  const clock = createClock();
  const store = await place.open(clock.now);
  const limits = withDefaultLimits(bounds);
  return { clock, keyrings: createKeyrings({ store, encrypter: oneKey, now: clock.now, limits }) };
}

/** Takes from a store what versions without an index did not have. */
async function dropIndex(place: Place): Promise<void> {
  if (place.kind === 'sqlite') {
    const database = new DatabaseSync(place.url().slice('sqlite:'.length));
    database.exec('DROP TABLE users_2');
    database.close();
    return;
  }
  const client = await createClient({ url: place.url() }).connect();
  const names = await client.keys('kite-graphql:2:user:*');
  if (names.length > 0) await client.del(names);
  client.destroy();
}

/** The store as an earlier version of the gateway used it. */
function withoutIndex(store: KeyringStore): KeyringStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = name === 'users' ? undefined : Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Rewrites rows as an earlier version of the gateway wrote them. */
async function forgetIndexNames(
  store: KeyringStore,
  keyringId: string,
  keys: readonly string[],
): Promise<void> {
  for (const key of keys) {
    const row = await store.readRecord(keyringId, key);
    if (row === null) expect.fail(`no row for ${apiKey}`);
    const place = ['session', keyringId, key] as const;
    const text = oneKey.decrypt(place, row.encrypted);
    if (!text.ok) expect.fail(text.reason);
    const { indexName: _, ...json } = Object(text.value);
    const encrypted = oneKey.encrypt(place, json);
    const write = { key, encrypted, expiresAt: null, expectedVersion: row.version };
    expect(await store.writeRecords(keyringId, [write], 10)).toEqual(['written']);
  }
}
