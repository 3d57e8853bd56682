// Accounts of two brokers in one request: who they are of, whose margins are read by which names, and what is refused.
import { beforeEach, describe, expect, test } from 'vitest';
import { apps, kotakApp, kotakTokens, startWorld, tokens } from '../support/world.ts';

const world = await startWorld({ apps: [...apps, kotakApp] });
const both = `${tokens('SIM0001')}, ${kotakTokens('SIMK01', 'SIMK02')}`;

beforeEach(async () => {
  await world.reset();
  await world.clearFaults();
  await world.calls();
});

const callPaths = async () => (await world.calls()).map(({ method, path }) => `${method} ${path}`);

test('one header mixes credentials of both brokers, and each account tells its own', async () => {
  const query =
    '{ accounts { id broker apiKey label: __typename user { id userId userName exchanges } } }';
  const { data, errors } = await world.askRaw(query, { authorization: both });
  expect(errors).toEqual([]);
  expect(data.accounts).toMatchObject([
    { broker: 'KITE', apiKey: 'simulator', user: { userId: 'SIM0001' } },
    { broker: 'KOTAK', apiKey: 'simulator-kotak', user: { userId: 'SIMK01', userName: null } },
    { broker: 'KOTAK', apiKey: 'simulator-kotak', user: { userId: 'SIMK02', exchanges: null } },
  ]);
  expect(new Set(data.accounts.map(({ id }: { id: string }) => id)).size).toBe(3);
  // Who the user of a Kotak credential is, the credential says.
  expect(await callPaths()).toEqual(['GET /user/profile']);
});

test('equal credentials count once; another user with the same token is another account', async () => {
  const one = 'kotak simulator-kotak:SIMK01:token';
  const authorization = `${one}, ${one}, KOTAK simulator-kotak:SIMK03:token`;
  const { data } = await world.askRaw('{ accounts { id } }', { authorization });
  expect(new Set(data.accounts.map(({ id }: { id: string }) => id)).size).toBe(2);
  expect(data.accounts).toHaveLength(2);
});

test.each([
  'kotak simulator-kotak:SIMK01',
  'kotak simulator-kotak:SIMK01:to ken',
  'kotak a:b:c:d',
  'kotak',
  `${tokens('SIM0001')}, kotak simulator-kotak::x`,
])('%s is refused without being echoed, and says how to write it', async (authorization) => {
  const { status, errors, text } = await world.askRaw('{ accounts { id } }', { authorization });
  expect(status).toBe(400);
  expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  expect(errors[0]?.message).toContain('kotak consumer_key:userid:session_token');
  expect(text).not.toContain('SIMK01');
});

const kiteForm = '"Authorization: token api_key:access_token"';
const kotakForm = '"Authorization: kotak consumer_key:userid:session_token"';

