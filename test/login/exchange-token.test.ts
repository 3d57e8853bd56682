// exchangeToken, renewSession and logout: every way they end, and how often Kite hears of it.
import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { requestTokenOf } from '../support/login.ts';
import { startOfTime, startWorld, tokens } from '../support/world.ts';

const world = await startWorld({ now: () => startOfTime });
const closed = await startWorld({ exposeTokens: false });
const strangers = await startWorld({ apps: [] });

beforeEach(async () => {
  await Promise.all([world.reset(), closed.reset(), strangers.reset()]);
});

const exchange = graphql(`
  mutation Exchange($input: ExchangeTokenInput!) {
    exchangeToken(input: $input) {
      __typename
      ... on Session {
        id broker apiKey current accessToken publicToken refreshToken loginTime state active expiresAt
        account { id broker apiKey user { userName } }
        user { userId userName products meta { dematConsent } }
      }
      ... on ApiError { code message retryable requestId }
      ... on InputError { field }
      ... on AuthenticationError { loginUrl }
      ... on UpstreamError { retryAfterSeconds brokerErrorType brokerStatus }
    }
  }
`);
const renew = graphql(`
  mutation Renew($input: RenewSessionInput!) {
    renewSession(input: $input) {
      __typename
      ... on Session { accessToken refreshToken loginTime expiresAt account { id } user { userId userName } }
      ... on ApiError { code message retryable }
      ... on InputError { field }
    }
  }
`);
const logout = graphql(`
  mutation Logout($ids: [ID!]) {
    logout(accountIds: $ids) {
      loggedOut
      failures { accountId account { id } error { __typename code retryable message } }
    }
  }
`);
const who = graphql(`query Who { accounts { id user { userId } } }`);

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('exchangeToken', () => {
  test('answers with the session, its user and account, for one upstream call', async () => {
    const requestToken = await requestTokenOf(world.simulator, 'SIM0001');
    await world.calls();
    const { data, errors } = await world.ask(exchange, {
      variables: { input: { requestToken, apiKey: 'simulator' } },
    });
    expect(errors).toEqual([]);
    expect(data?.exchangeToken).toMatchObject({
      __typename: 'Session',
      broker: 'KITE',
      apiKey: 'simulator',
      current: false,
      accessToken: expect.stringMatching(/^\w{32}$/),
      publicToken: expect.stringMatching(/^\w{32}$/),
      refreshToken: null,
      state: 'ACTIVE',
      active: true,
      // The simulator's clock runs on.
      loginTime: expect.stringMatching(/^2026-01-05T15:3\d:\d\d\+05:30$/),
      expiresAt: '2026-01-06T06:00:00+05:30',
      user: { userId: 'SIM0001', userName: expect.any(String) },
    });
    expect((await world.calls()).map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /session/token',
    ]);
    const session = data?.exchangeToken;
    if (session?.__typename !== 'Session') throw new Error('no session');
    const again = await world.ask(who, {
      authorization: `token simulator:${session.accessToken}`,
    });
    expect(again.data?.accounts).toEqual([{ id: session.account.id, user: { userId: 'SIM0001' } }]);
  });

  test('a request token works once, and the second time is not retryable', async () => {
    const requestToken = await requestTokenOf(world.simulator, 'SIM0001');
    const variables = { input: { requestToken, apiKey: 'simulator' } };
    await world.ask(exchange, { variables });
    await world.calls();
    const { data, text } = await world.ask(exchange, { variables });
    expect(data?.exchangeToken).toMatchObject({
      __typename: 'AuthenticationError',
      code: 'TOKEN_REJECTED',
      retryable: false,
      loginUrl: 'http://localhost:4000/login?app=simulator',
    });
    expect(text).not.toContain(requestToken);
    expect(await world.calls()).toHaveLength(1);
  });

  test('a request token is too old after five minutes', async () => {
    const requestToken = await requestTokenOf(world.simulator, 'SIM0001');
    await world.advance(301);
    const { data } = await world.ask(exchange, {
      variables: { input: { requestToken, apiKey: 'simulator' } },
    });
    expect(data?.exchangeToken).toMatchObject({ code: 'TOKEN_REJECTED' });
  });

  test('with tokens kept in, it refuses before Kite is called, and the token is unspent', async () => {
    const requestToken = await requestTokenOf(closed.simulator, 'SIM0001');
    await closed.calls();
    const variables = { input: { requestToken, apiKey: 'simulator' } };
    const { data, text } = await closed.ask(exchange, { variables });
    expect(data?.exchangeToken).toMatchObject({ __typename: 'InputError', code: 'BAD_USER_INPUT' });
    expect(text).not.toContain(requestToken);
    expect(await closed.calls()).toEqual([]);
  });

  test('without the secret, the caller brings the checksum', async () => {
    const requestToken = await requestTokenOf(strangers.simulator, 'SIM0002');
    const checksum = sha256(`simulator${requestToken}simulator-secret`);
    const { data } = await strangers.ask(exchange, {
      variables: { input: { requestToken, apiKey: 'simulator', checksum: checksum.toUpperCase() } },
    });
    expect(data?.exchangeToken).toMatchObject({
      __typename: 'Session',
      user: { userId: 'SIM0002' },
    });
  });

  test('a wrong checksum is TOKEN_REJECTED', async () => {
    const requestToken = await requestTokenOf(strangers.simulator, 'SIM0002');
    const { data } = await strangers.ask(exchange, {
      variables: { input: { requestToken, apiKey: 'simulator', checksum: sha256('wrong') } },
    });
    expect(data?.exchangeToken).toMatchObject({
      __typename: 'AuthenticationError',
      code: 'TOKEN_REJECTED',
      loginUrl: expect.stringContaining('/connect/login?v=3&api_key=simulator'),
    });
  });

  test.each([
    ['apiKey', { requestToken: 'r' }, 'world'],
    ['apiKey', { requestToken: 'r', apiKey: 'not a key' }, 'world'],
    ['requestToken', { requestToken: '', apiKey: 'simulator' }, 'world'],
    ['requestToken', { requestToken: 'super secret', apiKey: 'simulator' }, 'world'],
    ['checksum', { requestToken: 'r', apiKey: 'simulator', checksum: sha256('') }, 'world'],
    ['checksum', { requestToken: 'r', apiKey: 'unknown' }, 'world'],
    ['checksum', { requestToken: 'r', apiKey: 'unknown', checksum: 'supersecret' }, 'strangers'],
  ] as const)('a bad %s is an InputError that Kite never hears of', async (field, input, where) => {
    const asked = where === 'world' ? world : strangers;
    await asked.calls();
    const { data, text } = await asked.ask(exchange, { variables: { input } });
    expect(data?.exchangeToken).toMatchObject({
      __typename: 'InputError',
      code: 'BAD_USER_INPUT',
      field,
      retryable: false,
    });
    expect(text).not.toMatch(/super ?secret/);
    expect(await asked.calls()).toEqual([]);
  });

  test.each([
    [{ kind: 'reset' }, 'UPSTREAM_UNAVAILABLE'],
    [{ kind: 'bad-gateway-html' }, 'UPSTREAM_UNAVAILABLE'],
    [{ kind: 'html' }, 'UPSTREAM_INVALID_RESPONSE'],
    [{ kind: 'too-many-requests' }, 'RATE_LIMITED'],
    [{ kind: 'missing-fields', fields: ['access_token'] }, 'UPSTREAM_INVALID_RESPONSE'],
  ])('%j is %s, once, and never retryable', async (fault, code) => {
    const requestToken = await requestTokenOf(world.simulator, 'SIM0001');
    await world.calls();
    await world.fault({ ...fault, path: '/session/token' });
    const { data } = await world.ask(exchange, {
      variables: { input: { requestToken, apiKey: 'simulator' } },
    });
    expect(data?.exchangeToken).toMatchObject({
      __typename: 'UpstreamError',
      code,
      retryable: false,
    });
    expect(await world.calls()).toHaveLength(1);
  });

  test('a Kite that surely was not reached leaves the token unspent, and retryable', async () => {
    const nowhere = await startWorld({ kiteBaseUrl: 'http://127.0.0.1:9' });
    const { data } = await nowhere.ask(exchange, {
      variables: { input: { requestToken: 'r', apiKey: 'simulator' } },
    });
    expect(data?.exchangeToken).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
  });

  test('no missing or malformed field takes the session with it', async () => {
    const requestToken = await requestTokenOf(world.simulator, 'SIM0001');
    await world.fault({
      kind: 'wrong-types',
      path: '/session/token',
      fields: { login_time: '2026-02-30 10:00:00', user_name: 7, public_token: null, meta: [] },
    });
    const { data, errors } = await world.ask(exchange, {
      variables: { input: { requestToken, apiKey: 'simulator' } },
    });
    expect(data?.exchangeToken).toMatchObject({
      __typename: 'Session',
      accessToken: expect.any(String),
      publicToken: null,
      loginTime: null,
      expiresAt: expect.any(String),
      user: { userId: 'SIM0001', userName: null, meta: null },
    });
    expect(errors.every(({ extensions }) => extensions.code === 'UPSTREAM_INVALID_RESPONSE')).toBe(
      true,
    );
  });
});

