// Records of an earlier version of the gateway, which know less: they are read with what they say, and none is lost.
import { describe, expect, test } from 'vitest';
import { recordBinding } from '../../src/keyring/crypto/encrypted-records.ts';
import { recordJson, type SessionRecord } from '../../src/keyring/session-record.ts';
import {
  brokerLogin,
  kiteSession,
  laptop,
  login,
  minute,
  oneKey,
  only,
  opened,
  setUp,
} from './fixtures.ts';
import { describeStores } from './stores/stores.ts';

/** What records of the version before do not have. */
const newFields = [
  'broker',
  'baseUrl',
  'keptProfile',
  'updatedAt',
  'endReason',
  'createdFrom',
  'authenticationMethods',
  'label',
] as const;

describe('a record of an earlier version', () => {
  describeStores((place) => {
    async function rewritten(change: (record: SessionRecord) => Partial<SessionRecord>) {
      const { clock, store, keyrings } = await setUp(place);
      const added = await keyrings.add(null, login('AB0001'), laptop);
      const row = await store.readRecord(added.keyringId, added.record.key);
      if (row === null) expect.fail('no row');
      const json = Object(recordJson({ ...added.record, ...change(added.record) }));
      for (const name of newFields) delete json[name];
      const encrypted = oneKey.encrypt(recordBinding(added.keyringId, row.key), json);
      const write = { key: row.key, encrypted, expiresAt: null, expectedVersion: row.version };
      expect(await store.writeRecords(added.keyringId, [write], 9)).toEqual(['written']);
      const session = only((await opened(keyrings, added)).sessions);
      return { clock, keyrings, added, session };
    }

    test('of a login tells that login, and the device that it came from', async () => {
      const { session, added } = await rewritten(() => ({}));
      const { issuedAt } = added.record;
      expect(session).toMatchObject({
        broker: 'KITE',
        baseUrl: null,
        keptProfile: null,
        state: 'ACTIVE',
        updatedAt: issuedAt,
        endReason: null,
        authenticationMethods: [brokerLogin],
        createdFrom: { ...laptop, firstSeenAt: issuedAt },
        label: null,
      });
    });

    test('of a renewal tells both, and no device', async () => {
      const { session } = await rewritten(({ issuedAt }) => ({
        renewalOf: 'earlier',
        issuedAt: new Date(issuedAt.getTime() + 7),
      }));
      expect(session.authenticationMethods).toEqual([
        brokerLogin,
        { ...brokerLogin, method: 'REFRESH_TOKEN', completedAt: session.issuedAt },
      ]);
      expect(session.createdFrom).toBeNull();
    });

    test.each([
      ['EXPIRED', 'REFUSED_BY_BROKER'],
      ['REVOKING', 'LOGGED_OUT'],
      ['REVOKED', 'LOGGED_OUT'],
    ] as const)('that is %s ended as %s', async (state, endReason) => {
      const { session } = await rewritten(({ issuedAt }) => {
        const endedAt = new Date(issuedAt.getTime() + 5);
        return { state, endedAt, revokingSince: state === 'REVOKING' ? endedAt : null };
      });
      expect(session).toMatchObject({ state, endReason, updatedAt: session.endedAt });
    });

    test('has all of it once it has changed', async () => {
      const { clock, keyrings, added, session } = await rewritten(() => ({}));
      clock.advance(minute);
      const { record } = await keyrings.renew(
        added.keyringId,
        session,
        kiteSession('AB0001', 'next'),
      );
      expect(record).toMatchObject({ updatedAt: clock.now(), endReason: null });
      expect(only((await opened(keyrings, added)).sessions)).toMatchObject({
        createdFrom: { ...laptop, firstSeenAt: session.issuedAt },
        authenticationMethods: [brokerLogin, brokerLogin],
      });
    });
  });
});
