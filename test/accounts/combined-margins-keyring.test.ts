// Sums over a browser's keyring: ended sessions cost no call, and one broker user counts once.
import { beforeEach, describe, expect, test } from 'vitest';
import { Secret } from '../../src/brokers/upstream/secret.ts';
import { createEncrypter } from '../../src/keyring/crypto/encrypter.ts';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { createKeyrings } from '../../src/keyring/keyrings.ts';
import { createMemoryStore } from '../../src/keyring/stores/memory-store.ts';
import { graphql } from '../generated/gql.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld, tokens, type UpstreamCall } from '../support/world.ts';

let now = startOfTime;
const gateway = 'http://localhost:4000';
const store = createMemoryStore(() => now);
const key = generateKey();
const world = await startWorld(
  { keyringStore: store, keyringKeys: [key], now: () => now },
  { accounts: 1_000 },
);
const origin = new URL(world.url).origin;
const browser = () => new Visitor(origin, gateway);

beforeEach(async () => {
  now = startOfTime;
  await world.reset();
});

const sums = graphql(`
  query KeyringSums($ids: [ID!]) {
    combinedMargins(accountIds: $ids) {
      equity { net }
      accounts { id apiKey }
      failures {
        accountId
        account { apiKey session { state } }
        error { __typename code retryable ... on AuthenticationError { loginUrl } }
      }
    }
  }
`);
const ids = graphql(`query KeyringIds { accounts { id } }`);

/** Logs users in, each by an app, one after another: the last is the first of the keyring. */
async function loggedIn(...logins: readonly (readonly [userId: string, app: string])[]) {
  const visitor = browser();
  for (const [userId, app] of logins) {
    await visitor.logIn(`${origin}/login?app=${app}`, userId);
    now = new Date(now.getTime() + 1_000);
  }
  await world.calls();
  return visitor;
}

const paths = (calls: readonly UpstreamCall[]) =>
  calls.map(({ path, userId, apiKey }) => `${path} ${userId} ${apiKey}`).sort();
const nets = async (...users: readonly string[]) => {
  const { data } = await world.ask(sums, { authorization: tokens(...users) });
  await world.calls();
  return data?.combinedMargins?.equity?.net;
};

describe('one user through two apps', () => {
  const twice = () => loggedIn(['SIM0001', 'simulator'], ['SIM0001', 'simulator-platform']);
  const duplicate = { __typename: 'InputError', code: 'DUPLICATE_USER', retryable: false };

  test('counts once, for one call: the first, and the order of ids says which that is', async () => {
    const net = await nets('SIM0001');
    const visitor = await twice();
    const { data, errors } = await visitor.ask(sums);
    expect(errors).toEqual([]);
    expect(data?.combinedMargins).toMatchObject({
      equity: { net },
      accounts: [{ apiKey: 'simulator-platform' }],
      failures: [{ account: { apiKey: 'simulator' }, error: duplicate }],
    });
    expect(paths(await world.calls())).toEqual(['/user/margins/equity SIM0001 simulator-platform']);
    const known =
      (await visitor.ask(ids)).data?.accounts?.map((account) => account?.id ?? '') ?? [];
    const { data: other } = await visitor.ask(sums, { ids: known.toReversed() });
    expect(other?.combinedMargins).toMatchObject({
      equity: { net },
      accounts: [{ apiKey: 'simulator' }],
      failures: [{ account: { apiKey: 'simulator-platform' }, error: duplicate }],
    });
  });

  test.each([
    { kind: 'service-unavailable', code: 'UPSTREAM_UNAVAILABLE' },
    { kind: 'wrong-types', code: 'UPSTREAM_INVALID_RESPONSE' },
    { kind: 'error-envelope', errorType: 'TokenException', status: 403, code: 'SESSION_EXPIRED' },
  ])('the second counts where the first answers with $code', async ({ code, ...fault }) => {
    const net = await nets('SIM0001');
    const visitor = await twice();
    await world.fault({ ...fault, apiKey: 'simulator-platform' });
    const { data, errors } = await visitor.ask(sums);
    expect(errors).toEqual([]);
    expect(data?.combinedMargins).toMatchObject({
      equity: { net },
      accounts: [{ apiKey: 'simulator' }],
      failures: [{ account: { apiKey: 'simulator-platform' }, error: { code } }],
    });
  });

  test('where none can be read, each says why', async () => {
    const visitor = await twice();
    await world.fault({ kind: 'html', apiKey: 'simulator-platform' });
    await world.fault({ kind: 'too-many-requests', apiKey: 'simulator' });
    const { data } = await visitor.ask(sums);
    expect(data?.combinedMargins).toMatchObject({
      equity: null,
      accounts: [],
      failures: [
        { error: { code: 'UPSTREAM_INVALID_RESPONSE' } },
        { error: { code: 'RATE_LIMITED' } },
      ],
    });
  });

  test('two users are two, however many apps', async () => {
    const visitor = await loggedIn(
      ['SIM0001', 'simulator'],
      ['SIM0003', 'simulator-platform'],
      ['SIM0003', 'simulator'],
      ['SIM0001', 'simulator-platform'],
    );
    const { data } = await visitor.ask(sums);
    expect(data?.combinedMargins?.equity?.net).toBe(await nets('SIM0001', 'SIM0003'));
    expect(data?.combinedMargins?.accounts).toHaveLength(2);
    expect(data?.combinedMargins?.failures.map(({ error }) => error)).toMatchObject([
      duplicate,
      duplicate,
    ]);
  });
});

