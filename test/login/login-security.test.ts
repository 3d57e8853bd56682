// What a stranger, a hurry or a careless page could try on the login, and what comes of it: nothing.
import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../src/keyring/stores/memory-store.ts';
import { graphql } from '../generated/gql.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { Visitor } from '../support/visitor.ts';
import { apps, startOfTime, startWorld, tokens } from '../support/world.ts';

let now = startOfTime;
const gateway = 'http://localhost:4000';
const friend = 'http://app.localhost:3000';
const options = { exposeTokens: false, allowedOrigins: [friend], now: () => now };
const world = await startWorld(options);
const origin = new URL(world.url).origin;
const loginUrl = (returnTo?: string) =>
  `${origin}/login?app=simulator${returnTo === undefined ? '' : `&returnTo=${encodeURIComponent(returnTo)}`}`;

beforeEach(async () => {
  now = startOfTime;
  await world.reset();
});

const users = graphql(`query SecurityUsers { accounts { user { userId } } }`);
const exchange = graphql(`
  mutation SecurityExchange($input: ExchangeTokenInput!) {
    exchangeToken(input: $input) { __typename ... on ApiError { code retryable } ... on UpstreamError { retryAfterSeconds } }
  }
`);
const renew = graphql(`
  mutation SecurityRenew($input: RenewSessionInput!) {
    renewSession(input: $input) { __typename ... on ApiError { code } }
  }
`);
const usersOf = async (visitor: Visitor) =>
  (await visitor.ask(users)).data?.accounts?.map((account) => account?.user?.userId);

describe('several logins side by side', () => {
  test('each finds its own way back, whichever ends first', async () => {
    const visitor = new Visitor(origin, gateway);
    const first = await visitor.logInAtKite(loginUrl(`${friend}/first`), 'SIM0001');
    const second = await visitor.logInAtKite(loginUrl(`${friend}/second`), 'SIM0002');
    expect((await visitor.visit(second)).location).toBe(`${friend}/second`);
    expect((await visitor.visit(first)).location).toBe(`${friend}/first`);
    expect((await usersOf(visitor))?.sort()).toEqual(['SIM0001', 'SIM0002']);
  });

  test('cancelling a login leaves the others, and a cancellation without `state` ends no login', async () => {
    const visitor = new Visitor(origin, gateway);
    const cancelled = await visitor.logInAtKite(loginUrl(`${friend}/first`), 'SIM0001', 'cancel');
    now = new Date(now.getTime() + 1_000);
    const approved = await visitor.logInAtKite(loginUrl(`${friend}/second`), 'SIM0002');
    // The cancelled login is unknown: the gateway returns to the newest.
    expect((await visitor.visit(cancelled)).location).toBe(
      `${friend}/second?error=LOGIN_CANCELLED`,
    );
    expect((await visitor.visit(approved)).location).toBe(`${friend}/second`);
    expect(await usersOf(visitor)).toEqual(['SIM0002']);
    await visitor.visit(cancelled);
    await visitor.visit(`${origin}/callback`);
    expect([...visitor.cookies.keys()].filter((name) => name.includes('login'))).toHaveLength(1);
  });

  test('a refusal that does name its login returns to that one', async () => {
    const visitor = new Visitor(origin, gateway);
    const first = new URL(await visitor.logInAtKite(loginUrl(`${friend}/first`), 'SIM0001'));
    now = new Date(now.getTime() + 1_000);
    await visitor.logInAtKite(loginUrl(`${friend}/second`), 'SIM0002');
    first.searchParams.set('status', 'error');
    expect((await visitor.visit(first.href)).location).toBe(
      `${friend}/first?error=LOGIN_CANCELLED`,
    );
  });
});

describe('returnTo', () => {
  test('drops the error of an earlier login, and nothing else', async () => {
    const visitor = new Visitor(origin, gateway);
    const back = `${friend}/home?a=b%20c&error=LOGIN_CANCELLED#part`;
    const done = await visitor.logIn(loginUrl(back), 'SIM0001');
    expect(done.location).toBe(`${friend}/home?a=b+c#part`);
    const other = await visitor.logIn(loginUrl(`${friend}/home?a=b%20c#part`), 'SIM0001');
    expect(other.location).toBe(`${friend}/home?a=b%20c#part`);
  });

  test('is refused where it is too long for a cookie, and works up to there', async () => {
    const visitor = new Visitor(origin, gateway);
    const page = (length: number) => `${friend}/${'x'.repeat(length - friend.length - 1)}`;
    expect((await visitor.visit(loginUrl(page(501)))).status).toBe(400);
    expect(visitor.cookies.size).toBe(0);
    const callback = await visitor.logInAtKite(loginUrl(page(500)), 'SIM0001');
    const [line = ''] = visitor.setCookies;
    expect(line.split(';')[0]?.length).toBeLessThan(4_096);
    expect((await visitor.visit(callback)).location).toBe(page(500));
  });
});

