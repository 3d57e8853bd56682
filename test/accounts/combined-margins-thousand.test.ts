// A thousand accounts of fifty apps, a tenth of which fail in every way there is: exact sums, every failure named, and
// no call too many. The rate limit is off: whether it holds when gateway, simulator and test share one busy process
// would depend on the machine, and the tests of the budget have a clock of their own.
import { expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { oracleSum } from '../support/values/decimal-oracle.ts';
import { startWorld } from '../support/world.ts';

const apps = Array.from({ length: 50 }, (_, n) => ({
  apiKey: `app-${n}`,
  apiSecret: `secret-${n}`,
}));
// A busy machine may need seconds for a thousand calls; what hangs here hangs for longer.
const world = await startWorld(
  {
    apps,
    kiteTimeoutMilliseconds: 12_000,
    operationTimeoutMilliseconds: 60_000,
    kiteRateLimit: 0,
  },
  { accounts: 1_000, apps, rateLimit: 0 },
);
// The same users with the same figures, where nothing limits who asks for them.
const truth = await startWorld(
  { apps, kiteTimeoutMilliseconds: 60_000, operationTimeoutMilliseconds: 60_000 },
  { accounts: 1_000, apps },
);

const users = Array.from({ length: 1_000 }, (_, n) => `SIM${String(n + 1).padStart(4, '0')}`);
const authorization = users.map((user, n) => `token app-${n % 50}:${user}-token`).join(', ');

/** Every way to fail, what it is to the caller, and whether the gateway asks a second time. */
const ways = [
  { kind: 'hang', code: 'UPSTREAM_TIMEOUT', calls: 1 },
  { kind: 'delay', delayMilliseconds: 20_000, code: 'UPSTREAM_TIMEOUT', calls: 1 },
  { kind: 'reset', code: 'UPSTREAM_UNAVAILABLE', calls: 2 },
  { kind: 'reset-in-body', code: 'UPSTREAM_UNAVAILABLE', calls: 2 },
  { kind: 'too-many-requests', code: 'RATE_LIMITED', calls: 1 },
  { kind: 'internal-error', code: 'UPSTREAM_UNAVAILABLE', calls: 1 },
  { kind: 'bad-gateway-html', code: 'UPSTREAM_UNAVAILABLE', calls: 2 },
  { kind: 'service-unavailable', code: 'UPSTREAM_UNAVAILABLE', calls: 2 },
  { kind: 'gateway-timeout', code: 'UPSTREAM_UNAVAILABLE', calls: 2 },
  { kind: 'html', code: 'UPSTREAM_INVALID_RESPONSE', calls: 1 },
  { kind: 'broken-json', code: 'UPSTREAM_INVALID_RESPONSE', calls: 1 },
  { kind: 'empty', code: 'UPSTREAM_INVALID_RESPONSE', calls: 1 },
  { kind: 'missing-error-type', code: 'UPSTREAM_ERROR', calls: 1 },
  { kind: 'error-envelope', errorType: 'TokenException', code: 'SESSION_EXPIRED', calls: 1 },
  { kind: 'error-envelope', errorType: 'PermissionException', code: 'PERMISSION_DENIED', calls: 1 },
  { kind: 'error-envelope', errorType: 'UserException', code: 'UPSTREAM_ERROR', calls: 1 },
  { kind: 'error-envelope', errorType: 'NetworkException', code: 'UPSTREAM_UNAVAILABLE', calls: 1 },
  { kind: 'wrong-types', code: 'UPSTREAM_INVALID_RESPONSE', calls: 1 },
  { kind: 'missing-fields', fields: ['equity.net'], code: 'UPSTREAM_INVALID_RESPONSE', calls: 1 },
  {
    kind: 'missing-fields',
    fields: ['commodity.enabled'],
    code: 'UPSTREAM_INVALID_RESPONSE',
    calls: 1,
  },
];
const failing = users
  .filter((_, n) => n % 10 === 7 - (Math.floor(n / 10) % 7))
  .map((user, n) => ({ user, way: ways[n % ways.length] ?? expect.fail('no way') }));

const sums = graphql(`
  query ThousandSums {
    combinedMargins {
      equity { net available { cash } }
      commodity { net }
      total { net utilised { span payout turnover } }
      accounts { id }
      failures { accountId account { id apiKey } error { code } }
    }
  }
`);
const each = graphql(`
  query ThousandEach {
    accounts {
      id
      margins {
        equity { net available { cash } utilised { span payout } }
        commodity { net utilised { span payout } }
      }
    }
  }
`);

test('a thousand accounts, a hundred of which fail', { timeout: 120_000 }, async () => {
  const known = await truth.ask(each, { authorization });
  expect(known.errors).toEqual([]);
  const accounts = known.data?.accounts?.flatMap((account) => account ?? []) ?? [];
  expect(accounts).toHaveLength(1_000);

  expect(failing).toHaveLength(100);
  for (const { user, way } of failing) {
    const { code: _, calls: __, ...fault } = way;
    await world.fault({ ...fault, userId: user });
  }
  const { data, errors } = await world.ask(sums, { authorization });
  expect(errors).toEqual([]);

  const idOf = (user: string) => accounts[users.indexOf(user)]?.id;
  const failed = new Set(failing.map(({ user }) => idOf(user)));
  const included = accounts.filter(({ id }) => !failed.has(id));
  const equities = included.flatMap(({ margins }) => margins?.equity ?? []);
  const commodities = included.flatMap(({ margins }) => margins?.commodity ?? []);
  const both = [...equities, ...commodities];
  const given = (amount: number | null | undefined) => amount ?? expect.fail('not given');
  expect(data?.combinedMargins).toEqual({
    equity: {
      net: oracleSum(equities.map(({ net }) => net)),
      available: { cash: oracleSum(equities.map(({ available }) => given(available.cash))) },
    },
    commodity: { net: oracleSum(commodities.map(({ net }) => net)) },
    total: {
      net: oracleSum(both.map(({ net }) => net)),
      utilised: {
        span: oracleSum(both.map(({ utilised }) => given(utilised.span))),
        payout: 0,
        turnover: null,
      },
    },
    accounts: included.map(({ id }) => ({ id })),
    failures: failing.map(({ user, way }) => ({
      accountId: idOf(user),
      account: { id: idOf(user), apiKey: `app-${users.indexOf(user) % 50}` },
      error: { code: way.code },
    })),
  });

  const calls = await world.calls();
  const expected = 900 + failing.reduce((count, { way }) => count + way.calls, 0);
  expect(new Set(calls.map(({ path }) => path))).toEqual(new Set(['/user/margins']));
  expect(calls).toHaveLength(expected);
});
