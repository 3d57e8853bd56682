// What keyrings keep decrypted in memory: never used once the store has changed, never decrypted twice, bounded.
import { describe, expect, test } from 'vitest';
import { recordBinding } from '../../src/keyring/crypto/encrypted-records.ts';
import { createEncrypter, type Encrypter } from '../../src/keyring/crypto/encrypter.ts';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import type { Added } from '../../src/keyring/keyring.ts';
import { createKeyrings } from '../../src/keyring/keyrings.ts';
import { recordJson } from '../../src/keyring/session-record.ts';
import type { KeyringStore } from '../../src/keyring/stores/store.ts';
import { type Limits, withDefaultLimits } from '../../src/limits.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { createClock, day, kiteSession, laptop, login, oneKey, only, opened } from './fixtures.ts';
import { describeStores } from './stores/stores.ts';

/** Keyrings whose decryptions are counted, on a clock that stands still. */
function counted(store: KeyringStore, given: Partial<Limits> = {}, encrypter: Encrypter = oneKey) {
  const count = { decrypted: 0 };
  const counting: Encrypter = {
    ...encrypter,
    decrypt: (...words) => {
      count.decrypted += 1;
      return encrypter.decrypt(...words);
    },
  };
  const [clock, wall] = [new TestClock(), createClock()];
  const limits = withDefaultLimits(given);
  const keyrings = createKeyrings({ store, encrypter: counting, now: wall.now, limits, clock });
  /** Opens a keyring, and how many texts were decrypted for it. */
  const open = async ({ cookie }: Pick<Added, 'cookie'>) => {
    const before = count.decrypted;
    const keyring = await keyrings.open(cookie, laptop);
    return { sessions: keyring?.sessions ?? null, decrypted: count.decrypted - before };
  };
  return { keyrings, open, clock, wall };
}

/** A keyring of users AB0 to AB<count - 1>. */
async function filled({ keyrings }: ReturnType<typeof counted>, count: number): Promise<Added> {
  let added = await keyrings.add(null, login('AB0'), laptop);
  for (let user = 1; user < count; user += 1) {
    added = await keyrings.add(added.cookie, login(`AB${user}`), laptop);
  }
  return added;
}