test('a request token that cannot be one is refused without asking Kite', async () => {
  const visitor = new Visitor(origin, gateway);
  const callback = new URL(await visitor.logInAtKite(loginUrl(`${friend}/`), 'SIM0001'));
  await world.calls();
  callback.searchParams.set('request_token', 'a b&c');
  expect((await visitor.visit(callback.href)).location).toBe(`${friend}/?error=TOKEN_REJECTED`);
  expect(await world.calls()).toEqual([]);
});

test('only GET begins or ends a login', async () => {
  const visitor = new Visitor(origin, gateway);
  const callback = await visitor.logInAtKite(loginUrl(`${friend}/`), 'SIM0001');
  await world.calls();
  for (const method of ['HEAD', 'POST', 'PUT']) {
    const response = await fetch(callback, { method, redirect: 'manual' });
    expect([method, response.status, response.headers.getSetCookie()]).toEqual([method, 405, []]);
  }
  expect(await world.calls()).toEqual([]);
  expect((await visitor.visit(callback)).location).toBe(`${friend}/`);
});

describe('every answer of the login', () => {
  test.each([
    ['no such app', '/login?app=nobody'],
    ['a stranger to return to', '/login?app=simulator&returnTo=https://evil.example/'],
    ['the way to Kite', '/login?app=simulator'],
    ['an unknown callback', '/callback?status=success&request_token=abc&state=def'],
    ['an unknown cancellation', '/callback'],
  ])('is not cached and sends no referrer: %s', async (_what, path) => {
    const { headers, text } = await new Visitor(origin).visit(origin + path);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-request-id')).toBeTruthy();
    expect(text).not.toContain('abc');
  });

  test('says nothing of a fault of ours but the request id', async () => {
    const store = createMemoryStore(() => now);
    const broken = new Proxy(store, {
      get(target, name) {
        const method = Reflect.get(target, name);
        const isBroken = name === 'createKeyring' || name === 'findPointer';
        if (isBroken) return () => Promise.reject(new Error('secret-canary'));
        return typeof method === 'function' ? method.bind(target) : method;
      },
    });
    const { url } = await startWorld({ ...options, keyringStore: broken });
    const there = new URL(url).origin;
    const visitor = new Visitor(there, gateway);
    const end = await visitor.logIn(`${there}/login?app=simulator`, 'SIM0001');
    expect(end.status).toBe(500);
    expect(end.text).not.toMatch(/canary|\.ts|at /);
    expect(end.headers.get('cache-control')).toBe('no-store');
    expect(end.text).toContain(end.headers.get('x-request-id'));
    visitor.cookies.set('kite_graphql', 'x'.repeat(43));
    const { text, errors } = await visitor.ask(users);
    expect(errors[0]?.extensions.code).toBe('INTERNAL_SERVER_ERROR');
    expect(text).not.toMatch(/canary|\.ts/);
  });
});

