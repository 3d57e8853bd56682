// A browser logs in, keeps several accounts, and asks with its cookie. The token never leaves the gateway.
import { beforeEach, describe, expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld, tokens } from '../support/world.ts';

let now = startOfTime;
const gateway = 'http://localhost:4000';
const friend = 'http://app.localhost:3000';
const world = await startWorld({
  exposeTokens: false,
  allowedOrigins: [friend],
  now: () => now,
});
// The gateway is reached by its real address, while its cookies and redirects are built on PUBLIC_URL's.
const origin = new URL(world.url).origin;
const loginUrl = (app = 'simulator', more = '') => `${origin}/login?app=${app}${more}`;
const browser = (page: string = gateway) => new Visitor(origin, page);

beforeEach(async () => {
  now = startOfTime;
  await world.reset();
});

const accounts = graphql(`
  query KeyringAccounts {
    accounts { id broker apiKey user { userId } session { id broker state active current } }
    sessions { id state account { id } }
  }
`);
const emails = graphql(`query KeyringEmails { accounts { user { email } } }`);
const sessions = graphql(`
  query Sessions {
    sessions {
      id apiKey state active accessToken publicToken refreshToken loginTime authenticatedAt issuedAt expiresAt lastSeenAt
      devices { ipAddress userAgent firstSeenAt lastSeenAt }
      account { id }
    }
  }
`);
const logout = graphql(
  `mutation KeyringLogout($ids: [ID!]) { logout(accountIds: $ids) { loggedOut failures { accountId error { code } } } }`,
);
const exchange = graphql(`
  mutation KeyringExchange($input: ExchangeTokenInput!) {
    exchangeToken(input: $input) {
      __typename
      ... on Session { accessToken account { id user { userName } } user { userId } }
      ... on ApiError { code message retryable }
      ... on InputError { field }
    }
  }
`);

