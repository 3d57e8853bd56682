// GET /session: what a reverse proxy is told about the browser whose cookie it passes on.
import { request } from 'node:http';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../src/keyring/stores/memory-store.ts';
import { type KeyringStore, KeyringStoreError } from '../../src/keyring/stores/store.ts';
import { SessionTokens } from '../../src/session-tokens/session-tokens.ts';
import { signingKey } from '../support/values/signing-keys.ts';
import { Visitor } from '../support/visitor.ts';
import { apps, tokens as headerOf, startOfTime, startWorld } from '../support/world.ts';

const home = 'http://localhost:4000';
const allowedOrigin = 'http://localhost:3000';
const sessionTokens = new SessionTokens({
  keys: [signingKey('EdDSA')],
  templates: { default: { audience: 'orders' }, reports: { audience: 'reports' } },
});
const keySet = createLocalJWKSet(JSON.parse(sessionTokens.keySet.body));
const lines: string[] = [];
let time = startOfTime;
const logger = pino({ level: 'trace' }, { write: (line) => void lines.push(line) });
const options = {
  apps,
  now: () => time,
  logger,
  exposeTokens: false,
  allowedOrigins: [allowedOrigin],
};
const world = await startWorld({ ...options, sessionTokens });

async function loggedIn({ url }: { readonly url: string } = world, ...userIds: string[]) {
  const { origin } = new URL(url);
  const visitor = new Visitor(origin, home);
  for (const userId of userIds.length > 0 ? userIds : ['SIM0001']) {
    await visitor.logIn(`${origin}/login?app=simulator`, userId);
    time = new Date(time.getTime() + 1_000);
  }
  const { data } = await visitor.askRaw<{ accounts: { id: string; user: { userId: string } }[] }>(
    '{ accounts { id user { userId } } }',
  );
  const accounts = new Map(data?.accounts.map(({ id, user }) => [user.userId, id]));
  const { origin: _page, ...cookie } = visitor.headers();
  const check = (query = '', headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${origin}/session${query}`, { method, headers: { ...cookie, ...headers } });
  return { visitor, accounts, check, cookie };
}

beforeEach(async () => {
  time = startOfTime;
  lines.length = 0;
  await world.reset();
});

describe('a browser with a session', () => {
  test.each(['GET', 'HEAD'])('is answered 204 with its account and a token: %s', async (method) => {
    const { accounts, check } = await loggedIn();
    await world.calls();
    const response = await check('', {}, method);
    expect(response.status).toBe(204);
    expect(await response.text()).toBe('');
    expect(response.headers.get('x-account-id')).toBe(accounts.get('SIM0001'));
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('vary')?.split(', ')).toContain('Cookie');
    const token = response.headers.get('x-session-token') ?? '';
    const { payload } = await jwtVerify(token, keySet, {
      issuer: home,
      audience: 'orders',
      currentDate: time,
    });
    expect(payload.sub).toBe(accounts.get('SIM0001'));
    expect(await world.calls()).toEqual([]);
    expect(lines.join('')).not.toContain(token.split('.')[2]);
  });

  test('is answered for the newest account, or for the one that is named', async () => {
    const { accounts, check } = await loggedIn(world, 'SIM0001', 'SIM0002');
    const accountOf = async (query: string) => (await check(query)).headers.get('x-account-id');
    expect(await accountOf('')).toBe(accounts.get('SIM0002'));
    expect(await accountOf(`?account=${accounts.get('SIM0001')}`)).toBe(accounts.get('SIM0001'));
    const response = await check(`?account=${accounts.get('SIM0001')}&template=reports`);
    expect(decodeJwt(response.headers.get('x-session-token') ?? '')).toMatchObject({
      sub: accounts.get('SIM0001'),
      aud: 'reports',
    });
    for (const unknown of ['', 'SIM0001', 'x'.repeat(1_000), '%00']) {
      expect((await check(`?account=${unknown}`)).status).toBe(401);
    }
  });

  test('without keys is answered by its account alone', async () => {
    const { accounts, check } = await loggedIn(await startWorld(options));
    const response = await check('?template=any');
    expect(response.status).toBe(204);
    expect(response.headers.get('x-account-id')).toBe(accounts.get('SIM0001'));
    expect(response.headers.has('x-session-token')).toBe(false);
  });

  test('gets 400 for a template that does not exist, and no account', async () => {
    const { check } = await loggedIn();
    for (const name of ['unknown', '', '__proto__', 'default%0d%0aX-Account-Id: 1']) {
      const response = await check(`?template=${name}`);
      expect(response.status).toBe(400);
      expect(response.headers.has('x-account-id')).toBe(false);
    }
  });

  test('is answered whatever the request that the proxy got was: its origin, credentials and headers', async () => {
    const { check } = await loggedIn();
    const response = await check('', {
      origin: 'https://elsewhere.example',
      authorization: headerOf('SIM0003'),
      'x-account-id': 'forged',
      'x-session-token': 'forged',
      'x-forwarded-method': 'DELETE',
      'x-forwarded-uri': '/../admin',
      'if-none-match': '*',
      range: 'bytes=0-0',
    });
    expect(response.status).toBe(204);
    expect(response.headers.get('x-account-id')).not.toBe('forged');
  });
});

test.each([allowedOrigin, home, 'https://elsewhere.example'])(
  'no page of %s can read the answer from another origin',
  async (origin) => {
    const { check } = await loggedIn();
    for (const query of ['', '?account=unknown']) {
      const { headers } = await check(query, { origin });
      const cors = [...headers.keys()].filter((name) => name.startsWith('access-control-'));
      expect(cors).toEqual([]);
    }
  },
);

describe('401', () => {
  const unauthenticated = async (response: Response) => {
    expect(response.status).toBe(401);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('vary')?.split(', ')).toContain('Cookie');
    expect(response.headers.has('x-account-id') || response.headers.has('x-session-token')).toBe(
      false,
    );
    const { errors } = (await response.json()) as { errors: { extensions: object }[] };
    expect(errors[0]?.extensions).toMatchObject({
      code: 'UNAUTHENTICATED',
      requestId: response.headers.get('x-request-id'),
    });
  };

  test('without a cookie, with a wrong one, and with two', async () => {
    const { check, cookie } = await loggedIn();
    const url = `${new URL(world.url).origin}/session`;
    await unauthenticated(await fetch(url));
    await unauthenticated(await fetch(url, { headers: { authorization: headerOf('SIM0001') } }));
    const other = `kite_graphql=${'A'.repeat(43)}`;
    await unauthenticated(await check('', { cookie: other }));
    await unauthenticated(await check('', { cookie: `${other}; ${cookie.cookie}` }));
  });

  test('after a logout', async () => {
    const { visitor, check } = await loggedIn();
    await visitor.askRaw('mutation { logout { loggedOut } }');
    await unauthenticated(await check());
  });

  test('once the broker is known to have ended the session', async () => {
    const { visitor, check } = await loggedIn();
    await world.advance(86_400);
    expect((await check()).status).toBe(204);
    await visitor.askRaw('{ accounts { user { email } } }');
    await unauthenticated(await check());
  });

  test.each([
    ['with keys', { sessionTokens }],
    ['without keys', {}],
  ])('from the time at which the session is expected to expire, %s', async (_what, more) => {
    const { check } = await loggedIn(await startWorld({ ...options, ...more }));
    const expiresAt = new Date('2026-01-06T06:00:00+05:30');
    time = new Date(expiresAt.getTime() - 1);
    expect((await check()).status).toBe(204);
    time = expiresAt;
    await unauthenticated(await check());
  });
});

describe('a store that fails', () => {
  /** A gateway whose store throws an error, once a browser is logged in. */
  async function checkWith(error: Error) {
    let isDown = false;
    const keyringStore = new Proxy<KeyringStore>(
      createMemoryStore(() => time),
      {
        get: (target, name) => {
          const member = Reflect.get(target, name);
          if (typeof member !== 'function') return member;
          return (...words: unknown[]) => {
            if (isDown) throw error;
            return Reflect.apply(member, target, words);
          };
        },
      },
    );
    const { check } = await loggedIn(await startWorld({ ...options, sessionTokens, keyringStore }));
    isDown = true;
    lines.length = 0;
    const response = await check();
    expect(response.headers.has('x-account-id')).toBe(false);
    return response;
  }

  test('because it is down is 503, so that a proxy lets no request pass', async () => {
    const response = await checkWith(new KeyringStoreError());
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toMatchObject({
      errors: [{ extensions: { code: 'KEYRING_UNAVAILABLE', retryable: true } }],
    });
  });

  test('in a way that is not expected is 500, and one line in the log without its message', async () => {
    const response = await checkWith(new RangeError('of the store'));
    expect(response.status).toBe(500);
    const [{ extensions }] = (await response.json()).errors;
    expect(extensions).toMatchObject({ code: 'INTERNAL_SERVER_ERROR', retryable: false });
    const { requestId, code } = extensions;
    const told = lines.map((line) => JSON.parse(line)).filter((line) => 'code' in line);
    expect(told).toEqual([
      expect.objectContaining({ level: 50, requestId, code, error: 'RangeError' }),
    ]);
    expect(lines.join()).not.toContain('of the store');
  });
});

test.each(['POST', 'PUT', 'DELETE'])('%s is 405', async (method) => {
  const { check } = await loggedIn();
  const response = await check('', {}, method);
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

test('checks count for their client address', async () => {
  const other = await startWorld({
    ...options,
    trustProxy: true,
    limits: { addressOperationsPerMinute: 20 },
  });
  const { check } = await loggedIn(other);
  const statuses: number[] = [];
  for (let count = 0; count < 21; count += 1) {
    statuses.push((await check('', { 'x-forwarded-for': '192.0.2.1' })).status);
  }
  expect(statuses.slice(0, 20)).toEqual(Array(20).fill(204));
  expect(statuses[20]).toBe(429);
  expect((await check('', { 'x-forwarded-for': '192.0.2.2' })).status).toBe(204);
});

test('a check by HTTP/1.0 with the headers of an upload, as nginx sends it, is answered', async () => {
  const { cookie } = await loggedIn();
  const status = await new Promise((resolve, reject) => {
    const headers = { ...cookie, connection: 'close', 'content-type': 'multipart/form-data' };
    request(`${new URL(world.url).origin}/session`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });
  expect(status).toBe(204);
});

test('below the path of the public URL it is the same', async () => {
  const publicUrl = `${home}/kite`;
  const other = await startWorld({ ...options, publicUrl, sessionTokens });
  const { visitor, cookie } = await loggedIn(other);
  expect(visitor.cookies.size).toBe(1);
  for (const path of ['/session', '/kite/session']) {
    const response = await fetch(`${new URL(other.url).origin}${path}`, { headers: cookie });
    expect(response.status).toBe(204);
  }
});
