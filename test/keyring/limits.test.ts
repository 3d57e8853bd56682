// A thousand sessions in one keyring: they fit, they open fast, and one more is refused.
import { describe, expect, test } from 'vitest';
import { KeyringFullError } from '../../src/keyring/keyring.ts';
import { loggedIn } from '../../src/keyring/login.ts';
import { rowKeyOf } from '../../src/keyring/names.ts';
import { createSealedRecords } from '../../src/keyring/sealed-records.ts';
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
import { describeStores } from './stores.ts';

describe('a full keyring', () => {
  describeStores((place) => {
    test('opens 1,000 sessions in under 200 ms and takes no more', async () => {
      const clock = createClock();
      const store = await place.open(clock.now);
      const { keyrings } = keyringsOver(store, clock.now);
      const first = await keyrings.add(null, login('AB0000'), laptop);
      // The other 999 at once, past the front door, which would take seconds.
      const entries = Array.from({ length: 999 }, (_, index) => {
        const user = login(`USER${index}`);
        const key = rowKeyOf(first.keyringId, apiKey, `USER${index}`);
        return { record: loggedIn(key, user, undefined, laptop, clock.now()), version: null };
      });
      const outcomes = await createSealedRecords(store, oneKey, () => expect.fail()).write(
        first.keyringId,
        entries,
      );
      expect(outcomes.every((outcome) => outcome === 'written')).toBe(true);

      await expect(keyrings.add(first.cookie, login('ONEMORE'), null)).rejects.toThrow(
        KeyringFullError,
      );
      const times: number[] = [];
      for (let tries = 0; tries < 5; tries += 1) {
        const start = performance.now();
        expect((await keyrings.open(first.cookie, laptop))?.sessions).toHaveLength(1_000);
        times.push(performance.now() - start);
      }
      expect(Math.min(...times)).toBeLessThan(200);

      const again = await keyrings.add(first.cookie, login('AB0000', 'again'), laptop);
      clock.advance(minute);
      await opened(keyrings, again);
      const { sessions } = await opened(keyrings, again);
      expect(sessions.every(({ lastSeenAt }) => +lastSeenAt === +clock.now())).toBe(true);
    });
  });
});
