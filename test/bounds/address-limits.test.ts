// What a client address may send in a minute: each HTTP request counts once, whatever it asks for and however it ends.
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { listen } from '../../src/server/listen.ts';
import { readableLog } from '../support/readable-log.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';
import { startWorld, tokens } from '../support/world.ts';

const log = readableLog();
const page = 'http://localhost:5173';
const options = {
  trustProxy: true,
  allowedOrigins: [page],
  graphiql: true,
  logger: log.logger,
  limits: { addressOperationsPerMinute: 2 },
};
const world = await startWorld(options);
const { origin } = new URL(world.url);
let lastAddress = 0;

/** An address that has sent nothing yet. */
function newAddress(): string {
  lastAddress += 1;
  return `203.0.113.${lastAddress}`;
}

const json = { 'content-type': 'application/json' };
const cheap = { method: 'POST', headers: json, body: '{"query":"{ apps { apiKey } }"}' };

type Sender = (address: string, path: string, init?: RequestInit) => Promise<Response>;

const overSocket: Sender = (address, path, init = {}) =>
  fetch(`${origin}${path}`, {
    redirect: 'manual',
    ...init,
    headers: { ...init.headers, 'x-forwarded-for': address },
  });

const byFetch: Sender = async (address, path, init = {}) =>
  world.gateway.fetch(`http://localhost:4000${path}`, {
    ...init,
    headers: { ...init.headers, 'x-forwarded-for': address },
  });

const post = (body: string, headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: { ...json, ...headers },
  body,
});

const requests: [what: string, path: string, init?: RequestInit][] = [
  ['a plain operation', '/graphql', cheap],
  ['a document that does not parse', '/graphql', post('{"query":"{"}')],
  ['a document that is not valid', '/graphql', post('{"query":"{ nothing }"}')],
  ['a body that is not JSON', '/graphql', post('{')],
  ['a body that is too long', '/graphql', post(`{"query":"${' '.repeat(200_000)}"}`)],
  ['an unreadable Authorization header', '/graphql', post(cheap.body, { authorization: 'token' })],
  ['an operation by GET', '/graphql?query={apps{apiKey}}'],
  ['a page of an allowed origin', '/graphql', post(cheap.body, { origin: page })],
  [
    'a preflight',
    '/graphql',
    { method: 'OPTIONS', headers: { origin: page, 'access-control-request-method': 'POST' } },
  ],
  ['a load of GraphiQL', '/graphql', { headers: { accept: 'text/html' } }],
  ['a /login', '/login?app=simulator'],
  ['a /callback', '/callback?status=success&request_token=guess&state=guess'],
  ['a path that does not exist', '/nothing'],
  ['a method that does not exist', '/graphql', { method: 'DELETE' }],
];

for (const [way, send] of [
  ['a socket', overSocket],
  ['fetch', byFetch],
] as const) {
  test.each(requests)(
    `%s counts once for its address, by ${way}`,
    async (_what: string, path: string, init?: RequestInit) => {
      const address = newAddress();
      expect((await send(address, path, init)).status).not.toBe(429);
      expect((await send(address, '/graphql', cheap)).status).toBe(200);
      const refused = await send(address, path, init);
      expect(refused.status).toBe(429);
      const { errors } = (await refused.json()) as { errors: { extensions: object }[] };
      const seconds = Number(refused.headers.get('retry-after'));
      expect(seconds).toBeGreaterThan(0);
      const requestId = refused.headers.get('x-request-id');
      expect(errors).toMatchObject([
        {
          extensions: {
            code: 'RATE_LIMITED',
            retryable: true,
            retryAfterSeconds: seconds,
            requestId,
          },
        },
      ]);
      expect(log.lines.find((line) => line.requestId === requestId)).toMatchObject({
        msg: 'Refused',
        code: 'RATE_LIMITED',
        status: 429,
      });
    },
  );
}

test('a request for another host counts', async () => {
  const address = newAddress();
  for (const status of [421, 421, 429]) {
    const headers = { host: 'elsewhere.example', 'x-forwarded-for': address };
    const answered = await new Promise<number | undefined>((resolve) =>
      get(`${origin}/graphql`, { headers }, (answer) => resolve(answer.resume().statusCode)),
    );
    expect(answered).toBe(status);
  }
});

test.each([
  ['a socket', overSocket],
  ['fetch', byFetch],
])('health checks are not counted, by %s', async (_way, send) => {
  const address = newAddress();
  for (let times = 0; times < 4; times += 1) {
    expect((await send(address, '/health')).status).toBe(200);
  }
  expect((await send(address, '/graphql', cheap)).status).toBe(200);
});