describe('the login', () => {
  test('ends with a session and a cookie that says nothing, and costs Kite one call', async () => {
    const visitor = browser();
    const done = await visitor.logIn(loginUrl('simulator', '&returnTo=/graphql'), 'SIM0001');
    expect(done.status).toBe(303);
    expect(done.location).toBe(`${gateway}/graphql`);
    expect(done.headers.get('cache-control')).toBe('no-store');
    expect(done.headers.get('referrer-policy')).toBe('no-referrer');
    expect((await world.calls()).map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /session/token',
    ]);

    expect([...visitor.cookies.keys()]).toEqual(['kite_graphql']);
    const line = visitor.setCookies.find((cookie) => cookie.startsWith('kite_graphql='));
    expect(line).toMatch(/^kite_graphql=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/);

    const { data, errors, text } = await visitor.ask(accounts);
    expect(errors).toEqual([]);
    expect(data?.accounts).toEqual([
      {
        id: expect.stringMatching(/^[\w-]{20,}$/),
        broker: 'KITE',
        apiKey: 'simulator',
        user: { userId: 'SIM0001' },
        session: {
          id: data?.sessions?.[0]?.id,
          broker: 'KITE',
          state: 'ACTIVE',
          active: true,
          current: true,
        },
      },
    ]);
    expect(text).not.toMatch(/token/i);
  });

  test('another user is added, the newest first; the same user again is replaced and keeps the id', async () => {
    const visitor = browser();
    await visitor.logIn(loginUrl(), 'SIM0001');
    const first = (await visitor.ask(accounts)).data?.accounts?.[0]?.id;
    now = new Date(now.getTime() + 1_000);
    await visitor.logIn(loginUrl('simulator-platform'), 'SIM0001');
    now = new Date(now.getTime() + 1_000);
    await visitor.logIn(loginUrl(), 'SIM0002');
    now = new Date(now.getTime() + 1_000);
    await visitor.logIn(loginUrl(), 'SIM0001');
    const { data } = await visitor.ask(accounts);
    expect(data?.accounts?.map((account) => `${account?.user?.userId} ${account?.apiKey}`)).toEqual(
      ['SIM0001 simulator', 'SIM0002 simulator', 'SIM0001 simulator-platform'],
    );
    expect(data?.accounts?.[0]?.id).toBe(first);
  });

  test('two callbacks in flight with one old cookie both end up in the keyring', async () => {
    const visitor = browser();
    await visitor.logIn(loginUrl(), 'SIM0001');
    const callbacks = [
      await visitor.logInAtKite(loginUrl(), 'SIM0002'),
      await visitor.logInAtKite(loginUrl(), 'SIM0003'),
    ];
    await Promise.all(callbacks.map((callback) => visitor.visit(callback)));
    const { data } = await visitor.ask(accounts);
    expect(data?.accounts?.map((account) => account?.user?.userId).sort()).toEqual([
      'SIM0001',
      'SIM0002',
      'SIM0003',
    ]);
  });

  test.each([
    'https://evil.example/',
    '//evil.example/',
    'http://localhost:4001/',
    'http://localhost:4000@evil.example/',
    'http://user@localhost:4000/',
    'javascript:alert(1)',
    'http://app.localhost:3000.evil.example/',
    'https://app.localhost:3000/',
    '\\\\evil.example',
  ])('refuses a returnTo of another origin: %s', async (returnTo) => {
    const { status, location, text } = await browser().visit(
      loginUrl('simulator', `&returnTo=${encodeURIComponent(returnTo)}`),
    );
    expect({ status, location }).toEqual({ status: 400, location: null });
    expect(text).not.toContain('evil');
  });

  test.each([
    ['an unknown app', 'nobody'],
    ['no app, where there are several', ''],
  ])('%s is refused with a page', async (_what, app) => {
    const { status, headers } = await browser().visit(loginUrl(app));
    expect(status).toBe(400);
    expect(headers.get('content-type')).toMatch(/^text\/html/);
  });

  test('the link to Kite carries the nonce and nothing else', async () => {
    const { location } = await browser().visit(loginUrl('simulator', `&returnTo=${friend}/home`));
    const kite = new URL(location ?? '');
    expect(kite.searchParams.get('redirect_params')).toMatch(/^state=[\w-]{32}$/);
    expect(location).not.toContain('home');
  });

  const failed = async (
    change: (visitor: Visitor, callback: string) => Promise<string> | string,
    decision: 'approve' | 'cancel' = 'approve',
  ) => {
    const visitor = browser();
    const start = loginUrl('simulator', `&returnTo=${encodeURIComponent(`${friend}/home?a=b`)}`);
    const callback = await visitor.logInAtKite(start, 'SIM0001', decision);
    const end = await visitor.visit(await change(visitor, callback));
    expect(visitor.cookies.has('kite_graphql')).toBe(false);
    return end;
  };

  test('cancelled: the newest pending login tells where to return', async () => {
    const end = await failed((_visitor, callback) => callback, 'cancel');
    expect(end.location).toBe(`${friend}/home?a=b&error=LOGIN_CANCELLED`);
  });

  test('too late: LOGIN_EXPIRED, and Kite is not called', async () => {
    const end = await failed(async (_visitor, callback) => {
      await world.calls();
      now = new Date(now.getTime() + 11 * 60_000);
      return callback;
    });
    expect(end.location).toBe(`${friend}/home?a=b&error=LOGIN_EXPIRED`);
    expect(await world.calls()).toEqual([]);
  });

  test('tampered or another browser’s: LOGIN_MISMATCH', async () => {
    const tampered = await failed((_visitor, callback) =>
      callback.replace(/state=./, (start) => (start === 'state=_' ? 'state=-' : 'state=_')),
    );
    expect(tampered.location).toBe(`${friend}/home?a=b&error=LOGIN_MISMATCH`);

    const theirs = await browser().logInAtKite(loginUrl(), 'SIM0002');
    const victim = await failed(() => theirs);
    expect(victim.location).toBe(`${friend}/home?a=b&error=LOGIN_MISMATCH`);

    const nobody = browser();
    const end = await nobody.visit(theirs);
    expect(end).toMatchObject({ status: 400, location: null });
    expect(end.text).toContain('LOGIN_MISMATCH');
  });

  test("another app's request token is refused by Kite: TOKEN_REJECTED", async () => {
    const theirs = new URL(await browser().logInAtKite(loginUrl('simulator-platform'), 'SIM0001'));
    const end = await failed((_visitor, callback) => {
      const url = new URL(callback);
      url.searchParams.set('request_token', theirs.searchParams.get('request_token') ?? '');
      return url.href;
    });
    expect(end.location).toBe(`${friend}/home?a=b&error=TOKEN_REJECTED`);
  });

  test('Kite in trouble: its code comes back, and the request token does not', async () => {
    const end = await failed(async (_visitor, callback) => {
      await world.fault({ kind: 'bad-gateway-html', path: '/session/token' });
      return callback;
    });
    expect(end.location).toBe(`${friend}/home?a=b&error=UPSTREAM_UNAVAILABLE`);
  });

  test('at most eight logins go on side by side; the ninth forgets the oldest', async () => {
    const visitor = browser();
    for (let count = 0; count < 9; count += 1) {
      now = new Date(now.getTime() + 1_000);
      await visitor.visit(loginUrl());
    }
    expect(
      [...visitor.cookies.keys()].filter((name) => name.startsWith('kite_graphql-login-')),
    ).toHaveLength(8);
  });

  test('attempts from one address are limited', async () => {
    const limited = await startWorld({ now: () => startOfTime });
    const there = new URL(limited.url).origin;
    const visitor = new Visitor(there);
    const outcomes: (string | undefined)[] = [];
    for (let count = 0; count < 31; count += 1) {
      const toKite = await visitor.visit(`${there}/login?app=simulator`);
      const state = new URLSearchParams(
        new URL(toKite.location ?? '').searchParams.get('redirect_params') ?? '',
      ).get('state');
      const end = await visitor.visit(
        `${there}/callback?status=success&request_token=guess${count}&state=${state}`,
      );
      outcomes.push(/\((\w+)\)/.exec(end.text)?.[1]);
    }
    expect(outcomes.slice(0, 30)).toEqual(Array(30).fill('TOKEN_REJECTED'));
    expect(outcomes.at(-1)).toBe('RATE_LIMITED');
    expect(await limited.calls()).toHaveLength(30);
  });
});

