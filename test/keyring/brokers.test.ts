// Sessions of several brokers in one keyring, over each store: each record tells its own, and none takes another's place.
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/brokers/upstream/secret.ts';
import {
  createEncryptedRevocations,
  revocationBinding,
} from '../../src/keyring/crypto/encrypted-revocations.ts';
import type { Login } from '../../src/keyring/login.ts';
import {
  apiKey,
  kiteSession,
  laptop,
  login,
  oneKey,
  only,
  opened,
  sessionsOf,
  setUp,
} from './fixtures.ts';
import { describeStores } from './stores/stores.ts';

const baseUrl = 'https://second.example/apim';

/** A login of the same app key and user id as `login`, at the other broker. */
function otherLogin(userId: string): Login {
  const provider = 'KOTAK';
  const passwordAt = new Date('2026-01-05T03:44:00Z');
  const codeAt = new Date('2026-01-05T03:45:00Z');
  const session = {
    ...kiteSession(userId, `other-${userId}`),
    publicToken: null,
    baseUrl,
    authenticationMethods: [
      { method: 'PASSWORD', assuranceLevel: 'SINGLE_FACTOR', completedAt: passwordAt, provider },
      { method: 'ACCESS_CODE', assuranceLevel: 'TWO_FACTOR', completedAt: codeAt, provider },
    ],
  } as const;
  return { broker: 'KOTAK', apiKey, session };
}

let users = 0;
const newUser = () => {
  users += 1;
  return `OF${process.pid}${users}`;
};

describe('sessions of several brokers', () => {
  describeStores((place) => {
    test('with the same app key and user id are two sessions, of two accounts', async () => {
      const { keyrings } = await setUp(place);
      const userId = newUser();
      const first = await keyrings.add(null, login(userId), laptop);
      const next = await keyrings.add(first.cookie, otherLogin(userId), laptop);
      expect(next.replaced).toBeNull();
      const { sessions } = await opened(keyrings, next);
      expect(sessions.map(({ broker, state }) => `${broker} ${state}`).sort()).toEqual([
        'KITE ACTIVE',
        'KOTAK ACTIVE',
      ]);
      expect(new Set(sessions.map(({ accountId }) => accountId)).size).toBe(2);
    });

    test('are replaced by the next login at the same broker alone, which keeps the account', async () => {
      const { keyrings } = await setUp(place);
      const userId = newUser();
      const kite = await keyrings.add(null, login(userId), laptop);
      const other = await keyrings.add(kite.cookie, otherLogin(userId), laptop);
      const again = await keyrings.add(other.cookie, otherLogin(userId), laptop);
      expect(again.replaced?.sessionId).toBe(other.record.sessionId);
      expect(again.record.accountId).toBe(other.record.accountId);
      const { sessions } = await opened(keyrings, again);
      const active = sessions.filter(({ state }) => state === 'ACTIVE');
      expect(active.map(({ broker }) => broker).sort()).toEqual(['KITE', 'KOTAK']);
    });

    test('keep what later calls need, and what was given for them', async () => {
      const { keyrings } = await setUp(place);
      const userId = newUser();
      const added = await keyrings.add(null, otherLogin(userId), laptop);
      const record = only((await opened(keyrings, added)).sessions);
      expect(record).toMatchObject({ broker: 'KOTAK', apiKey, userId, baseUrl });
      expect(record.authenticationMethods).toEqual(
        otherLogin(userId).session.authenticationMethods,
      );
    });

    test('are found by the user of their broker', async () => {
      const { keyrings } = await setUp(place);
      const userId = newUser();
      await keyrings.add(null, login(userId), laptop);
      await keyrings.add(null, otherLogin(userId), laptop);
      for (const broker of ['KITE', 'KOTAK'] as const) {
        const { record } = only(await sessionsOf(keyrings, { broker, userId }));
        expect(record.broker).toBe(broker);
      }
    });
  });
});

describe('tokens to end', () => {
  describeStores((place) => {
    const reports: unknown[] = [];

    async function claimed(tokens: object) {
      const { store, clock } = await setUp(place);
      const list = createEncryptedRevocations(store, oneKey, (report) => reports.push(report));
      const id = `of-${newUser()}`;
      const since = clock.now();
      const text = { tokens, session: null, since, reason: 'LOGGED_OUT' };
      const encrypted = oneKey.encrypt(revocationBinding(id), text);
      const due = { id, encrypted, dueAt: 0, expiresAt: since.getTime() + 60_000 };
      await store.revocations?.add(due, 10_000);
      const found = await list.claim(since.getTime() + 60_000, 10_000);
      const own = only(found.filter(({ revocation }) => revocation.ids[0] === id));
      await list.remove(own.revocation);
      return own.revocation.tokens;
    }

    test('of an earlier version are Kite’s', async () => {
      const tokens = await claimed({ apiKey, accessToken: 'a-token', refreshToken: null });
      const owner = { broker: 'KITE', apiKey, userId: null, baseUrl: null };
      expect(tokens).toMatchObject({ ...owner, refreshToken: null });
      expect(tokens.accessToken?.reveal()).toBe('a-token');
      expect(reports).toEqual([]);
    });

    test('say whose they are, through a store', async () => {
      const { store, clock } = await setUp(place);
      const list = createEncryptedRevocations(store, oneKey, () => undefined);
      const owner = { broker: 'KOTAK', apiKey, userId: newUser(), baseUrl } as const;
      const accessToken = new Secret(`token-of-${owner.userId}`);
      const tokens = { ...owner, accessToken, refreshToken: null };
      const ids = list.ids(null);
      const since = clock.now();
      await list.add({ ids, tokens, session: null, since, reason: 'LOGGED_OUT' }, 0, 10_000);
      const found = await list.claim(since.getTime() + 60_000, 10_000);
      const own = only(found.filter(({ revocation }) => revocation.ids[0] === ids[0]));
      expect(own.revocation.tokens).toEqual(tokens);
      await list.remove(own.revocation);
    });
  });
});
