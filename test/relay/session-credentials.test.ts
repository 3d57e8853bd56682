// POST /session/credentials: a backend with a secret of the operator's gets the tokens of a browser, and no one else does.
import { once } from 'node:events';
import { connect } from 'node:net';
import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../src/keyring/stores/memory-store.ts';
import { type KeyringStore, KeyringStoreError } from '../../src/keyring/stores/store.ts';
import type { AuditEvent } from '../../src/shared/audit.ts';
import { logInAtKotak } from '../support/broker-subjects.ts';
import { Visitor } from '../support/visitor.ts';
import { apps, kotakApp, startOfTime, startWorld } from '../support/world.ts';

const secrets = [
  'first-secret-0123456789-abcdefghijklmnop',
  'second-secret-0123456789-abcdefghijklmno',
] as const;
const cookieName = 'kite_graphql';
let time = startOfTime;

/** A gateway with the relay, and all that its logs have. */
async function startRelay(more: Parameters<typeof startWorld>[0] = {}) {
  const lines: string[] = [];
  const audited: AuditEvent[] = [];
  const world = await startWorld({
    relaySecrets: secrets,
    exposeTokens: false,
    now: () => time,
    logger: pino({ level: 'debug' }, { write: (line) => void lines.push(line) }),
    auditLog: { write: (event) => void audited.push(event) },
    ...more,
  });
  const origin = new URL(world.url).origin;
  const visitor = new Visitor(
    origin,
    more.publicUrl ? String(more.publicUrl) : 'http://localhost:4000',
  );
  const address = `${origin}/session/credentials`;
  const cookie = () => `${cookieName}=${visitor.cookies.get(cookieName)}`;
  const ask = async (init: RequestInit = {}, to = address) => {
    const headers = { authorization: `Bearer ${secrets[0]}`, cookie: cookie() };
    const response = await fetch(to, {
      method: 'POST',
      ...init,
      headers: { ...headers, ...(init.headers as Record<string, string>) },
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
  };
  return { world, origin, visitor, address, cookie, ask, lines, audited };
}

const relay = await startRelay();
const { world, visitor, ask, audited, lines } = relay;
await visitor.logIn(`${relay.origin}/login?app=simulator`, 'SIM0001');
time = new Date(startOfTime.getTime() + 1_000);
await visitor.logIn(`${relay.origin}/login?app=simulator`, 'SIM0002');

beforeEach(() => {
  audited.length = 0;
  lines.length = 0;
});

/** Whether the broker accepts a token. */
async function userOf(apiKey: string, accessToken: string) {
  const headers = { authorization: `token ${apiKey}:${accessToken}` };
  const response = await fetch(`${world.simulator.url}/user/profile`, { headers });
  return ((await response.json()) as { data: { user_id: string } | null }).data?.user_id;
}

test.each(secrets)(
  'a backend with the secret %s gets the tokens of the browser, newest first',
  async (secret) => {
    const { status, headers, body } = await ask({ headers: { authorization: `Bearer ${secret}` } });
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.get('set-cookie')).toBeNull();
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(body).toMatchObject({
      accounts: [
        { broker: 'KITE', apiKey: 'simulator', userId: 'SIM0002' },
        {
          accountId: expect.stringMatching(/^[\w-]{22}$/),
          apiKey: 'simulator',
          userId: 'SIM0001',
          userName: expect.any(String),
          expiresAt: '2026-01-06T00:30:00.000Z',
        },
      ],
      failures: [],
    });
    for (const { apiKey, userId, accessToken } of body.accounts) {
      expect(await userOf(apiKey, accessToken)).toBe(userId);
    }
  },
);

test('a session of a broker without a login page comes with its user and host, and its token is what that broker takes', async () => {
  const both = await startRelay({ apps: [...apps, kotakApp] });
  await both.visitor.logIn(`${both.origin}/login?app=simulator`, 'SIM0001');
  time = new Date(time.getTime() + 1_000);
  await logInAtKotak(both.world, both.visitor, 'SIMK02');
  await both.world.calls();
  const { status, body } = await both.ask();
  expect([status, await both.world.calls()]).toEqual([200, []]);
  const host = `${both.world.simulator.url}/kotak-c/apim`;
  expect(body.accounts).toEqual([
    {
      accountId: expect.stringMatching(/^[\w-]{22}$/),
      broker: 'KOTAK',
      apiKey: 'simulator-kotak',
      userId: 'SIMK02',
      userName: 'Prakash Joglekar',
      baseUrl: host,
      accessToken: expect.any(String),
      expiresAt: null,
    },
    expect.objectContaining({ broker: 'KITE', userId: 'SIM0001', baseUrl: null }),
  ]);
  const [{ accountId, apiKey, accessToken, userId }] = body.accounts;
  const headers = {
    authorization: `Bearer ${kotakApp.accessToken}`,
    consumerKey: apiKey,
    sessionToken: accessToken,
    userid: userId,
  };
  const margin = () => fetch(`${host}/margin/1.0/margin`, { headers });
  expect((await margin()).status).toBe(200);
  expect(both.lines.join('') + JSON.stringify(both.audited)).not.toContain(accessToken);

  await both.visitor.askRaw('mutation ($ids: [ID!]) { logout(accountIds: $ids) { loggedOut } }', {
    ids: [accountId],
  });
  expect((await margin()).status).toBe(403);
  const after = await both.ask();
  expect(after.body.accounts).toMatchObject([{ broker: 'KITE' }]);
});

test('the ids are those of the schema, and a body chooses among them', async () => {
  const { data } = await visitor.askRaw<{ accounts: { id: string }[] }>('{ accounts { id } }');
  const ids = data?.accounts.map(({ id }) => id) ?? [];
  const chosen = (accountIds: unknown) =>
    ask({ body: JSON.stringify({ accountIds }), headers: { 'content-type': 'application/json' } });
  const { body } = await chosen([ids[1], ids[1], 'unknown']);
  expect(body.accounts.map(({ accountId }: { accountId: string }) => accountId)).toEqual([ids[1]]);
  expect(body.failures).toEqual([
    { accountId: 'unknown', code: 'NOT_FOUND', message: expect.any(String) },
  ]);
  expect((await chosen([])).body).toEqual({ accounts: [], failures: [] });
});

test('it makes no call to the broker', async () => {
  await world.calls();
  await ask();
  expect(await world.calls()).toEqual([]);
});

test('each use is in the audit log, by digests: no token, cookie, user id or secret is in any log', async () => {
  const { body } = await ask({ headers: { 'x-request-id': 'relay-1' } });
  expect(audited).toEqual([
    {
      event: 'relay',
      outcome: 'given',
      requestId: 'relay-1',
      address: '127.0.0.1',
      backend: expect.stringMatching(/^[\w-]{8}$/),
      keyring: expect.stringMatching(/^[\w-]{22}$/),
      session: [expect.stringMatching(/^[\w-]{22}$/), expect.stringMatching(/^[\w-]{22}$/)],
    },
  ]);
  expect(lines.join('')).toContain('relay-1');
  const hidden = [
    ...secrets,
    visitor.cookies.get(cookieName) ?? '',
    ...body.accounts.flatMap(({ accessToken, userId, accountId }: Record<string, string>) => [
      accessToken,
      userId,
      accountId,
    ]),
  ];
  const logged = lines.join('') + JSON.stringify(audited);
  expect(hidden.filter((text) => logged.includes(text))).toEqual([]);
});

test('each backend has its own name in the audit log', async () => {
  for (const secret of secrets) await ask({ headers: { authorization: `Bearer ${secret}` } });
  expect(new Set(audited.map(({ backend }) => backend)).size).toBe(2);
});

test('without a cookie, or with one that leads nowhere, there are no accounts', async () => {
  for (const cookie of ['', 'other=1', `${cookieName}=${'a'.repeat(43)}`, `${cookieName}=x`]) {
    const { status, body } = await ask({ headers: { cookie } });
    expect({ status, body }).toEqual({ status: 200, body: { accounts: [], failures: [] } });
  }
});

test('an expired or logged-out session gives no token, and says where to log in again', async () => {
  const other = new Visitor(relay.origin, 'http://localhost:4000');
  await other.logIn(`${relay.origin}/login?app=simulator`, 'SIM0003');
  const cookie = `${cookieName}=${other.cookies.get(cookieName)}`;
  const { body } = await ask({ headers: { cookie } });
  const [{ accountId, apiKey, accessToken }] = body.accounts;
  const query = new URLSearchParams({ api_key: apiKey, access_token: accessToken });
  await fetch(`${world.simulator.url}/session/token?${query}`, { method: 'DELETE' });
  await other.askRaw('{ accounts { user { email } } }');
  expect((await ask({ headers: { cookie } })).body.accounts).toEqual([]);
  const named = await ask({
    headers: { cookie, 'content-type': 'application/json' },
    body: JSON.stringify({ accountIds: [accountId] }),
  });
  expect(named.body).toEqual({
    accounts: [],
    failures: [
      {
        accountId,
        code: 'SESSION_EXPIRED',
        message: expect.any(String),
        loginUrl: 'http://localhost:4000/login?app=simulator',
      },
    ],
  });
});

describe('a request that a browser may have sent is refused with 403', () => {
  test.each([
    { origin: 'http://localhost:4000' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-dest': 'empty' },
    { 'sec-fetch-user': '?1' },
  ])('%j', async (headers) => {
    const { status, body, text } = await ask({ headers: headers as Record<string, string> });
    expect(status).toBe(403);
    expect(body.errors[0].extensions.code).toBe('PERMISSION_DENIED');
    expect(text).not.toContain('evil');
    expect(audited).toMatchObject([
      { event: 'relay', outcome: 'refused', code: 'PERMISSION_DENIED', address: '127.0.0.1' },
    ]);
  });
});

describe('a body that cannot be read is refused', () => {
  const json = { 'content-type': 'application/json' };
  test.each([
    ['text', 415, { headers: { 'content-type': 'text/plain' }, body: '{}' }],
    ['a form', 415, { body: new URLSearchParams({ accountIds: 'a' }) }],
    ['compressed', 415, { headers: { ...json, 'content-encoding': 'gzip' }, body: '{}' }],
    ['no JSON', 400, { headers: json, body: '{' }],
    ['a list', 400, { headers: json, body: '[]' }],
    ['another field', 400, { headers: json, body: '{"accountId": "a"}' }],
    ['no list', 400, { headers: json, body: '{"accountIds": "a"}' }],
    ['no texts', 400, { headers: json, body: '{"accountIds": [1]}' }],
    [
      '1,001 ids',
      400,
      { headers: json, body: JSON.stringify({ accountIds: Array(1_001).fill('a') }) },
    ],
    ['too long', 413, { headers: json, body: `{"accountIds": ["${'a'.repeat(50_000)}"]}` }],
  ])('%s: %i', async (_name, status, init) => {
    const answer = await ask(init);
    expect(answer.status).toBe(status);
    expect(answer.body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
    expect(audited).toEqual([]);
  });

  test('too long in chunks, whatever length it has: 413', async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode(' '.repeat(10_000)));
      },
    });
    const init = { headers: json, body, duplex: 'half' } as RequestInit;
    expect((await ask(init)).status).toBe(413);
  });
});

