// What is asked for is called, once; what is not asked for is not. Counted at the simulator.
import { beforeEach, expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { startWorld, tokens, type UpstreamCall } from '../support/world.ts';

const world = await startWorld({}, { accounts: 50 });

beforeEach(async () => {
  await world.reset();
});

const paths = (calls: readonly UpstreamCall[]) =>
  calls.map(({ method, path, userId }) => `${method} ${path} ${userId}`).sort();

test('ids and keys cost no call', async () => {
  const { data, errors } = await world.ask(
    graphql(`query IdsOnly { accounts { id apiKey session { id } margins { __typename } } }`),
    { authorization: tokens('SIM0001', 'SIM0002') },
  );
  expect(errors).toEqual([]);
  expect(data?.accounts).toHaveLength(2);
  expect(await world.calls()).toEqual([]);
});

test('the example of the README: two accounts cost four calls', async () => {
  const { data, errors } = await world.ask(
    graphql(`
      query TwoAccounts {
        accounts { id user { userName } margins { equity { net } commodity { net } } }
      }
    `),
    { authorization: 'token simulator:SIM0001-token, token simulator:SIM0002-token' },
  );
  expect(errors).toEqual([]);
  expect(data?.accounts?.map((account) => account?.user?.userName)).toEqual([
    expect.any(String),
    expect.any(String),
  ]);
  expect(data?.accounts?.[0]?.margins?.equity?.net).toBe(99725.05000000002);
  expect(paths(await world.calls())).toEqual([
    'GET /user/margins SIM0001',
    'GET /user/margins SIM0002',
    'GET /user/profile SIM0001',
    'GET /user/profile SIM0002',
  ]);
});

test('one segment calls that segment alone', async () => {
  const { data } = await world.ask(
    graphql(`query OneSegment { account { margins { commodity { segment enabled net } } } }`),
    { authorization: tokens('SIM0001') },
  );
  expect(data?.account?.margins?.commodity).toEqual({
    segment: 'COMMODITY',
    enabled: true,
    net: 100661.7,
  });
  expect(paths(await world.calls())).toEqual(['GET /user/margins/commodity SIM0001']);
});

test('an account reached by aliases, fragments, lists and ids is called once', async () => {
  const authorization = tokens('SIM0001', 'SIM0002', 'SIM0001');
  const list = await world.ask(graphql(`query Ids { accounts { id } }`), { authorization });
  const id = list.data?.accounts?.[0]?.id ?? '';
  const { data, errors } = await world.ask(
    graphql(`
      query ManyWays($id: ID!) {
        one: account(id: $id) { user { userName } ...Net }
        two: account(id: $id) { user { userId email } margins { commodity { net } } }
        accounts { ...Net user { broker } }
        named: accounts(ids: [$id, $id]) { user { userType } ...Net }
      }
      fragment Net on Account { margins { equity { net } } }
    `),
    { authorization, variables: { id } },
  );
  expect(errors).toEqual([]);
  expect(data?.named).toHaveLength(2);
  expect(data?.accounts).toHaveLength(2);
  expect(paths(await world.calls())).toEqual([
    'GET /user/margins SIM0001',
    'GET /user/margins/equity SIM0002',
    'GET /user/profile SIM0001',
    'GET /user/profile SIM0002',
  ]);
});

test('fifty accounts with user and both segments are a hundred calls, side by side', async () => {
  const users = Array.from({ length: 50 }, (_, n) => `SIM${String(n + 1).padStart(4, '0')}`);
  // Each call takes longer than it takes to send all of them, so all must begin before the first ends.
  await world.fault({ kind: 'delay', delayMilliseconds: 400 });
  const { data, errors } = await world.ask(
    graphql(`
      query Fifty {
        accounts { user { userId } margins { equity { net } commodity { net } } }
      }
    `),
    { authorization: tokens(...users) },
  );
  expect(errors).toEqual([]);
  expect(data?.accounts?.map((account) => account?.user?.userId)).toEqual(users);
  const calls = await world.calls();
  expect(paths(calls)).toEqual(
    users.flatMap((user) => [`GET /user/margins ${user}`, `GET /user/profile ${user}`]).sort(),
  );
  const begun = calls.map((call) => call.monotonicMilliseconds);
  expect(Math.max(...begun) - Math.min(...begun)).toBeLessThan(400);
});

test('a thousand credentials pass through one socket', async () => {
  const authorization = Array.from(
    { length: 1_000 },
    (_, n) => `token simulator:${String(n).padStart(60, 'x')}`,
  ).join(', ');
  const { data, errors } = await world.ask(graphql(`query Thousand { accounts { id } }`), {
    authorization,
  });
  expect(errors).toEqual([]);
  expect(new Set(data?.accounts?.map((account) => account?.id)).size).toBe(1_000);
});

test('every operation has its own loaders: nothing is kept between operations', async () => {
  const query = graphql(`query Again { account { user { userId } } }`);
  await world.ask(query, { authorization: tokens('SIM0001') });
  await world.ask(query, { authorization: tokens('SIM0001') });
  expect(await world.calls()).toHaveLength(2);
});
