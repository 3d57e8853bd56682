// Write access to a store, without a key, opens nothing: neither a pointer that is made up nor one that is copied.
import { describe, expect, test } from 'vitest';
import { newCookie, pointerNames } from '../../../src/keyring/crypto/names.ts';
import { login, oneKey, opened, setUp } from '../fixtures.ts';
import { describeStores } from './stores.ts';

/** A cookie that no login gave, and the name of its pointer. */
function madeUp() {
  const { cookie, cookieHash } = newCookie();
  return { cookie, name: pointerNames(oneKey, cookieHash)[0] };
}

describe('write access to a store', () => {
  describeStores((place) => {
    async function twoUsers() {
      const { store, clock, keyrings } = await setUp(place);
      const victim = await keyrings.add(null, login('AB0001'), null);
      const attacker = await keyrings.add(null, login('AB0002'), null);
      return { store, clock, keyrings, victim, attacker, expiresAt: +clock.now() + 60_000 };
    }

    test('does not lead a new pointer to a keyring', async () => {
      const { store, keyrings, victim, expiresAt } = await twoUsers();
      // Even the name is more than an attacker can make without a key.
      const { cookie, name } = madeUp();
      expect(
        await store.writePointer({ name, target: victim.keyringId, expiresAt }, victim.keyringId),
      ).toBe(true);
      expect(await keyrings.open(cookie, null)).toBeNull();
    });

    test('does not lead a pointer where another one leads', async () => {
      const { store, keyrings, victim, expiresAt } = await twoUsers();
      const seen = madeUp();
      const target = oneKey.encrypt(['pointer', madeUp().name], victim.keyringId);
      await store.writePointer({ name: seen.name, target, expiresAt }, victim.keyringId);
      expect(await keyrings.open(seen.cookie, null)).toBeNull();
      expect((await opened(keyrings, victim)).sessions).toHaveLength(1);
    });
  });
});