test('the same cookie twice, with two values, is refused: no one knows which one was meant', async () => {
  const twice = await ask({
    headers: { cookie: `${relay.cookie()}; ${cookieName}=${'b'.repeat(43)}` },
  });
  expect(twice.status).toBe(400);
  const equal = await ask({ headers: { cookie: `${relay.cookie()}; ${relay.cookie()}` } });
  expect(equal.body.accounts).toHaveLength(2);
});

test.each([
  ['Bearer', `Bearer ${secrets[0]}`],
  ['Authorization', `Bearer ${'x'.repeat(40)}`],
])(
  'two Authorization headers are refused, also where one of them is right: %s',
  async (_name, second) => {
    const { status } = await sent(
      relay.address,
      'POST /session/credentials HTTP/1.1',
      `Authorization: Bearer ${secrets[0]}`,
      `Authorization: ${second}`,
      `Cookie: ${relay.cookie()}`,
      'Content-Length: 0',
    );
    expect(status).toBe(401);
  },
);

test('only POST is answered', async () => {
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
    const response = await fetch(relay.address, { method, headers: { cookie: relay.cookie() } });
    expect([method, response.status, response.headers.get('allow')]).toEqual([method, 405, 'POST']);
  }
});

test('a gateway by fetch answers the same', async () => {
  const answer = await world.gateway.fetch('http://localhost:4000/session/credentials', {
    method: 'POST',
    headers: { cookie: relay.cookie(), authorization: `Bearer ${secrets[1]}` },
  });
  expect(answer.status).toBe(200);
  expect(((await answer.json()) as { accounts: unknown[] }).accounts).toHaveLength(2);
});