describe('a single-page app that handles the redirect itself', () => {
  const begun = async (visitor: Visitor, userId = 'SIM0001') => {
    const { searchParams } = new URL(await visitor.logInAtKite(loginUrl(), userId));
    const requestToken = searchParams.get('request_token') ?? '';
    const state = searchParams.get('state') ?? '';
    await world.calls();
    return { requestToken, state };
  };

  test('exchangeToken with its state puts the session into the keyring, and answers without tokens', async () => {
    const visitor = browser(friend);
    const { data, errors } = await visitor.ask(exchange, { input: await begun(visitor) });
    expect(errors).toEqual([]);
    expect(data?.exchangeToken).toMatchObject({
      __typename: 'Session',
      accessToken: null,
      user: { userId: 'SIM0001' },
    });
    expect(await world.calls()).toHaveLength(1);
    expect((await visitor.ask(accounts)).data?.accounts).toHaveLength(1);
    expect([...visitor.cookies.keys()]).toEqual(['kite_graphql']);
  });

  test('not without state, not with another one, not for another app, not from elsewhere; Kite hears of none', async () => {
    const visitor = browser(friend);
    const input = await begun(visitor);
    const refused = async (
      changed: Record<string, string | undefined>,
      from: Visitor = visitor,
      headers: Record<string, string> = {},
    ) => {
      const { data } = await from.ask(exchange, { input: { ...input, ...changed } }, headers);
      return data?.exchangeToken;
    };
    const bad = { __typename: 'InputError', code: 'BAD_USER_INPUT' };
    expect(await refused({ state: undefined })).toMatchObject({ ...bad });
    expect(await refused({ state: 'x'.repeat(32) })).toMatchObject({ ...bad, field: 'state' });
    expect(await refused({}, browser(friend))).toMatchObject({ ...bad, field: 'state' });
    expect(await refused({}, visitor, { origin: 'https://evil.example' })).toMatchObject({
      ...bad,
      field: 'state',
    });
    expect(await refused({}, visitor, { authorization: tokens('SIM0002') })).toMatchObject({
      ...bad,
      field: 'state',
    });
    expect(await world.calls()).toEqual([]);
    expect(await refused({ apiKey: 'simulator-platform' })).toMatchObject({
      ...bad,
      field: 'apiKey',
    });
    expect(visitor.cookies.has('kite_graphql')).toBe(false);
  });
});