describe('attempts to redeem tokens with the gateway’s secret', () => {
  const thirtyOne = Array.from({ length: 31 }, (_, index) => index);

  test('are limited for each address in exchangeToken too, aliases counted one by one', async () => {
    const clock = new TestClock();
    const { askRaw, calls } = await startWorld({ apps: apps.slice(0, 1), clock });
    const guesses = (count: number) =>
      `mutation { ${thirtyOne
        .slice(0, count)
        .map(
          (each) =>
            `g${each}: exchangeToken(input: { requestToken: "guess${each}" }) { ... on ApiError { code retryable } }`,
        )
        .join(' ')} }`;
    const { data } = await askRaw(guesses(31));
    const codes = Object.values(data as Record<string, { code: string }>).map(({ code }) => code);
    expect(codes.slice(0, 30)).toEqual(Array(30).fill('TOKEN_REJECTED'));
    expect(data.g30).toEqual({ code: 'RATE_LIMITED', retryable: true });
    expect(await calls()).toHaveLength(30);
    clock.advance(60.001);
    expect((await askRaw(guesses(1))).data.g0.code).toBe('TOKEN_REJECTED');
  });

  test('are limited for refresh tokens in the input', async () => {
    const { ask } = await startWorld({ apps: apps.slice(1), now: () => now });
    const codes: (string | undefined)[] = [];
    for (const each of thirtyOne) {
      const input = { refreshToken: `guess${each}` };
      const { data } = await ask(renew, { variables: { input } });
      codes.push(data?.renewSession && 'code' in data.renewSession ? data.renewSession.code : '');
    }
    expect(codes).toEqual([...Array(30).fill('TOKEN_REJECTED'), 'RATE_LIMITED']);
  });

  test('are not limited with a checksum, which needs the secret', async () => {
    const { ask } = await startWorld({ apps: [], now: () => now });
    const input = { apiKey: 'simulator', requestToken: 'guess', checksum: 'a'.repeat(64) };
    for (const _ of thirtyOne) {
      const { data } = await ask(exchange, { variables: { input } });
      expect(data?.exchangeToken).toMatchObject({ code: 'TOKEN_REJECTED' });
    }
  });

  test('that are refused for their number use nothing up: the same input works a minute later', async () => {
    const clock = new TestClock();
    const { url, calls } = await startWorld({ ...options, clock });
    const there = new URL(url).origin;
    const visitor = new Visitor(there, friend);
    const callback = new URL(await visitor.logInAtKite(`${there}/login?app=simulator`, 'SIM0001'));
    const input = {
      requestToken: callback.searchParams.get('request_token') ?? '',
      state: callback.searchParams.get('state') ?? '',
    };
    for (const _ of thirtyOne) {
      const guess = new Visitor(there);
      const { searchParams } = new URL(
        await guess.logInAtKite(`${there}/login?app=simulator`, 'SIM0002', 'approve'),
      );
      searchParams.set('request_token', 'guess');
      await guess.visit(`${there}/callback?${searchParams}`);
    }
    await calls();
    const refused = await visitor.ask(exchange, { input });
    expect(refused.data?.exchangeToken).toEqual({
      __typename: 'UpstreamError',
      code: 'RATE_LIMITED',
      retryable: true,
      retryAfterSeconds: 60,
    });
    expect(await calls()).toEqual([]);
    clock.advance(60.001);
    const { data } = await visitor.ask(exchange, { input });
    expect(data?.exchangeToken).toMatchObject({ __typename: 'Session' });
    expect(await usersOf(visitor)).toEqual(['SIM0001']);
  });

  test.each([
    ['one IPv6 network', (index: number) => `2001:db8:1:2:${index}::1`, 'RATE_LIMITED'],
    [
      'the same, written otherwise',
      (index: number) => (index % 2 ? '2001:DB8:0:0::1' : '2001:0db8::2'),
      'RATE_LIMITED',
    ],
    ['IPv4 written as IPv6', () => '::ffff:192.0.2.1', 'RATE_LIMITED'],
    [
      'many IPv4 addresses written as IPv6',
      (index: number) => `::ffff:192.0.2.${index}`,
      'TOKEN_REJECTED',
    ],
    ['many IPv6 networks', (index: number) => `2001:db8:1:${index}::1`, 'TOKEN_REJECTED'],
    ['many addresses', (index: number) => `192.0.2.${index}`, 'TOKEN_REJECTED'],
  ])('from %s', async (_what, addressOf, last) => {
    const { ask } = await startWorld({ apps: apps.slice(0, 1), trustProxy: true, now: () => now });
    let code: unknown;
    for (const each of thirtyOne) {
      const { data } = await ask(exchange, {
        variables: { input: { requestToken: 'guess' } },
        headers: { 'x-forwarded-for': `198.51.100.7, ${addressOf(each)}` },
      });
      code = data?.exchangeToken && 'code' in data.exchangeToken && data.exchangeToken.code;
    }
    expect(code).toBe(last);
  });
});