describe('without secrets', async () => {
  const off = await startWorld();
  test('the path does not exist, for any method', async () => {
    const unknown = await fetch(new URL('/session/unknown', off.url), { method: 'POST' });
    for (const method of ['POST', 'GET']) {
      const answer = await fetch(new URL('/session/credentials', off.url), {
        method,
        headers: { authorization: `Bearer ${secrets[0]}` },
      });
      expect(answer.status).toBe(404);
      const without = (text: string) => text.replace(/"requestId":"[^"]*"/, '');
      if (method === 'POST') {
        expect(without(await answer.text())).toBe(without(await unknown.text()));
      }
    }
  });
});

describe('below the path of the public URL', async () => {
  const below = await startRelay({ publicUrl: 'http://localhost:4000/kite' });
  test('it is at that path too', async () => {
    const address = `${below.origin}/kite/session/credentials`;
    expect((await below.ask({ headers: { cookie: '' } }, address)).status).toBe(200);
  });
});

describe('wrong secrets', async () => {
  const clock = { milliseconds: () => 0, wait: async () => {} };
  const guessed = await startRelay({ trustProxy: true, clock, limits: { relayAttempts: 3 } });
  const from = (address: string, authorization?: string) =>
    guessed.ask({
      headers: { 'x-forwarded-for': address, ...(authorization && { authorization }) },
    });

  test.each([
    '',
    'Bearer',
    'Bearer ',
    `Bearer ${secrets[0]}x`,
    `Bearer ${secrets[0].slice(0, -1)}`,
    `Bearer ${secrets.join(',')}`,
    `Basic ${secrets[0]}`,
    secrets[0],
  ])('are refused with 401, as is any other scheme: "%s"', async (authorization) => {
    const headers = { authorization, 'x-forwarded-for': `192.0.2.${authorization.length}` };
    const { status, headers: answered, body } = await guessed.ask({ headers });
    expect(status).toBe(401);
    expect(answered.get('www-authenticate')).toBe('Bearer');
    expect(body.errors[0].extensions).toMatchObject({ code: 'UNAUTHENTICATED', retryable: false });
  });

  test('after too many of an address, each request of it is refused for a minute, and no other address', async () => {
    guessed.audited.length = 0;
    const address = '198.51.100.7';
    for (let tries = 0; tries < 3; tries += 1) {
      expect((await from(address, 'Bearer guess')).status).toBe(401);
    }
    for (const authorization of ['Bearer guess', undefined]) {
      const { status, headers } = await from(address, authorization);
      expect([status, headers.get('retry-after')]).toEqual([429, '60']);
    }
    expect((await from('198.51.100.8')).status).toBe(200);
    const refused = guessed.audited.filter(({ outcome }) => outcome === 'refused');
    expect(refused).toHaveLength(3);
    expect(refused[0]).toMatchObject({ address, code: 'UNAUTHENTICATED' });
    expect(guessed.lines.filter((line) => line.includes('Relay refused')).length).toBeGreaterThan(
      4,
    );
  });

  test('a page of a browser can lock no backend out', async () => {
    const address = '198.51.100.9';
    const headers = { 'x-forwarded-for': address, origin: 'https://evil.example' };
    for (let tries = 0; tries < 5; tries += 1) {
      expect((await guessed.ask({ headers })).status).toBe(403);
    }
    expect((await from(address)).status).toBe(200);
  });
});