describe('a keyring that was opened before', () => {
  describeStores((place) => {
    test('is not decrypted again while it is unchanged', async () => {
      const here = counted(await place.open());
      const browser = await filled(here, 3);
      // A login keeps what it has read: only the session that it added is left.
      expect((await here.open(browser)).decrypted).toBe(1);
      const again = await here.open(browser);
      expect(again.decrypted).toBe(0);
      expect(again.sessions).toHaveLength(3);
    });

    test('decrypts the sessions that another gateway has changed, and no others', async () => {
      const store = await place.open();
      const [here, there] = [counted(store), counted(place.isShared ? await place.open() : store)];
      const browser = await filled(here, 3);
      const [session] = (await here.open(browser)).sessions ?? [];
      if (session === undefined) expect.fail('no session');
      const states = async () => {
        const { sessions, decrypted } = await here.open(browser);
        const now = sessions?.find(({ key }) => key === session.key);
        return { state: now?.state, hasToken: now?.accessToken != null, decrypted };
      };

      await there.keyrings.markExpired(browser.keyringId, session);
      expect(await states()).toEqual({ state: 'EXPIRED', hasToken: false, decrypted: 1 });
      const renewal = await there.keyrings.renew(
        browser.keyringId,
        session,
        kiteSession(session.userId, 'renewed'),
      );
      expect(await states()).toEqual({ state: 'ACTIVE', hasToken: true, decrypted: 1 });
      if (renewal.record === null) expect.fail('not renewed');
      await there.keyrings.markRevoking(browser.keyringId, renewal.record);
      expect(await states()).toEqual({ state: 'REVOKING', hasToken: true, decrypted: 1 });
      await there.keyrings.markRevoked(browser.keyringId, renewal.record);
      expect(await states()).toEqual({ state: 'REVOKED', hasToken: false, decrypted: 1 });

      // The browser's old cookie sees the login of another tab too.
      await there.keyrings.add(browser.cookie, login('AB9'), laptop);
      expect(await here.open(browser)).toMatchObject({ sessions: { length: 4 }, decrypted: 1 });
    });

    test('is gone with the keyring that another gateway deletes', async () => {
      const store = await place.open();
      const [here, there] = [counted(store), counted(place.isShared ? await place.open() : store)];
      const browser = await filled(here, 1);
      const session = only((await here.open(browser)).sessions ?? []);
      await there.keyrings.markRevoked(browser.keyringId, session);
      expect(await there.keyrings.forgetIfEmpty(browser.cookie)).toBe(true);
      expect((await here.open(browser)).sessions).toBeNull();
      expect((await here.open(browser)).sessions).toBeNull();
    });

    test('is read as before while keys are rotated', async () => {
      const [older, newer] = [generateKey(), generateKey()];
      const store = await place.open();
      const before = counted(store, {}, createEncrypter([older]));
      const browser = await filled(before, 2);
      const session = only(((await before.open(browser)).sessions ?? []).slice(0, 1));
      const after = counted(store, {}, createEncrypter([newer, older]));
      expect((await after.open(browser)).decrypted).toBe(3);
      expect((await after.open(browser)).decrypted).toBe(0);
      await before.keyrings.markExpired(browser.keyringId, session);
      const { sessions } = await after.open(browser);
      expect(sessions?.map(({ state }) => state).sort()).toEqual(['ACTIVE', 'EXPIRED']);
      // Its next cookie has a name under the new key.
      const next = await after.keyrings.add(browser.cookie, login('AB7'), laptop);
      expect((await after.open(next)).sessions).toHaveLength(3);
      expect((await after.open(next)).decrypted).toBe(0);
      // Without the new key neither the cookie nor the session can be read.
      expect((await before.open(next)).sessions).toBeNull();
    });

    test('decrypts each session once for requests that arrive together', async () => {
      const here = counted(await place.open());
      const browser = await filled(here, 5);
      const found = await Promise.all(Array.from({ length: 8 }, () => here.open(browser)));
      expect(found.every(({ sessions }) => sessions?.length === 5)).toBe(true);
      const after = await here.open(browser);
      expect(after.decrypted).toBe(0);
      // Eight pointers, and five sessions.
      const decrypted = found.map((one) => one.decrypted);
      expect(Math.max(...decrypted)).toBeLessThanOrEqual(8 + 5);
    });

    test('leaves out a session a week after its end', async () => {
      const wall = createClock();
      const store = await place.open(wall.now, wall.monotonic);
      const keyrings = createKeyrings({ store, encrypter: oneKey, now: wall.now });
      const own = await keyrings.add(null, login('AB0'), laptop);
      const kept = await keyrings.add(own.cookie, login('AB1'), laptop);
      await keyrings.markExpired(kept.keyringId, own.record);
      wall.advance(4 * day);
      expect((await opened(keyrings, kept)).sessions).toHaveLength(2);
      wall.advance(3 * day - 1);
      // Its use is written down, so that nothing changes the keyring when the time comes.
      await opened(keyrings, kept);
      expect((await opened(keyrings, kept)).sessions).toHaveLength(2);
      wall.advance(1);
      expect((await opened(keyrings, kept)).sessions).toMatchObject([{ userId: 'AB1' }]);
    });
  });
});