describe('where other origins are allowed', () => {
  const answer = (address: string, method: string, from?: string, body: string | null = null) =>
    fetch(address, {
      method,
      redirect: 'manual',
      headers: {
        accept: 'application/json',
        ...(from && { origin: from }),
        ...(body && { 'content-type': 'application/json' }),
      },
      body,
    });
  const query = JSON.stringify({ query: '{ apps { apiKey } }' });

  test.each([gateway, friend, 'https://evil.example', undefined])(
    'every answer varies by Origin, and names none but the one allowed: %s',
    async (from) => {
      for (const { headers } of [
        await answer(world.url, 'POST', from, query),
        await answer(world.url, 'POST', from, '{'),
        await answer(`${world.url}?query={__typename}`, 'GET', from),
        await answer(`${origin}/login?app=simulator`, 'GET', from),
        await answer(`${origin}/nowhere`, 'GET', from),
        await answer(world.url, 'OPTIONS', from),
      ]) {
        expect(headers.get('vary')?.split(/, */)).toContain('Origin');
        const allowed = from === friend ? friend : null;
        expect(headers.get('access-control-allow-origin')).toBe(allowed);
        expect(headers.get('access-control-allow-credentials')).toBe(allowed && 'true');
      }
    },
  );

  test('a preflight names what may be sent, and may be kept ten minutes by the browser that asked', async () => {
    const { status, headers } = await answer(world.url, 'OPTIONS', friend);
    expect(status).toBe(204);
    expect(Object.fromEntries(headers)).toMatchObject({
      'access-control-allow-methods': 'POST',
      'access-control-max-age': '600',
    });
    const allowed = (headers.get('access-control-allow-headers') ?? '').toLowerCase().split(/, ?/);
    const known = ['content-type', 'cache-control', 'x-request-id', 'traceparent', 'baggage'];
    expect(allowed).toEqual(expect.arrayContaining(known));
    expect(allowed).not.toContain('authorization');
    const stranger = await answer(world.url, 'OPTIONS', 'https://evil.example');
    expect([...stranger.headers.keys()].filter((name) => name.startsWith('access-'))).toEqual([]);
  });

  test('and where none is, nothing varies', async () => {
    const { url } = await startWorld();
    expect((await answer(url, 'POST', friend, query)).headers.get('vary') ?? '').not.toContain(
      'Origin',
    );
  });
});

describe('a trusted page’s cookie', () => {
  const asked = async (visitor: Visitor, body: string | null, path = '/graphql') => {
    const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(origin + path, {
      method: body === null ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json', origin: gateway, cookie },
      body,
    });
    return { status: response.status, text: await response.text() };
  };

  test('opens nothing for batches, nor for documents that are named and not sent', async () => {
    const visitor = new Visitor(origin, gateway);
    await visitor.logIn(loginUrl(), 'SIM0001');
    await world.calls();
    const query = '{ accounts { user { userId } } }';
    const batch = await asked(visitor, JSON.stringify([{ query }, { query }]));
    expect(batch.status).toBe(400);
    const sha256Hash = 'a'.repeat(64);
    const persisted = { extensions: { persistedQuery: { version: 1, sha256Hash } } };
    // The one refusal that clients expect with 200: they send the document then.
    const unknown = await asked(visitor, JSON.stringify(persisted));
    expect([unknown.status, unknown.text]).toEqual([
      200,
      expect.stringContaining('PersistedQueryNotSupported'),
    ]);
    for (const body of [{ id: 'x' }, { documentId: 'x' }]) {
      const { status, text } = await asked(visitor, JSON.stringify(body));
      expect(status).toBe(400);
      expect(text).toContain('BAD_USER_INPUT');
    }
    expect(await world.calls()).toEqual([]);
  });

  test('does not come with a mutation by GET', async () => {
    const visitor = new Visitor(origin, gateway);
    await visitor.logIn(loginUrl(), 'SIM0001');
    await world.calls();
    const query = encodeURIComponent('mutation { logout { loggedOut } }');
    const { status } = await asked(visitor, null, `/graphql?query=${query}`);
    expect(status).toBe(405);
    expect(await world.calls()).toEqual([]);
    expect(await usersOf(visitor)).toEqual(['SIM0001']);
  });
});

test('with credentials in its header exchangeToken touches no keyring, whatever state it brings', async () => {
  const { url } = await startWorld({ ...options, exposeTokens: true });
  const there = new URL(url).origin;
  const visitor = new Visitor(there, friend);
  const { searchParams } = new URL(
    await visitor.logInAtKite(`${there}/login?app=simulator`, 'SIM0001'),
  );
  const authorization = tokens('SIM0002');
  const input = {
    apiKey: 'simulator',
    requestToken: searchParams.get('request_token') ?? '',
    state: searchParams.get('state') ?? '',
  };
  const both = await visitor.ask(exchange, { input }, { authorization });
  expect(both.data?.exchangeToken).toMatchObject({ code: 'BAD_USER_INPUT' });
  const { state: _, ...withoutState } = input;
  const { data } = await visitor.ask(exchange, { input: withoutState }, { authorization });
  expect(data?.exchangeToken).toMatchObject({ __typename: 'Session' });
  expect(visitor.cookies.has('kite_graphql')).toBe(false);
});