describe('a store that is down', async () => {
  let isDown = false;
  const memory = createMemoryStore(() => startOfTime);
  const keyringStore = new Proxy<KeyringStore>(memory, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...words: unknown[]) => {
        if (isDown) throw new KeyringStoreError('ECONNREFUSED');
        return Reflect.apply(value, target, words);
      };
    },
  });
  const down = await startRelay({ keyringStore });

  test('is 503 with Retry-After', async () => {
    await down.visitor.logIn(`${down.origin}/login?app=simulator`, 'SIM0001');
    isDown = true;
    const { status, headers, body } = await down.ask();
    isDown = false;
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect(body.errors[0].extensions).toMatchObject({
      code: 'KEYRING_UNAVAILABLE',
      retryable: true,
    });
    expect((await down.ask()).body.accounts).toHaveLength(1);
  });
});

test('a request that is one too many of its address is refused before its secret is read', async () => {
  const limits = { addressOperationsPerMinute: 2 };
  const few = await startRelay({ trustProxy: true, limits });
  const headers = { 'x-forwarded-for': '192.0.2.77', cookie: '' };
  const statuses = [];
  for (let tries = 0; tries < 3; tries += 1) statuses.push((await few.ask({ headers })).status);
  expect(statuses).toEqual([200, 200, 429]);
});

test.each([
  ['short', 'has fewer than 32 characters'],
  ['a'.repeat(40), 'too regular'],
  [`${'0123456789abcdef'.repeat(2)}, x`, 'other than letters'],
])('a secret that may not be used stops the start: %s', async (secret, why) => {
  const { createGateway } = await import('../../src/gateway.ts');
  const start = () => createGateway({ relaySecrets: [secrets[0], secret] });
  expect(start).toThrow(TypeError);
  expect(start).toThrow(/relaySecrets\[1\].*openssl rand -base64 32/);
  expect(start).toThrow(why);
  expect(start).not.toThrow(new RegExp(secret.slice(0, 5)));
});

/** Sends lines as they are, and reads the answer to its end. */
async function sent(address: string, ...request: readonly string[]) {
  const { hostname, port, host } = new URL(address);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  socket.write(`${[...request, `Host: ${host}`, 'Connection: close'].join('\r\n')}\r\n\r\n`);
  await once(socket, 'close');
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text };
}