describe('the memory that opened keyrings take', () => {
  describeStores((place) => {
    test('holds so many keyrings, and evicts the one used least recently', async () => {
      const here = counted(await place.open(), { cachedKeyrings: 2 });
      const [first, second, third] = [
        await filled(here, 1),
        await filled(here, 1),
        await filled(here, 1),
      ];
      await here.open(first);
      await here.open(second);
      await here.open(first);
      await here.open(third);
      expect(await here.open(first)).toMatchObject({ decrypted: 0, sessions: { length: 1 } });
      expect(await here.open(second)).toMatchObject({ decrypted: 2, sessions: { length: 1 } });
    });

    test('holds so many bytes of them, and none where one alone is larger', async () => {
      const here = counted(await place.open(), { cachedKeyringBytes: 4_000 });
      const [small, large] = [await filled(here, 1), await filled(here, 4)];
      await here.open(small);
      expect((await here.open(large)).decrypted).toBe(5);
      expect((await here.open(large)).decrypted).toBe(5);
      expect((await here.open(small)).decrypted).toBe(0);
      const other = await filled(here, 2);
      await here.open(other);
      expect((await here.open(small)).decrypted).toBe(2);
    });

    test('is kept for so many seconds, also of a browser that does not come back', async () => {
      const here = counted(await place.open(), { cachedKeyringSeconds: 60 });
      const browser = await filled(here, 2);
      await here.open(browser);
      here.clock.advance(59);
      expect((await here.open(browser)).decrypted).toBe(0);
      here.clock.advance(1);
      // Nothing is left that would have to be dropped later.
      await expect.poll(() => here.clock.waiting).toBe(0);
      expect((await here.open(browser)).decrypted).toBe(3);
      expect(here.clock.waiting).toBe(1);
    });

    test('is off with a limit of 0', async () => {
      const here = counted(await place.open(), { cachedKeyrings: 0 });
      const browser = await filled(here, 1);
      await here.open(browser);
      expect(await here.open(browser)).toMatchObject({ decrypted: 2, sessions: { length: 1 } });
      expect(here.clock.waiting).toBe(0);
    });
  });
});

describe('a session whose devices cannot be read', () => {
  describeStores((place) => {
    test('opens without them', async () => {
      const store = await place.open();
      const here = counted(store);
      const browser = await filled(here, 1);
      const row = await store.readRecord(browser.keyringId, browser.record.key);
      if (row === null) expect.fail('no row');
      const binding = recordBinding(browser.keyringId, row.key);
      const devices = [{ ipAddress: 'of a later version' }, ...browser.record.devices];
      const encrypted = oneKey.encrypt(
        binding,
        Object.assign({}, recordJson(browser.record), { devices }),
      );
      const write = { key: row.key, encrypted, expiresAt: null, expectedVersion: row.version };
      expect(await store.writeRecords(browser.keyringId, [write], 9)).toEqual(['written']);
      const { accessToken, devices: read } = only((await here.open(browser)).sessions ?? []);
      expect(accessToken?.reveal()).toBe('token-of-AB0');
      expect(read).toEqual(browser.record.devices);
    });
  });
});

describe('a pointer that was changed without the keys', () => {
  describeStores((place) => {
    test('leads nowhere, although its keyring was opened before', async () => {
      const store = await place.open();
      let target: string | null = null;
      const changed: KeyringStore = new Proxy(store, {
        get(from, name) {
          const method: unknown = Reflect.get(from, name);
          if (typeof method !== 'function') return method;
          if (name !== 'checkPointer') return method.bind(from);
          return async (...words: Parameters<KeyringStore['checkPointer']>) => {
            const checked = await from.checkPointer(...words);
            if (checked === null || target === null) return checked;
            return { ...checked, pointer: { ...checked.pointer, target } };
          };
        },
      });
      const here = counted(changed);
      const [own, other] = [await filled(here, 1), await filled(here, 1)];
      expect((await here.open(own)).sessions).toHaveLength(1);
      target = oneKey.encrypt(['pointer', 'of another cookie'], other.keyringId);
      expect((await here.open(own)).sessions).toBeNull();
      target = null;
      expect((await here.open(own)).sessions).toHaveLength(1);
    });
  });
});
