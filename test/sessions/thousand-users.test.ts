// A browser that holds a thousand users asks for sessions elsewhere: the index of the store is read by one call.
import { expect, test } from 'vitest';
import type { Secret } from '../../src/brokers/upstream/secret.ts';
import { createEncrypter } from '../../src/keyring/crypto/encrypter.ts';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { createKeyrings } from '../../src/keyring/keyrings.ts';
import { graphql } from '../generated/gql.ts';
import { kiteSession } from '../keyring/fixtures.ts';
import { Visitor } from '../support/visitor.ts';
import { watchedStore } from '../support/watched-store.ts';
import { startOfTime, startWorld } from '../support/world.ts';

const count = 1_000;
const now = () => startOfTime;
const key = generateKey();
const watched = watchedStore(now);
const world = await startWorld(
  { keyringStore: watched.store, keyringKeys: [key], now, limits: { sessionsElsewhere: 50 } },
  { accounts: 1 },
);
const keyrings = createKeyrings({ store: watched.store, encrypter: createEncrypter([key]), now });

const revoke = graphql(`
  mutation RevokeOfThousand($ids: [ID!]) {
    revokeSessions(ids: $ids) { revoked failures { sessionId error { code } } }
  }
`);
const everywhere = graphql(`query SessionsOfThousand { sessions(scope: USER) { id current } }`);

async function keyringOf(userIds: readonly string[]) {
  let cookie: Secret | null = null;
  for (const userId of userIds) {
    const session = kiteSession(userId);
    ({ cookie } = await keyrings.add(
      cookie,
      { broker: 'KITE', apiKey: 'simulator', session },
      null,
    ));
  }
  await keyrings.settled();
  const visitor = new Visitor(new URL(world.url).origin, 'http://localhost:4000');
  visitor.cookies.set('kite_graphql', cookie?.reveal() ?? '');
  return visitor;
}

const users = Array.from({ length: count }, (_, index) => `USER${index}`);
const browser = await keyringOf(users);

/** The calls of the store that read the index, and those that read a row. */
const reads = () => {
  const of = (name: string) => watched.calls.filter((call) => call === name).length;
  return [of('users.find'), of('readRecord')];
};

test('ids that no user has cost one call of the store', { timeout: 120_000 }, async () => {
  const ids = Array.from({ length: count }, (_, index) => `${index}`.padStart(22, 'A'));
  watched.calls.length = 0;
  const { data, errors } = await browser.ask(revoke, { ids });
  expect(errors).toEqual([]);
  expect(data?.revokeSessions?.failures.map(({ error }) => error.code)).toEqual(
    Array(count).fill('NOT_FOUND'),
  );
  expect(reads()).toEqual([1, 0]);
  expect(watched.calls.length).toBeLessThan(10);
});

test('sessions elsewhere cost a row each, and no more than the limit', async () => {
  for (let index = 0; index < 60; index += 1) await keyringOf([`USER${index}`]);
  watched.calls.length = 0;
  const { data, errors } = await browser.ask(everywhere);
  expect(errors.map(({ extensions }) => extensions.code)).toEqual(['TOO_LARGE']);
  expect(data?.sessions?.filter(({ current }) => !current)).toHaveLength(50);
  expect(reads()).toEqual([1, 50]);
});