describe('renewSession', () => {
  const platform = async () => {
    const requestToken = await requestTokenOf(world.simulator, 'SIM0001', 'simulator-platform');
    const { data } = await world.ask(exchange, {
      variables: { input: { requestToken, apiKey: 'simulator-platform' } },
    });
    const session = data?.exchangeToken;
    if (session?.__typename !== 'Session')
      throw new Error(`no session: ${JSON.stringify(session)}`);
    return session;
  };

  test('a refresh token gives a new session; the old access token is dead', async () => {
    const { accessToken, refreshToken } = await platform();
    await world.calls();
    const { data } = await world.ask(renew, {
      variables: { input: { apiKey: 'simulator-platform', refreshToken } },
    });
    const session = data?.renewSession;
    if (session?.__typename !== 'Session')
      throw new Error(`no session: ${JSON.stringify(session)}`);
    expect(session.accessToken).toMatch(/^\w{32}$/);
    expect(session.accessToken).not.toBe(accessToken);
    expect(session.user?.userId).toBe('SIM0001');
    expect(session.expiresAt).toBe('2026-01-06T06:00:00+05:30');
    const calls = (await world.calls()).map(({ method, path }) => `${method} ${path}`);
    expect(calls.filter((call) => call === 'POST /session/refresh_token')).toHaveLength(1);
    const old = await world.ask(who, { authorization: `token simulator-platform:${accessToken}` });
    expect(old.errors[0]?.extensions.code).toBe('SESSION_EXPIRED');
  });

  test.each([
    ['refreshToken', { apiKey: 'simulator-platform' }],
    ['accountId', { accountId: 'abc' }],
    ['apiKey', { refreshToken: 'r' }],
  ] as const)('a missing or misplaced %s is an InputError', async (field, input) => {
    await world.calls();
    const { data } = await world.ask(renew, { variables: { input } });
    expect(data?.renewSession).toMatchObject({ __typename: 'InputError', field });
    expect(await world.calls()).toEqual([]);
  });

  test('with tokens kept in, it refuses before Kite is called', async () => {
    await closed.calls();
    const { data } = await closed.ask(renew, {
      variables: { input: { apiKey: 'simulator-platform', refreshToken: 'canary' } },
    });
    expect(data?.renewSession).toMatchObject({
      __typename: 'InputError',
      code: 'BAD_USER_INPUT',
      field: 'refreshToken',
      message: expect.stringContaining('accountId'),
    });
    expect(await closed.calls()).toEqual([]);
  });

  test('an unknown refresh token is TOKEN_REJECTED', async () => {
    const { data } = await world.ask(renew, {
      variables: { input: { apiKey: 'simulator-platform', refreshToken: 'unknown' } },
    });
    expect(data?.renewSession).toMatchObject({ code: 'TOKEN_REJECTED', retryable: false });
  });
});

