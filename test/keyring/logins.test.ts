// Logins into a keyring, over each store: one by one, at once, and again the next morning.
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/brokers/upstream/secret.ts';
import {
  apiKey,
  day,
  keyringsOver,
  laptop,
  login,
  only,
  opened,
  second,
  setUp,
  unended,
} from './fixtures.ts';
import { describeStores } from './stores/stores.ts';

describe('logins', () => {
  describeStores((place) => {
    test('a login makes a keyring that its cookie opens', async () => {
      const { clock, keyrings } = await setUp(place);
      const added = await keyrings.add(null, login('AB0001'), laptop);
      const keyring = await opened(keyrings, added);
      expect(keyring.id).toBe(added.keyringId);
      expect(keyring.endsAt.getTime()).toBe(clock.now().getTime() + 30 * day);
      const session = only(keyring.sessions);
      expect(session).toMatchObject({ apiKey, userId: 'AB0001', state: 'ACTIVE', endedAt: null });
      expect(session.accessToken?.reveal()).toBe('token-of-AB0001');
      expect(session.publicToken?.reveal()).toBe('public-token-of-AB0001');
      expect(session.refreshToken).toBeNull();
      expect(session.loginTime?.toISOString()).toBe('2026-01-05T03:45:00.000Z');
      expect(session.devices).toEqual([
        { ...laptop, firstSeenAt: clock.now(), lastSeenAt: clock.now() },
      ]);
    });

    test('a cookie that leads nowhere opens nothing and is never taken over', async () => {
      const { keyrings } = await setUp(place);
      const unknown = new Secret('A'.repeat(43));
      expect(await keyrings.open(unknown, null)).toBeNull();
      expect(await keyrings.open(new Secret('no cookie of ours'), null)).toBeNull();
      await keyrings.add(unknown, login('AB0001'), null);
      expect(await keyrings.open(unknown, null)).toBeNull();
    });

    test('20 logins at once lose nothing', async () => {
      const { keyrings } = await setUp(place);
      const first = await keyrings.add(null, login('AB0000'), null);
      const users = Array.from({ length: 20 }, (_, index) => `AB${1000 + index}`);
      const added = await Promise.all(
        users.map((user) => keyrings.add(first.cookie, login(user), null)),
      );
      for (const one of added) {
        const { id, sessions } = await opened(keyrings, one);
        expect(id).toBe(first.keyringId);
        expect(sessions.map(({ userId }) => userId).sort()).toEqual(['AB0000', ...users]);
      }
    });

    test('20 logins at once of one user make one session, with one account id', async () => {
      const { keyrings } = await setUp(place);
      const first = await keyrings.add(null, login('AB0000'), null);
      const tokens = Array.from({ length: 20 }, (_, index) => `token-${index}`);
      const added = await Promise.all(
        tokens.map((token) => keyrings.add(first.cookie, login('AB0001', token), null)),
      );
      const sessions = unended(await opened(keyrings, added[0] ?? first));
      expect(sessions).toHaveLength(2);
      const session = sessions.find(({ userId }) => userId === 'AB0001');
      expect(tokens).toContain(session?.accessToken?.reveal());
      expect(new Set(added.map(({ record }) => record.accountId)).size).toBe(1);
      expect(new Set(added.map(({ record }) => record.sessionId)).size).toBe(20);
    });

    if (place.isShared)
      test('20 logins at once through two instances lose nothing', async () => {
        const { clock, keyrings } = await setUp(place);
        const other = keyringsOver(await place.open(clock.now), clock.now).keyrings;
        const first = await keyrings.add(null, login('AB0000'), null);
        const users = Array.from({ length: 20 }, (_, index) => `AB${1000 + (index >> 1)}`);
        await Promise.all(
          users.map((user, index) =>
            (index % 2 ? other : keyrings).add(first.cookie, login(user), null),
          ),
        );
        expect(unended(await opened(other, first))).toHaveLength(11);
      });

    test('the next login of a user keeps the account id and begins another session', async () => {
      const { clock, keyrings } = await setUp(place);
      const first = await keyrings.add(null, login('AB0001', 'monday'), laptop);
      clock.advance(day);
      await keyrings.markExpired(first.keyringId, first.record);
      const next = await keyrings.add(first.cookie, login('AB0001', 'tuesday'), laptop);
      const session = only(unended(await opened(keyrings, next)));
      expect(session.accountId).toBe(first.record.accountId);
      expect(session.sessionId).not.toBe(first.record.sessionId);
      expect(session).toMatchObject({ state: 'ACTIVE', endedAt: null, issuedAt: clock.now() });
      expect(session.accessToken?.reveal()).toBe('tuesday');
    });

    test('sessions stand newest first', async () => {
      const { clock, keyrings } = await setUp(place);
      let last = await keyrings.add(null, login('AB0001'), null);
      for (const user of ['AB0002', 'AB0003']) {
        clock.advance(second);
        last = await keyrings.add(last.cookie, login(user), null);
      }
      const { sessions } = await opened(keyrings, last);
      expect(sessions.map(({ userId }) => userId)).toEqual(['AB0003', 'AB0002', 'AB0001']);
    });

    test('a login without a user id from Kite gets its own session', async () => {
      const { keyrings } = await setUp(place);
      const first = await keyrings.add(null, login(null, 'one'), null);
      const next = await keyrings.add(first.cookie, login(null, 'two'), null);
      const { sessions } = await opened(keyrings, next);
      expect(sessions.map(({ userId }) => userId)).toEqual([null, null]);
      expect(await keyrings.markRevoked(next.keyringId, next.record)).toBe(true);
    });
  });
});