describe('a session has a life', () => {
  test('times and devices are returned', async () => {
    const visitor = browser();
    await visitor.logIn(loginUrl(), 'SIM0001');
    now = new Date(now.getTime() + 120_000);
    await visitor.ask(sessions);
    const { data } = await visitor.ask(sessions);
    expect(data?.sessions).toEqual([
      {
        id: expect.any(String),
        apiKey: 'simulator',
        state: 'ACTIVE',
        active: true,
        accessToken: null,
        publicToken: null,
        refreshToken: null,
        loginTime: '2026-01-05T15:30:00+05:30',
        authenticatedAt: '2026-01-05T15:30:00+05:30',
        issuedAt: '2026-01-05T15:30:00+05:30',
        expiresAt: '2026-01-06T06:00:00+05:30',
        lastSeenAt: '2026-01-05T15:32:00+05:30',
        devices: expect.arrayContaining([
          {
            ipAddress: '127.0.0.1',
            userAgent: 'Test browser',
            firstSeenAt: '2026-01-05T15:32:00+05:30',
            lastSeenAt: '2026-01-05T15:32:00+05:30',
          },
        ]),
        account: { id: expect.any(String) },
      },
    ]);
  });

  test('past six in the morning: EXPIRED at once, one upstream call, a login URL that works, the same id after it', async () => {
    const visitor = browser();
    await visitor.logIn(loginUrl(), 'SIM0001');
    const id = (await visitor.ask(accounts)).data?.accounts?.[0]?.id;
    await world.advance(24 * 3_600);
    now = new Date(now.getTime() + 24 * 3_600_000);
    await world.calls();

    const user = graphql(`query ExpiredUser { accounts { id user { userId email } } }`);
    const expired = await visitor.ask(user);
    expect(expired.data?.accounts).toEqual([{ id, user: { userId: 'SIM0001', email: null } }]);
    expect(expired.errors[0]?.extensions).toMatchObject({
      code: 'SESSION_EXPIRED',
      accountId: id,
      loginUrl: `${gateway}/login?app=simulator`,
    });
    expect(await world.calls()).toHaveLength(1);
    const again = await visitor.ask(user);
    expect(again.errors[0]?.extensions).toMatchObject({ code: 'SESSION_EXPIRED', accountId: id });
    expect(await world.calls()).toEqual([]);
    expect((await visitor.ask(accounts)).data?.sessions).toMatchObject([{ state: 'EXPIRED' }]);

    const link = new URL(String(again.errors[0]?.extensions.loginUrl));
    await visitor.logIn(`${origin}${link.pathname}${link.search}`, 'SIM0001');
    const { data, errors } = await visitor.ask(accounts);
    expect(errors).toEqual([]);
    expect(data?.accounts).toMatchObject([
      { id, user: { userId: 'SIM0001' }, session: { state: 'ACTIVE' } },
    ]);
    expect(data?.sessions).toMatchObject([{ state: 'ACTIVE' }, { state: 'REVOKED' }]);
  });

  test('a platform’s session is renewed by its account id', async () => {
    const visitor = browser();
    await visitor.logIn(loginUrl('simulator-platform'), 'SIM0001');
    const id = (await visitor.ask(accounts)).data?.accounts?.[0]?.id ?? '';
    await world.advance(24 * 3_600);
    await visitor.ask(accounts);
    const renew = graphql(`
      mutation KeyringRenew($id: ID!) {
        renewSession(input: { accountId: $id }) {
          __typename
          ... on Session { state accessToken refreshToken account { id user { userId } } }
          ... on ApiError { code message }
        }
      }
    `);
    const { data, errors } = await visitor.ask(renew, { id });
    expect(errors).toEqual([]);
    expect(data?.renewSession).toEqual({
      __typename: 'Session',
      state: 'ACTIVE',
      accessToken: null,
      refreshToken: null,
      account: { id, user: { userId: 'SIM0001' } },
    });
    await visitor.logIn(loginUrl(), 'SIM0002');
    const plain = (await visitor.ask(accounts)).data?.accounts?.find(
      (a) => a?.apiKey === 'simulator',
    );
    const none = await visitor.ask(renew, { id: plain?.id ?? '' });
    expect(none.data?.renewSession).toMatchObject({
      __typename: 'InputError',
      code: 'BAD_USER_INPUT',
    });
  });
});

