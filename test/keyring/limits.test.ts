// A thousand sessions in one keyring: they fit, they open in one step, and one more names the one that has to go.
import { describe, expect, test } from 'vitest';
import { createEncryptedRecords } from '../../src/keyring/crypto/encrypted-records.ts';
import { rowKeys } from '../../src/keyring/crypto/names.ts';
import { loggedIn } from '../../src/keyring/login.ts';
import type { KeyringStore } from '../../src/keyring/stores/store.ts';
import { withDefaultLimits } from '../../src/limits.ts';
import {
  apiKey,
  createClock,
  keyringsOver,
  laptop,
  login,
  minute,
  oneKey,
  opened,
} from './fixtures.ts';
import { describeStores } from './stores/stores.ts';

describe('a full keyring', () => {
  describeStores((place) => {
    test('opens 1,000 sessions with two look-ups, records their use with one write, and names the oldest as too many where one more comes', async () => {
      const clock = createClock();
      const calls: string[] = [];
      const store = noting(await place.open(clock.now), calls);
      const { keyrings } = keyringsOver(store, clock.now);
      await keyrings.ready();
      const first = await keyrings.add(null, login('AB0000'), laptop);
      clock.advance(1);
      // The other 999 at once, past the front door, which would take seconds.
      const entries = Array.from({ length: 999 }, (_, index) => {
        const user = login(`USER${index}`);
        const [key] = rowKeys(oneKey, first.keyringId, { broker: 'KITE', apiKey }, `USER${index}`);
        return { record: loggedIn(key, user, null, laptop, clock.now()), version: null };
      });
      const outcomes = await createEncryptedRecords(
        store,
        oneKey,
        () => expect.fail(),
        withDefaultLimits(),
      ).write(first.keyringId, entries);
      expect(outcomes.every((outcome) => outcome === 'written')).toBe(true);

      calls.length = 0;
      expect((await keyrings.open(first.cookie, laptop))?.sessions).toHaveLength(1_000);
      expect(calls).toEqual(['findPointer', 'openKeyring']);

      const again = await keyrings.add(first.cookie, login('AB0001'), laptop);
      expect(again.surplus.map(({ userId }) => userId)).toEqual(['AB0000']);
      clock.advance(minute);
      calls.length = 0;
      await opened(keyrings, again);
      await keyrings.settled();
      expect(calls).toEqual(['checkPointer', 'openKeyring', 'touchPointer', 'writeRecords']);
      const { sessions } = await opened(keyrings, again);
      expect(sessions.every(({ lastSeenAt }) => +lastSeenAt === +clock.now())).toBe(true);
    });
  });
});

/** The store, noting the name of every method that is called. */
function noting(store: KeyringStore, calls: string[]): KeyringStore {
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...values: unknown[]) => {
        calls.push(String(name));
        return method.apply(target, values);
      };
    },
  });
}
