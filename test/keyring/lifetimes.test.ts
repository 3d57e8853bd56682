// How long cookies and keyrings live, over each store, and what is written down of their use.
import { describe, expect, test } from 'vitest';
import { day, laptop, login, minute, only, opened, setUp } from './fixtures.ts';
import { describeStores } from './stores/stores.ts';

describe('lifetimes', () => {
  describeStores((place) => {
    test('a replaced cookie works for 60 seconds, also when it is used', async () => {
      const { clock, keyrings } = await setUp(place);
      const first = await keyrings.add(null, login('AB0001'), null);
      clock.advance(minute);
      const next = await keyrings.add(first.cookie, login('AB0002'), null);
      clock.advance(minute - 1);
      expect((await opened(keyrings, first)).sessions).toHaveLength(2);
      clock.advance(1);
      expect(await keyrings.open(first.cookie, null)).toBeNull();
      expect((await opened(keyrings, next)).sessions).toHaveLength(2);
    });

    test('a keyring ends 7 days after its last use', async () => {
      const { clock, keyrings } = await setUp(place);
      const added = await keyrings.add(null, login('AB0001'), null);
      clock.advance(7 * day - 1);
      await opened(keyrings, added);
      clock.advance(7 * day - 1);
      await opened(keyrings, added);
      clock.advance(7 * day);
      expect(await keyrings.open(added.cookie, null)).toBeNull();
    });

    test('a keyring ends 30 days after it began, however busy', async () => {
      const { clock, keyrings } = await setUp(place);
      let added = await keyrings.add(null, login('AB0001'), null);
      for (let days = 0; days < 29; days += 1) {
        clock.advance(day);
        await opened(keyrings, added);
      }
      added = await keyrings.add(added.cookie, login('AB0001'), null);
      clock.advance(day - 1);
      await opened(keyrings, added);
      clock.advance(1);
      expect(await keyrings.open(added.cookie, null)).toBeNull();
    });

    test('use is written down once a minute, with at most ten devices', async () => {
      const { clock, store, keyrings } = await setUp(place);
      const added = await keyrings.add(null, login('AB0001'), laptop);
      const row = () => store.readRecord(added.keyringId, added.record.key);
      const before = await row();
      clock.advance(minute - 1);
      await opened(keyrings, added);
      expect(await row()).toEqual(before);
      clock.advance(1);
      await opened(keyrings, added);
      const after = await row();
      expect(after?.version).not.toBe(before?.version);
      await opened(keyrings, added);
      expect(await row()).toEqual(after);

      for (let index = 0; index < 12; index += 1) {
        clock.advance(minute);
        const device = { ipAddress: `192.0.2.${index}`, userAgent: 'x'.repeat(1_000) };
        await keyrings.open(added.cookie, device);
        await keyrings.settled();
      }
      const { devices, lastSeenAt } = only((await opened(keyrings, added)).sessions);
      expect(devices.map(({ ipAddress }) => ipAddress)).toEqual(
        Array.from({ length: 10 }, (_, index) => `192.0.2.${11 - index}`),
      );
      expect(devices[0]?.userAgent).toHaveLength(256);
      expect(lastSeenAt).toEqual(clock.now());
    });
  });
});
