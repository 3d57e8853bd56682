// How sessions end, over each store: by expiry, logout, renewal, and the end of a keyring.
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/brokers/upstream/secret.ts';
import { day, kiteSession, login, only, opened, second, setUp, unended } from './fixtures.ts';
import { describeStores } from './stores/stores.ts';

describe('endings', () => {
  describeStores((place) => {
    test('an expired session forgets its token and stays listed for 7 days', async () => {
      const { clock, keyrings } = await setUp(place);
      const added = await keyrings.add(null, login('AB0001'), null);
      expect(await keyrings.markExpired(added.keyringId, added.record)).toBe(true);
      expect(await keyrings.markExpired(added.keyringId, added.record)).toBe(false);
      const endedAt = clock.now();
      clock.advance(6 * day);
      const session = only((await opened(keyrings, added)).sessions);
      expect(session).toMatchObject({ state: 'EXPIRED', endedAt });
      expect([session.accessToken, session.publicToken]).toEqual([null, null]);
      clock.advance(day);
      expect((await opened(keyrings, added)).sessions).toEqual([]);
    });

    test('a later login wins over an expiry, a logout and a renewal of the earlier one', async () => {
      const { keyrings } = await setUp(place);
      const first = await keyrings.add(null, login('AB0001', 'earlier'), null);
      const next = await keyrings.add(first.cookie, login('AB0001', 'later'), null);
      expect(await keyrings.markExpired(first.keyringId, first.record)).toBe(false);
      expect(await keyrings.markRevoked(first.keyringId, first.record)).toBe(false);
      const session = kiteSession('AB0001', 'renewed');
      expect(await keyrings.renew(first.keyringId, first.record, session)).toEqual({
        record: null,
        rival: null,
      });
      const stored = only(unended(await opened(keyrings, next)));
      expect(stored.accessToken?.reveal()).toBe('later');
    });

    test('a logout forgets every token, also of an expired session', async () => {
      const { keyrings } = await setUp(place);
      const renewable = { ...kiteSession('AB0001'), refreshToken: new Secret('refresh') };
      const added = await keyrings.add(null, { ...login('AB0001'), session: renewable }, null);
      await keyrings.markExpired(added.keyringId, added.record);
      expect(only((await opened(keyrings, added)).sessions).refreshToken?.reveal()).toBe('refresh');
      expect(await keyrings.markRevoked(added.keyringId, added.record)).toBe(true);
      expect(await keyrings.markExpired(added.keyringId, added.record)).toBe(false);
      const { state, accessToken, publicToken, refreshToken } = only(
        (await opened(keyrings, added)).sessions,
      );
      expect([state, accessToken, publicToken, refreshToken]).toEqual([
        'REVOKED',
        null,
        null,
        null,
      ]);
    });

    test('a renewal replaces the tokens of the same account, and revives no logout', async () => {
      const { clock, keyrings } = await setUp(place);
      const renewable = { ...kiteSession('AB0001'), refreshToken: new Secret('refresh') };
      const added = await keyrings.add(null, { ...login('AB0001'), session: renewable }, null);
      await keyrings.markExpired(added.keyringId, added.record);
      clock.advance(second);
      const expired = only((await opened(keyrings, added)).sessions);
      const other = kiteSession('AB0002', 'stranger');
      expect((await keyrings.renew(added.keyringId, expired, other)).record).toBeNull();

      const answer = { ...kiteSession(null, 'renewed'), loginTime: null };
      const { record } = await keyrings.renew(added.keyringId, expired, answer);
      const session = only((await opened(keyrings, added)).sessions);
      expect(session.sessionId).toBe(record?.sessionId);
      expect(session.sessionId).not.toBe(expired.sessionId);
      expect(session).toMatchObject({ state: 'ACTIVE', endedAt: null, issuedAt: clock.now() });
      expect(session.accountId).toBe(expired.accountId);
      expect(session.userId).toBe('AB0001');
      expect(session.loginTime).toEqual(expired.loginTime);
      expect(session.accessToken?.reveal()).toBe('renewed');
      expect(session.refreshToken?.reveal()).toBe('refresh');
      clock.advance(8 * day - second);
      expect(await keyrings.markRevoked(added.keyringId, session)).toBe(false);
    });

    test('a revoked session is not renewed', async () => {
      const { keyrings } = await setUp(place);
      const added = await keyrings.add(null, login('AB0001'), null);
      await keyrings.markRevoked(added.keyringId, added.record);
      const session = kiteSession('AB0001', 'renewed');
      expect((await keyrings.renew(added.keyringId, added.record, session)).record).toBeNull();
    });

    test('a keyring is forgotten when nothing but logged out sessions is left', async () => {
      const { keyrings } = await setUp(place);
      const first = await keyrings.add(null, login('AB0001'), null);
      const next = await keyrings.add(first.cookie, login('AB0002'), null);
      await keyrings.markRevoked(next.keyringId, first.record);
      await keyrings.markExpired(next.keyringId, next.record);
      expect(await keyrings.forgetIfEmpty(next.cookie)).toBe(false);
      await keyrings.markRevoked(next.keyringId, next.record);
      expect(await keyrings.forgetIfEmpty(next.cookie)).toBe(true);
      expect(await keyrings.open(next.cookie, null)).toBeNull();
      expect(await keyrings.open(first.cookie, null)).toBeNull();
      expect(await keyrings.forgetIfEmpty(next.cookie)).toBe(true);
    });

    test('a login that meets the end of its keyring is not lost', async () => {
      const { keyrings } = await setUp(place);
      const first = await keyrings.add(null, login('AB0001'), null);
      await keyrings.markRevoked(first.keyringId, first.record);
      const [added] = await Promise.all([
        keyrings.add(first.cookie, login('AB0002'), null),
        keyrings.forgetIfEmpty(first.cookie),
      ]);
      const { sessions } = await opened(keyrings, added);
      expect(sessions.map(({ userId }) => userId)).toContain('AB0002');
    });
  });
});