test('a refused token ends the session: at once a failure, and from then on without a call', async () => {
  const visitor = await loggedIn(['SIM0001', 'simulator'], ['SIM0003', 'simulator']);
  const net = await nets('SIM0001');
  const refusal = { kind: 'error-envelope', errorType: 'TokenException', status: 403, times: 1 };
  await world.fault({ ...refusal, userId: 'SIM0003' });
  for (const call of ['/user/margins/equity SIM0003 simulator', null]) {
    const { data, errors } = await visitor.ask(sums);
    expect(errors).toEqual([]);
    expect(data?.combinedMargins).toMatchObject({ equity: { net }, accounts: [expect.anything()] });
    expect(data?.combinedMargins?.failures).toMatchObject([
      {
        error: {
          __typename: 'AuthenticationError',
          code: 'SESSION_EXPIRED',
          loginUrl: `${gateway}/login?app=simulator`,
        },
      },
    ]);
    expect(paths(await world.calls())).toEqual(
      ['/user/margins/equity SIM0001 simulator', call].filter((path) => path !== null),
    );
  }
  const { data } = await visitor.ask(sums);
  expect(data?.combinedMargins?.failures[0]?.account?.session?.state).toBe('EXPIRED');
});

test('an ended session says that it ended, also where its user is counted through another app', async () => {
  const visitor = await loggedIn(['SIM0001', 'simulator'], ['SIM0001', 'simulator-platform']);
  const refusal = { kind: 'error-envelope', errorType: 'TokenException', status: 403, times: 1 };
  await world.fault({ ...refusal, apiKey: 'simulator' });
  const each = graphql(`query KeyringEach { accounts { user { email } } }`);
  await visitor.ask(each);
  await world.calls();
  const { data } = await visitor.ask(sums);
  expect(data?.combinedMargins).toMatchObject({
    accounts: [{ apiKey: 'simulator-platform' }],
    failures: [{ account: { apiKey: 'simulator' }, error: { code: 'SESSION_EXPIRED' } }],
  });
  expect(await world.calls()).toHaveLength(1);
});

test('a thousand sessions are a thousand calls, the ended ones none', async () => {
  const encrypter = createEncrypter([key]);
  const keyrings = createKeyrings({ store, encrypter, now: () => now, report: () => undefined });
  let cookie: Secret | null = null;
  for (let number = 1; number <= 1_000; number += 1) {
    const userId = `SIM${String(number).padStart(4, '0')}`;
    const added = await keyrings.add(
      cookie,
      {
        broker: 'KITE',
        apiKey: 'simulator',
        session: {
          accessToken: new Secret(`${userId}-token`),
          publicToken: null,
          refreshToken: null,
          loginTime: now,
          userId,
          baseUrl: null,
          profile: null,
          keptProfile: null,
          authenticationMethods: [],
        },
      },
      null,
    );
    if (number <= 100) await keyrings.markExpired(added.keyringId, added.record);
    cookie = added.cookie;
  }
  await keyrings.settled();
  const visitor = browser();
  visitor.cookies.set('kite_graphql', cookie?.reveal() ?? '');
  const { data, errors } = await visitor.ask(sums);
  expect(errors).toEqual([]);
  expect(data?.combinedMargins?.accounts).toHaveLength(900);
  expect(data?.combinedMargins?.failures.map(({ error }) => error.code)).toEqual(
    Array(100).fill('SESSION_EXPIRED'),
  );
  expect(await world.calls()).toHaveLength(900);
});