test.each([
  ['of both brokers', [...apps, kotakApp], `Send ${kiteForm} or ${kotakForm}, or log in`],
  ['of Kite', apps, `Send ${kiteForm}, or log in`],
  ['of Kotak', [kotakApp], `Send ${kotakForm}, or log in`],
  ['of no broker', [], `Send ${kiteForm} or ${kotakForm}, or log in`],
])(
  'without a credential, a gateway with apps %s says how to write one',
  async (_whose, own, words) => {
    const other = await startWorld({ apps: own });
    const { errors } = await other.askRaw('{ accounts { id } }');
    expect(errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    expect(errors[0]?.message).toContain(words);
  },
);

test('apps list their brokers, and a broker without a login page has no brokerLoginUrl', async () => {
  const { data, errors } = await world.askRaw('{ apps { broker apiKey brokerLoginUrl } }');
  expect(errors).toEqual([]);
  expect(data.apps).toMatchObject([
    { broker: 'KITE', brokerLoginUrl: expect.stringContaining('/connect/login') },
    { broker: 'KOTAK', apiKey: 'simulator-kotak', brokerLoginUrl: null },
  ]);
});

describe('margins', () => {
  test('of a Kotak account are NOT_SUPPORTED, without a call', async () => {
    const query = '{ accounts { broker margins { equity { net } commodity { net } } } }';
    const { data, errors } = await world.askRaw(query, { authorization: both });
    expect(
      data.accounts.map(({ margins }: { margins: object | null }) => margins !== null),
    ).toEqual([true, false, false]);
    expect(errors.map(({ path, extensions: { code } }) => [path, code])).toEqual([
      [['accounts', 1, 'margins'], 'NOT_SUPPORTED'],
      [['accounts', 2, 'margins'], 'NOT_SUPPORTED'],
    ]);
    expect(errors[0]?.extensions.retryable).toBe(false);
    expect(await callPaths()).toEqual(['GET /user/margins']);
  });

  test.each(['equity { net }', ''])(
    'combined with others list the account under failures, selecting %j',
    async (selection) => {
      const query = `{ combinedMargins { ${selection} accounts { broker } failures { account { broker } error { code } } } }`;
      const { data } = await world.askRaw(query, { authorization: both });
      expect(data.combinedMargins).toMatchObject({
        accounts: [{ broker: 'KITE' }],
        failures: [
          { account: { broker: 'KOTAK' }, error: { code: 'NOT_SUPPORTED' } },
          { account: { broker: 'KOTAK' }, error: { code: 'NOT_SUPPORTED' } },
        ],
      });
    },
  );

  const kotakQuery = `{ accounts { broker kotakMargins {
    id commodities { exchange } currency { exchange futures { totalMargin } }
    equity { id exchange cash { id marginAvailable dtvBTSTSell } mtf { id } mis { id refreshTime } }
  } } }`;

  test('by Kotak’s own names are one call for each account, at the host that serves it', async () => {
    const { data, errors } = await world.askRaw(kotakQuery, { authorization: both });
    expect(errors.map(({ path, extensions: { code } }) => [path, code])).toEqual([
      [['accounts', 0, 'kotakMargins'], 'NOT_SUPPORTED'],
    ]);
    expect(data.accounts[1].kotakMargins).toMatchObject({
      commodities: [],
      currency: [{ exchange: 'NSE', futures: { totalMargin: expect.any(Number) } }],
      equity: [{ exchange: 'NSE,BSE', cash: { dtvBTSTSell: 0 }, mis: { refreshTime: 15 } }],
    });
    const [equity] = data.accounts[1].kotakMargins.equity;
    expect(new Set([equity.id, equity.cash.id, equity.mtf.id, equity.mis.id]).size).toBe(4);
    expect((await callPaths()).toSorted()).toEqual([
      'GET /kotak-c/apim/margin/1.0/margin',
      'GET /kotak/apim/margin/1.0/margin',
      'GET /kotak/apim/margin/1.0/margin',
    ]);
  });

  test('that are malformed are errors at their fields alone', async () => {
    const fields = { 'equity.0.exchange': 5, currency: 'none', derivatives: [7] };
    await world.fault({ kind: 'wrong-types', fields });
    const query =
      '{ accounts { kotakMargins { equity { exchange } currency { exchange } derivatives { exchange } commodities { exchange } } } }';
    const { data, errors } = await world.askRaw(query, { authorization: kotakTokens('SIMK01') });
    expect(errors.map(({ path }) => path?.slice(3).join('.')).toSorted()).toEqual([
      'currency',
      'derivatives.0',
    ]);
    expect(errors[0]?.extensions).toMatchObject({
      code: 'UPSTREAM_INVALID_RESPONSE',
      broker: { name: 'KOTAK' },
    });
    expect(data.accounts[0].kotakMargins.commodities).toEqual([]);
  });

  test('are found by their id', async () => {
    const authorization = kotakTokens('SIMK01');
    const { data } = await world.askRaw('{ account { kotakMargins { id } } }', { authorization });
    const found = await world.askRaw(
      `{ node(id: "${data.account.kotakMargins.id}") { id ... on KotakMargins { equity { exchange } } } }`,
      { authorization },
    );
    expect(found.data.node).toMatchObject({ id: data.account.kotakMargins.id });
  });
});

describe('a session that Kotak has ended', () => {
  test('is SESSION_EXPIRED to a read, and counts as logged out', async () => {
    await world.advance(86_400);
    const authorization = kotakTokens('SIMK01');
    const read = await world.askRaw('{ account { kotakMargins { id } } }', { authorization });
    expect(read.errors[0]?.extensions).toMatchObject({
      code: 'SESSION_EXPIRED',
      broker: { name: 'KOTAK', errorType: '99999', status: 403 },
    });
    const out = await world.askRaw('mutation { logout { loggedOut failures { accountId } } }', {
      authorization,
    });
    expect(out.data.logout).toMatchObject({ loggedOut: [expect.any(String)], failures: [] });
  });

  test('a logout of both brokers’ accounts ends each at its own', async () => {
    const query = 'mutation { logout { loggedOut failures { error { code } } } }';
    const { data } = await world.askRaw(query, { authorization: both });
    expect(data.logout.loggedOut).toHaveLength(3);
    // The host of SIMK02 is known from its margins; a logout follows the broker's word there too.
    expect(
      [...new Set((await callPaths()).filter((call) => call.startsWith('DELETE')))].toSorted(),
    ).toEqual([
      'DELETE /kotak-c/apim/session/1.0/session/logout',
      'DELETE /kotak/apim/session/1.0/session/logout',
      'DELETE /session/token',
    ]);
  });
});

test.each([
  ['an access token', { accessToken: kotakApp.accessToken }],
  ['a secret', { apiSecret: 'simulator-kotak-secret' }],
])('an app with %s is offered the gateway’s own login page', async (_what, proof) => {
  const { broker, apiKey } = kotakApp;
  const kotak = { broker, apiKey, listed: true, ...proof };
  const other = await startWorld({ apps: [...apps, kotak], graphiql: true });
  const page = await fetch(other.url, { headers: { accept: 'text/html' } });
  const offered = new Set((await page.text()).match(/(?<=\/login\?app=)[\w-]+/g));
  expect(offered.has('simulator')).toBe(true);
  expect(offered.has(apiKey)).toBe(true);
  const authorization = `kotak ${apiKey}:SIMK01:expired`;
  const query = '{ account { kotakMargins { id } } }';
  const { errors } = await other.askRaw(query, { authorization });
  expect(errors[0]?.extensions).toMatchObject({
    code: 'SESSION_EXPIRED',
    loginUrl: `http://localhost:4000/login?app=${apiKey}`,
  });
});

test('credentials of an app that is not configured are denied without a call', async () => {
  const authorization = 'kotak other-app:SIMK01:SIMK01-session';
  const { errors } = await world.askRaw('{ account { kotakMargins { id } } }', { authorization });
  expect(errors[0]?.extensions.code).toBe('PERMISSION_DENIED');
  // The same key at another broker is another app.
  const other = await world.askRaw('{ account { user { userId } } }', {
    authorization: 'token simulator-kotak:SIM0001-token',
  });
  expect(other.errors[0]?.extensions.code).toBe('PERMISSION_DENIED');
  expect(await callPaths()).toEqual([]);
});

test('mutations for request and refresh tokens are NOT_SUPPORTED for an app of Kotak, without a call', async () => {
  const query = `mutation {
    exchangeToken(input: { apiKey: "simulator-kotak", requestToken: "x", checksum: "${'0'.repeat(64)}" }) {
      ... on UpstreamError { code retryable message } ... on AuthenticationError { code } ... on InputError { code }
    }
  }`;
  const { data } = await world.askRaw(query);
  expect(data.exchangeToken).toMatchObject({ code: 'NOT_SUPPORTED', retryable: false });
  expect(data.exchangeToken.message).toMatch(/no request tokens/);
  expect(await callPaths()).toEqual([]);
});

test('nothing secret is in what comes out', async () => {
  const query = '{ accounts { id user { userId } kotakMargins { id equity { exchange } } } }';
  await world.fault({ kind: 'error-envelope', message: 'SIMK01-session is unknown', status: 400 });
  const { text } = await world.askRaw(query, { authorization: kotakTokens('SIMK01') });
  expect(text).not.toMatch(/SIMK01-session|app-token/);
});
