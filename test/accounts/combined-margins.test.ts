// Sums over accounts: exact, complete or said not to be, and for no more calls than they need.
import { beforeEach, describe, expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import type { AllMarginsFragment } from '../generated/graphql.ts';
import { oracleSumOrNull } from '../support/values/decimal-oracle.ts';
import { startOfTime, startWorld, tokens, type UpstreamCall } from '../support/world.ts';

// Later with every look at it, so that no two answers are of one moment.
let looks = 0;
const world = await startWorld(
  { kiteTimeoutMilliseconds: 500, now: () => new Date(startOfTime.getTime() + 1_000 * looks++) },
  { accounts: 10 },
);

beforeEach(async () => {
  await world.reset();
});

const paths = (calls: readonly UpstreamCall[]) =>
  calls.map(({ path, userId }) => `${path} ${userId}`).sort();

graphql(`
  fragment AllMargins on SegmentMargins {
    segment asOf enabled net
    available { adhocMargin cash openingBalance liveBalance collateral intradayPayin }
    utilised {
      debits exposure m2mRealised m2mUnrealised optionPremium payout
      span holdingSales turnover liquidCollateral stockCollateral delivery
    }
  }
`);
graphql(`
  fragment WhoIsIn on CombinedMargins {
    accounts { id }
    failures {
      accountId
      account { id }
      error {
        __typename code message retryable requestId
        ... on AuthenticationError { loginUrl }
        ... on UpstreamError { brokerStatus retryAfterSeconds }
      }
    }
  }
`);
const everything = graphql(`
  query CombinedEverything($ids: [ID!]) {
    combinedMargins(accountIds: $ids) {
      equity { ...AllMargins }
      commodity { ...AllMargins }
      total { ...AllMargins }
      ...WhoIsIn
    }
    accounts { id margins { equity { ...AllMargins } commodity { ...AllMargins } } }
  }
`);
const totals = graphql(`
  query CombinedTotals($ids: [ID!]) {
    combinedMargins(accountIds: $ids) { equity { net } commodity { net } total { net } ...WhoIsIn }
  }
`);
const equity = graphql(`
  query CombinedEquity($ids: [ID!]) {
    combinedMargins(accountIds: $ids) { equity { net utilised { turnover payout } } ...WhoIsIn }
  }
`);

/** What the sum must be, from each account's own answer and without the gateway's arithmetic. */
function expectedSum(margins: readonly AllMarginsFragment[], segment: string | null) {
  const enabled = margins.filter((one) => one.enabled);
  const [first] = enabled;
  if (first === undefined) return null;
  const half = (name: 'available' | 'utilised') => {
    const halves = enabled.map((one) => one[name] as Readonly<Record<string, number | null>>);
    const names = Object.keys(first[name]);
    const sum = (field: string) => oracleSumOrNull(halves.map((amounts) => amounts[field] ?? null));
    return Object.fromEntries(names.map((field) => [field, sum(field)]));
  };
  return {
    segment,
    asOf: enabled.map(({ asOf }) => asOf).sort()[0],
    enabled: true,
    net: oracleSumOrNull(enabled.map(({ net }) => net)),
    available: half('available'),
    utilised: half('utilised'),
  };
}

const idsOf = async (authorization: string) => {
  const query = graphql(`query CombinedIds { accounts { id } }`);
  const { data } = await world.ask(query, { authorization });
  return data?.accounts?.map((account) => account?.id ?? '') ?? [];
};

describe('sums', () => {
  test.each([
    { what: 'one account, as it is', users: ['SIM0001'] },
    { what: 'a disabled commodity segment', users: ['SIM0001', 'SIM0002'] },
    { what: 'a disabled commodity segment alone', users: ['SIM0002'] },
    { what: 'a negative net, noise and -0', users: ['SIM0003', 'SIM0001', 'SIM0002'] },
    { what: 'an older payload', users: ['SIM0001', 'SIM0004'] },
    { what: 'a missing turnover', users: ['SIM0005', 'SIM0001'] },
    { what: 'all of them', users: Array.from({ length: 9 }, (_, n) => `SIM000${n + 1}`) },
  ])('are exact in every field: $what', async ({ users }) => {
    const { data, errors } = await world.ask(everything, { authorization: tokens(...users) });
    expect(errors).toEqual([]);
    const equities = data?.accounts?.flatMap((account) => account?.margins?.equity ?? []) ?? [];
    const commodities = data?.accounts?.flatMap((one) => one?.margins?.commodity ?? []) ?? [];
    expect(equities).toHaveLength(users.length);
    expect(data?.combinedMargins).toEqual({
      equity: expectedSum(equities, 'EQUITY'),
      commodity: expectedSum(commodities, 'COMMODITY'),
      total: expectedSum([...equities, ...commodities], null),
      accounts: data?.accounts?.map((account) => ({ id: account?.id })),
      failures: [],
    });
    // What the sums need and what the accounts beside them show is one answer of Kite's.
    expect(paths(await world.calls())).toEqual(
      users.map((user) => `/user/margins ${user}`).toSorted(),
    );
  });

  test('what an account lacks is null in the sum, and its neighbours are not', async () => {
    const { data } = await world.ask(everything, { authorization: tokens('SIM0001', 'SIM0005') });
    const { equity, total } = data?.combinedMargins ?? {};
    expect([equity?.utilised.turnover, total?.utilised.turnover]).toEqual([null, null]);
    expect(equity?.utilised.delivery).toBe(0);
    // The disabled segment of SIM0007 has no say, though nothing in it were known.
    const fields = ['commodity.utilised', 'commodity.available'];
    await world.fault({ kind: 'missing-fields', userId: 'SIM0007', fields });
    const { data: other } = await world.ask(everything, {
      authorization: tokens('SIM0001', 'SIM0007'),
    });
    expect(other?.combinedMargins?.commodity?.utilised.turnover).toBe(0);
  });

  test('0.1 and 0.2 are 0.3, in any order, and an account beside itself changes nothing', async () => {
    await world.fault({ kind: 'wrong-types', userId: 'SIM0001', fields: { net: 0.1 } });
    await world.fault({ kind: 'wrong-types', userId: 'SIM0002', fields: { net: 0.2 } });
    for (const users of [
      ['SIM0001', 'SIM0002'],
      ['SIM0002', 'SIM0001', 'SIM0002'],
    ]) {
      const { data } = await world.ask(equity, { authorization: tokens(...users) });
      expect(data?.combinedMargins?.equity?.net).toBe(0.3);
      expect(data?.combinedMargins?.accounts).toHaveLength(2);
    }
  });

  test('a sum beyond float64 is an error at its field, never Infinity', async () => {
    const fields = { 'equity.available.cash': 1e308, 'commodity.available.cash': 1e308 };
    await world.fault({ kind: 'wrong-types', userId: 'SIM0001', fields });
    const { data, errors } = await world.ask(everything, { authorization: tokens('SIM0001') });
    expect(data?.combinedMargins?.equity?.available.cash).toBe(1e308);
    expect(data?.combinedMargins?.total?.available).toMatchObject({ cash: null, adhocMargin: 0 });
    expect(errors).toMatchObject([
      {
        path: ['combinedMargins', 'total', 'available', 'cash'],
        extensions: { code: 'UPSTREAM_INVALID_RESPONSE', retryable: false },
      },
    ]);
  });
});

describe('what is not asked for is not called', () => {
  const all = '/user/margins SIM0001';
  test.each([
    ['{ equity { net } }', '/user/margins/equity SIM0001'],
    [
      '{ commodity { net } accounts { id } failures { accountId } }',
      '/user/margins/commodity SIM0001',
    ],
    ['{ equity { net } commodity { net } }', all],
    ['{ total { net } }', all],
    ['{ equity { net } total { asOf } }', all],
    ['{ accounts { id } }', all],
    ['{ failures { accountId } }', all],
    ['{ total: equity { net } }', '/user/margins/equity SIM0001'],
    ['{ a: equity { net } b: equity { enabled } }', '/user/margins/equity SIM0001'],
    ['{ equity { net } total @skip(if: true) { net } }', '/user/margins/equity SIM0001'],
    [
      '{ equity { net } ... @include(if: $no) { commodity { net } } }',
      '/user/margins/equity SIM0001',
    ],
    ['{ equity { net } ...Deep @skip(if: $yes) }', '/user/margins/equity SIM0001'],
    ['{ equity { net } ...Deep @include(if: $yes) }', all],
    ['{ ...Deep }', '/user/margins/commodity SIM0001'],
    [
      '{ equity @skip(if: $no) @include(if: $no) { net } ...Deep }',
      '/user/margins/commodity SIM0001',
    ],
  ])('%s', async (selection, call) => {
    const { data, errors } = await world.askRaw(
      `query ($yes: Boolean = true, $no: Boolean = false) {
        combinedMargins ${selection}
        __typename @include(if: $yes) @skip(if: $no)
        unused: apps @skip(if: true) { ...Used }
        other: combinedMargins @include(if: $no) { ...Deep }
      }
      fragment Used on App { apiKey }
      fragment Deep on CombinedMargins { ... on CombinedMargins { ...Deeper } }
      fragment Deeper on CombinedMargins { commodity { ...Net } }
      fragment Net on SegmentMargins { net }`,
      { authorization: tokens('SIM0001') },
    );
    expect(errors).toEqual([]);
    expect(Object.values(data.combinedMargins)).not.toContain(null);
    expect(paths(await world.calls())).toEqual([call]);
  });

  test('nothing at all for a type name or for no accounts', async () => {
    const { data } = await world.askRaw(
      `{ combinedMargins { __typename } none: combinedMargins(accountIds: []) { total { net } accounts { id } failures { accountId } } }`,
      { authorization: tokens('SIM0001') },
    );
    expect(data.none).toEqual({ total: null, accounts: [], failures: [] });
    expect(await world.calls()).toEqual([]);
  });

  test('fields of the same name in two places are one, and two sums are one wave', async () => {
    const { data } = await world.askRaw(
      `{ combinedMargins { equity { net } } ... on Query { combinedMargins { commodity { net } } } one: combinedMargins { equity { asOf } } }`,
      { authorization: tokens('SIM0001', 'SIM0002') },
    );
    expect(Object.keys(data.combinedMargins)).toEqual(['equity', 'commodity']);
    expect(paths(await world.calls())).toEqual(['/user/margins SIM0001', '/user/margins SIM0002']);
  });
});

describe('accounts in and missing from the sums', () => {
  test('ids choose, one named twice counts once, an unknown one is a failure, the order is kept', async () => {
    const authorization = tokens('SIM0001', 'SIM0002', 'SIM0003');
    const [one = '', two = '', three = ''] = await idsOf(authorization);
    const alone = await world.ask(totals, { authorization, variables: { ids: [three] } });
    await world.calls();
    const ids = ['nobody', three, one, three, 'nobody', 'no one'];
    const { data, errors } = await world.ask(totals, { authorization, variables: { ids } });
    expect(errors).toEqual([]);
    expect(data?.combinedMargins?.accounts).toEqual([{ id: three }, { id: one }]);
    const unknown = {
      account: null,
      error: { __typename: 'InputError', code: 'NOT_FOUND', retryable: false },
    };
    expect(data?.combinedMargins?.failures).toMatchObject([
      { accountId: 'nobody', ...unknown },
      { accountId: 'no one', ...unknown },
    ]);
    expect(paths(await world.calls())).toEqual(['/user/margins SIM0001', '/user/margins SIM0003']);
    expect(alone.data?.combinedMargins?.accounts).toEqual([{ id: three }]);
    expect(await idsOf(authorization)).toContain(two);
  });

  test('an account that fails in one segment is in no sum', async () => {
    const authorization = tokens('SIM0001', 'SIM0003');
    const fields = { 'commodity.utilised.span': 'a lot' };
    await world.fault({ kind: 'wrong-types', userId: 'SIM0003', fields });
    const [one, three] = await idsOf(authorization);
    const only = await world.ask(totals, { authorization, variables: { ids: [one ?? ''] } });
    const { data, errors } = await world.ask(totals, { authorization });
    expect(errors).toEqual([]);
    expect(data?.combinedMargins).toMatchObject({
      ...only.data?.combinedMargins,
      failures: [
        {
          accountId: three,
          account: { id: three },
          error: {
            __typename: 'UpstreamError',
            code: 'UPSTREAM_INVALID_RESPONSE',
            brokerStatus: 200,
          },
        },
      ],
    });
    // Where only the other segment is asked for, that one is whole.
    const { data: other } = await world.ask(equity, { authorization });
    expect(other?.combinedMargins?.failures).toEqual([]);
  });

  test.each([
    { what: 'net left out', fault: { kind: 'missing-fields', fields: ['equity.net'] } },
    { what: 'enabled left out', fault: { kind: 'missing-fields', fields: ['equity.enabled'] } },
    { what: 'a segment of text', fault: { kind: 'wrong-types', fields: { equity: 'none' } } },
    { what: 'a half of text', fault: { kind: 'wrong-types', fields: { 'equity.available': 'x' } } },
    { what: 'everything of another type', fault: { kind: 'wrong-types' } },
  ])('$what refuses the account', async ({ fault }) => {
    await world.fault({ ...fault, userId: 'SIM0001' });
    const { data, errors } = await world.ask(totals, { authorization: tokens('SIM0001') });
    expect(errors).toEqual([]);
    expect(data?.combinedMargins).toMatchObject({
      equity: null,
      commodity: null,
      total: null,
      accounts: [],
      failures: [{ error: { code: 'UPSTREAM_INVALID_RESPONSE' } }],
    });
  });

  test('what a disabled segment says beside it is not looked at', async () => {
    const fields = { 'commodity.net': 'nothing', 'commodity.available': [] };
    await world.fault({ kind: 'wrong-types', userId: 'SIM0002', fields });
    const { data } = await world.ask(totals, { authorization: tokens('SIM0002') });
    expect(data?.combinedMargins).toMatchObject({
      commodity: null,
      accounts: [expect.anything()],
      failures: [],
    });
    expect(data?.combinedMargins?.total?.net).toBe(data?.combinedMargins?.equity?.net);
  });

  test('when all fail, the sums are null and nothing else is', async () => {
    await world.fault({ kind: 'error-envelope', errorType: 'TokenException', status: 403 });
    const authorization = tokens('SIM0001', 'SIM0002');
    const { data, errors } = await world.ask(totals, { authorization });
    expect(errors).toEqual([]);
    const ids = await idsOf(authorization);
    expect(data?.combinedMargins).toEqual({
      equity: null,
      commodity: null,
      total: null,
      accounts: [],
      failures: ids.map((id) => ({
        accountId: id,
        account: { id },
        error: {
          __typename: 'AuthenticationError',
          code: 'SESSION_EXPIRED',
          message: expect.any(String),
          retryable: false,
          requestId: expect.any(String),
          loginUrl: expect.stringContaining('/login?app=simulator'),
        },
      })),
    });
  });

  test('one that hangs is a failure, and what is beside the sums has its answer', async () => {
    await world.fault({ kind: 'hang', userId: 'SIM0002', path: '/user/margins/equity' });
    const query = graphql(`
      query CombinedHanging {
        combinedMargins { equity { net } accounts { id } failures { error { code } } }
        accounts { user { userId } }
        apps { apiKey }
      }
    `);
    const { data, errors } = await world.ask(query, {
      authorization: tokens('SIM0001', 'SIM0002'),
    });
    expect(errors).toEqual([]);
    expect(data?.combinedMargins).toEqual({
      equity: { net: 99725.05000000002 },
      accounts: [{ id: expect.any(String) }],
      failures: [{ error: { code: 'UPSTREAM_TIMEOUT' } }],
    });
    expect(data?.accounts?.map((one) => one?.user?.userId)).toEqual(['SIM0001', 'SIM0002']);
  });

  test('without a credential there is no account to sum', async () => {
    const { data, errors } = await world.ask(totals);
    expect(data).toEqual({ combinedMargins: null });
    expect(errors).toMatchObject([
      { path: ['combinedMargins'], extensions: { code: 'UNAUTHENTICATED' } },
    ]);
  });
});