describe('logout', () => {
  test('ends every account of the request, and Kite refuses the tokens afterwards', async () => {
    const authorization = tokens('SIM0001', 'SIM0002');
    const ids = (await world.ask(who, { authorization })).data?.accounts?.map((a) => a?.id);
    await world.calls();
    const { data } = await world.ask(logout, { authorization });
    expect(data?.logout).toEqual({ loggedOut: ids, failures: [] });
    expect((await world.calls()).map(({ method, path }) => `${method} ${path}`)).toEqual([
      'DELETE /session/token',
      'DELETE /session/token',
    ]);
    const after = await world.ask(who, { authorization });
    expect(after.errors.map(({ extensions }) => extensions.code)).toEqual([
      'SESSION_EXPIRED',
      'SESSION_EXPIRED',
    ]);
    const again = await world.ask(logout, { authorization });
    expect(again.data?.logout).toEqual({ loggedOut: ids, failures: [] });
  });

  test('one that fails does not stop the others, and is never sent twice', async () => {
    const authorization = tokens('SIM0001', 'SIM0002', 'SIM0003');
    const ids =
      (await world.ask(who, { authorization })).data?.accounts?.map((a) => a?.id ?? '') ?? [];
    await world.calls();
    await world.fault({ kind: 'service-unavailable', userId: 'SIM0002', method: 'DELETE' });
    const { data, text } = await world.ask(logout, {
      authorization,
      variables: { ids: [ids[0] ?? '', ids[1] ?? '', 'nobody', ids[1] ?? ''] },
    });
    expect(data?.logout).toEqual({
      loggedOut: [ids[0]],
      failures: [
        {
          accountId: ids[1],
          account: { id: ids[1] },
          error: {
            __typename: 'UpstreamError',
            code: 'UPSTREAM_UNAVAILABLE',
            retryable: false,
            message: expect.any(String),
          },
        },
        {
          accountId: 'nobody',
          account: null,
          error: {
            __typename: 'InputError',
            code: 'NOT_FOUND',
            retryable: false,
            message: expect.any(String),
          },
        },
      ],
    });
    expect(await world.calls()).toHaveLength(2);
    expect(text).not.toContain('SIM0002-token');
  });

  test('within one operation nothing is answered from before it', async () => {
    const { data, errors } = await world.ask(
      graphql(`
        mutation OutAndOut {
          first: logout { loggedOut }
          second: logout { loggedOut failures { account { user { userId } } } }
        }
      `),
      { authorization: tokens('SIM0001') },
    );
    expect(errors).toEqual([]);
    expect(data?.second?.loggedOut).toEqual(data?.first?.loggedOut);
  });

  test('without a credential it is UNAUTHENTICATED, and the field beside it is not lost', async () => {
    const requestToken = await requestTokenOf(world.simulator, 'SIM0001');
    const { data, errors } = await world.ask(
      graphql(`
        mutation Beside($input: ExchangeTokenInput!) {
          exchangeToken(input: $input) { ... on Session { accessToken } }
          logout { loggedOut }
        }
      `),
      { variables: { input: { requestToken, apiKey: 'simulator' } } },
    );
    expect(data?.exchangeToken).toEqual({ accessToken: expect.any(String) });
    expect(data?.logout).toBeNull();
    expect(errors).toMatchObject([{ path: ['logout'], extensions: { code: 'UNAUTHENTICATED' } }]);
  });
});