describe('ending', () => {
  test('one is logged out and Kite refuses its token; after the last one the cookie is gone', async () => {
    const visitor = browser();
    await visitor.logIn(loginUrl(), 'SIM0001');
    await visitor.logIn(loginUrl(), 'SIM0002');
    const all = (await visitor.ask(accounts)).data?.accounts ?? [];
    const one = all.find((account) => account?.user?.userId === 'SIM0001')?.id ?? '';
    await world.calls();
    const first = await visitor.ask(logout, { ids: [one] });
    expect(first.data?.logout).toEqual({ loggedOut: [one], failures: [] });
    expect(await world.calls()).toMatchObject([{ method: 'DELETE', status: 200 }]);
    const rest = await visitor.ask(accounts);
    expect(rest.data?.accounts).toMatchObject([{ user: { userId: 'SIM0002' } }]);
    expect(rest.data?.sessions?.map((session) => session.state).sort()).toEqual([
      'ACTIVE',
      'REVOKED',
    ]);

    await visitor.ask(logout);
    expect(visitor.cookies.size).toBe(0);
    expect((await visitor.ask(accounts)).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });

  test('a token that Kite already rejects counts as logged out, and one known to be dead costs no call', async () => {
    for (const isKnown of [false, true]) {
      const visitor = browser();
      await visitor.logIn(loginUrl(), 'SIM0001');
      const id = (await visitor.ask(accounts)).data?.accounts?.[0]?.id;
      await world.advance(24 * 3_600);
      if (isKnown) await visitor.ask(emails);
      await world.calls();
      const { data } = await visitor.ask(logout);
      expect(data?.logout).toEqual({ loggedOut: [id], failures: [] });
      expect((await world.calls()).map(({ method, status }) => [method, status])).toEqual(
        isKnown ? [] : [['DELETE', 403]],
      );
      expect(visitor.cookies.size).toBe(0);
    }
  });
});

describe('across sites', () => {
  test('the cookie works only for a POST of JSON from a trusted origin', async () => {
    const visitor = browser();
    await visitor.logIn(loginUrl(), 'SIM0001');
    await world.calls();
    const cookie = `kite_graphql=${visitor.cookies.get('kite_graphql')}`;
    const body = JSON.stringify({ query: '{ accounts { user { userId } } sessions { id } }' });
    const asked = async (headers: Record<string, string>, method = 'POST') => {
      const response = await fetch(
        method === 'GET' ? `${world.url}?query={accounts{id}sessions{id}}` : world.url,
        { method, headers: { cookie, ...headers }, ...(method === 'POST' && { body }) },
      );
      return { status: response.status, text: await response.text(), headers: response.headers };
    };
    const json = { 'content-type': 'application/json' };
    for (const headers of [
      { ...json },
      { ...json, origin: 'https://evil.example' },
      { ...json, origin: 'null' },
      { ...json, origin: 'http://localhost:4001' },
      { ...json, origin: `${friend}.evil.example` },
    ]) {
      const { text, headers: answered } = await asked(headers);
      expect(JSON.parse(text)).toMatchObject({
        data: { accounts: null, sessions: null },
        errors: [
          { extensions: { code: 'UNAUTHENTICATED' } },
          { extensions: { code: 'UNAUTHENTICATED' } },
        ],
      });
      expect(answered.get('access-control-allow-origin')).toBeNull();
    }
    expect((await asked({ origin: gateway }, 'GET')).text).toContain('UNAUTHENTICATED');
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      expect((await asked({ origin: gateway, 'content-type': type })).status).toBe(415);
    }
    expect(await world.calls()).toEqual([]);
    expect((await asked({ ...json, origin: friend })).text).toContain('SIM0001');
  });

  test('CORS answers name allowed origins and no other', async () => {
    const preflight = async (from: string) => {
      const response = await fetch(world.url, {
        method: 'OPTIONS',
        headers: {
          origin: from,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        },
      });
      return response.headers;
    };
    const good = await preflight(friend);
    expect(good.get('access-control-allow-origin')).toBe(friend);
    expect(good.get('access-control-allow-credentials')).toBe('true');
    expect(good.get('access-control-allow-headers')).toContain('content-type');
    for (const from of ['https://evil.example', 'null', gateway]) {
      const bad = await preflight(from);
      expect(bad.get('access-control-allow-origin')).toBeNull();
      expect(bad.get('access-control-allow-credentials')).toBeNull();
    }
  });

  test('a header wins over the cookie, whole', async () => {
    const visitor = browser();
    await visitor.logIn(loginUrl(), 'SIM0001');
    const { data } = await visitor.ask(accounts, undefined, { authorization: tokens('SIM0002') });
    expect(data).toMatchObject({
      accounts: [{ user: { userId: 'SIM0002' }, session: null }],
      sessions: [],
    });
    const proxied = await visitor.ask(accounts, undefined, { authorization: 'Basic cHJveHk6cHc=' });
    expect(proxied.data?.accounts).toMatchObject([{ user: { userId: 'SIM0001' } }]);
  });

  test('over HTTPS the cookie is Secure with its prefix, and the plain name is ignored', async () => {
    const secure = await startWorld({ publicUrl: 'https://api.example.com' });
    const there = new URL(secure.url).origin;
    const visitor = new Visitor(there, 'https://api.example.com');
    await visitor.logIn(`${there}/login?app=simulator`, 'SIM0001');
    expect([...visitor.cookies.keys()]).toEqual(['__Host-kite_graphql']);
    expect(visitor.setCookies.every((line) => /; Secure/.test(line))).toBe(true);
    expect((await visitor.ask(accounts)).data?.accounts).toHaveLength(1);
    visitor.cookies.set('kite_graphql', visitor.cookies.get('__Host-kite_graphql') ?? '');
    visitor.cookies.delete('__Host-kite_graphql');
    expect((await visitor.ask(accounts)).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });
});

test('a store that is down is said, header credentials keep working, and no login is begun at Kite in vain', async () => {
  const { createMemoryStore } = await import('../../src/keyring/stores/memory-store.ts');
  const { KeyringStoreError } = await import('../../src/keyring/stores/store.ts');
  const store = createMemoryStore(() => now);
  let down = false;
  const fragile = new Proxy(store, {
    get(target, name, receiver) {
      const method = Reflect.get(target, name, receiver);
      if (typeof method !== 'function') return method;
      return (...values: unknown[]) =>
        down ? Promise.reject(new KeyringStoreError()) : method.apply(target, values);
    },
  });
  const world2 = await startWorld({ keyringStore: fragile, now: () => now });
  const there = new URL(world2.url).origin;
  const visitor = new Visitor(there, gateway);
  await visitor.logIn(`${there}/login?app=simulator`, 'SIM0001');
  down = true;
  const { data, errors } = await visitor.ask(accounts);
  expect(data).toEqual({ accounts: null, sessions: null });
  expect(errors.map(({ extensions }) => extensions.code)).toEqual([
    'KEYRING_UNAVAILABLE',
    'KEYRING_UNAVAILABLE',
  ]);
  expect(errors[0]?.extensions.retryable).toBe(true);
  const header = await world2.ask(accounts, { authorization: tokens('SIM0002') });
  expect(header.data?.accounts).toMatchObject([{ user: { userId: 'SIM0002' } }]);
  await world2.calls();
  const callback = await visitor.logInAtKite(`${there}/login?app=simulator`, 'SIM0003');
  const { searchParams } = new URL(callback);
  const [requestToken = '', state = ''] = ['request_token', 'state'].map(
    (name) => searchParams.get(name) ?? '',
  );
  const input = { requestToken, state, apiKey: 'simulator' };
  const refused = await visitor.ask(exchange, { input });
  expect(refused.data?.exchangeToken).toMatchObject({
    __typename: 'UpstreamError',
    code: 'KEYRING_UNAVAILABLE',
    retryable: true,
  });
  expect((await visitor.visit(callback)).text).toContain('KEYRING_UNAVAILABLE');
  expect(await world2.calls()).toEqual([]);
  down = false;
  expect((await visitor.ask(accounts)).data?.accounts).toMatchObject([
    { user: { userId: 'SIM0001' } },
  ]);
  // Nothing was used up: the same address finishes the login once the store is back.
  expect((await visitor.visit(callback)).status).toBe(303);
  expect((await visitor.ask(accounts)).data?.accounts).toHaveLength(2);
});