test('a page of an allowed origin can read its refusal', async () => {
  const address = newAddress();
  const asked = post(cheap.body, { origin: page });
  for (let times = 0; times < 2; times += 1) await overSocket(address, '/graphql', asked);
  const { status, headers } = await overSocket(address, '/graphql', asked);
  expect(status).toBe(429);
  expect(headers.get('access-control-allow-origin')).toBe(page);
  expect(headers.get('access-control-allow-credentials')).toBe('true');
  expect(headers.get('access-control-expose-headers')).toContain('retry-after');
});

test('a refused request is answered before its body has come', async () => {
  const address = newAddress();
  for (let times = 0; times < 2; times += 1) await overSocket(address, '/graphql', cheap);
  const headers = { ...json, 'content-length': '1000', 'x-forwarded-for': address };
  const sending = request(`${origin}/graphql`, { method: 'POST', headers });
  sending.flushHeaders();
  const [answer] = (await once(sending, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(429);
  sending.destroy();
});

test('requests that have been answered or given up are no longer in progress', async () => {
  const crowded = await startWorld({ trustProxy: true, limits: { addressOperations: 1 } });
  const headers = { 'x-forwarded-for': '203.0.113.200' };
  const ask = async () => (await crowded.askRaw('{ apps { apiKey } }', { headers })).status;
  for (let times = 0; times < 3; times += 1) expect(await ask()).toBe(200);
  await crowded.fault({ kind: 'hang' });
  const leaving = new AbortController();
  const hanging = crowded
    .askRaw('{ account { user { email } } }', {
      authorization: tokens('SIM0001'),
      headers,
      signal: leaving.signal,
    })
    .catch(() => null);
  await expect.poll(() => crowded.arrived()).toBe(1);
  expect(await ask()).toBe(503);
  leaving.abort();
  await hanging;
  await expect.poll(ask).toBe(200);
  const { gateway } = crowded;
  for (let times = 0; times < 3; times += 1) {
    const address = { ...json, 'x-forwarded-for': '203.0.113.201' };
    const asked = { ...cheap, headers: address };
    expect((await gateway.fetch('http://localhost:4000/graphql', asked)).status).toBe(200);
  }
});

test('a request that is given up while a handler before the gateway waits is no longer in progress', async () => {
  const crowded = await startWorld({ trustProxy: true, limits: { addressOperations: 1 } });
  const headers = { ...json, 'x-forwarded-for': '203.0.113.220' };
  const gone = Promise.withResolvers<void>();
  let leaving: AbortController | null = new AbortController();
  const server = createServer(async (message, response) => {
    if (leaving !== null) {
      response.once('close', gone.resolve);
      leaving.abort();
      await gone.promise;
    }
    crowded.gateway(message, response);
  });
  const mounted = await listen((...words) => server.emit('request', ...words), '127.0.0.1', 0);
  onTestFinished(async () => void (await mounted.close(0)));
  const ask = (signal: AbortSignal | null) =>
    fetch(`http://127.0.0.1:${mounted.port}/graphql`, { ...cheap, headers, signal });
  await expect(ask(leaving.signal)).rejects.toThrow();
  await gone.promise;
  leaving = null;
  expect((await ask(null)).status).toBe(200);
});

test('a request of fetch that is given up before its body is there is no longer in progress', async () => {
  const crowded = await startWorld({ trustProxy: true, limits: { addressOperations: 1 } });
  const headers = { ...json, 'x-forwarded-for': '203.0.113.221' };
  const url = 'http://localhost:4000/graphql';
  const leaving = new AbortController();
  const body = new ReadableStream();
  const init = { method: 'POST', headers, body, duplex: 'half', signal: leaving.signal };
  const given = crowded.gateway.fetch(new Request(url, init as RequestInit));
  const ask = async () => (await crowded.gateway.fetch(url, { ...cheap, headers })).status;
  expect(await ask()).toBe(503);
  leaving.abort();
  await expect(given).rejects.toThrow();
  expect(await ask()).toBe(200);
});

test('a mounted gateway counts only its own paths', async () => {
  const server = createServer((message, response) =>
    world.gateway(message, response, () => response.writeHead(204).end()),
  );
  const mounted = await listen((...words) => server.emit('request', ...words), '127.0.0.1', 0);
  const headers = { 'x-forwarded-for': newAddress() };
  const at = (path: string) => fetch(`http://127.0.0.1:${mounted.port}${path}`, { headers });
  for (let times = 0; times < 4; times += 1) expect((await at('/theirs')).status).toBe(204);
  expect((await at('/graphql?query={apps{apiKey}}')).status).toBe(200);
  await mounted.close(0);
});

describeWithRedis((redis) => {
  test('while Redis hangs, requests are answered and counted in the process', async () => {
    const shared = await startWorld({ ...options, redisUrl: redis.url });
    const headers = { 'x-forwarded-for': '203.0.113.210' };
    const ask = async () => (await shared.askRaw('{ apps { apiKey } }', { headers })).status;
    redis.pause();
    try {
      expect([await ask(), await ask(), await ask()]).toEqual([200, 200, 429]);
    } finally {
      redis.resume();
    }
  });
});
