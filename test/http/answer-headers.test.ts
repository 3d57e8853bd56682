// Headers of every answer: no cache keeps it and no browser guesses at its type, whatever answered and whatever it says.
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createGateway } from '../../src/gateway.ts';
import { Visitor } from '../support/visitor.ts';
import { startWorld, tokens } from '../support/world.ts';

const world = await startWorld({ graphiql: true });
const narrow = await startWorld({ limits: { addressOperations: 0, loginAttempts: 1 } });
const origin = new URL(world.url).origin;
const authorization = tokens('SIM0001');
const personal = '{ account { user { userId userName email } margins { equity { net } } } }';

const post = (query: string, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization, ...headers },
  body: JSON.stringify({ query }),
});
const search = (query: string) => `/graphql?query=${encodeURIComponent(query)}`;

function expectHeaders(headers: Headers): void {
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('cache-control')).toMatch(/\bno-store\b/);
}

const answers: readonly (readonly [string, number, string, RequestInit])[] = [
  ['personal data by a plain POST', 200, '/graphql', post(personal)],
  ['personal data by GET', 200, search(personal), { headers: { authorization } }],
  [
    'personal data in parts',
    200,
    '/graphql',
    post('{ account { id ... @defer { user { userId } } } }', { accept: 'multipart/mixed' }),
  ],
  ['an error of a plain POST', 200, '/graphql', post('{ account { id } }', { authorization: '' })],
  ['a document that is not valid', 200, '/graphql', post('{ nothing }')],
  ['a body that is not JSON', 400, '/graphql', { ...post(''), body: '{' }],
  ['a body of another type', 415, '/graphql', post('', { 'content-type': 'text/plain' })],
  ['a body that is too long', 413, '/graphql', post(' '.repeat(200_000))],
  ['a type that cannot be had', 406, '/graphql', post(personal, { accept: 'image/png' })],
  ['another method', 405, '/graphql', { method: 'PUT' }],
  ['a path that does not exist', 404, '/nothing', {}],
  ['a form of elsewhere', 403, '/login', { method: 'POST' }],
  ['a PUT of a login', 405, '/login', { method: 'PUT' }],
  ['a page that does not exist', 404, '/nothing', { headers: { accept: 'text/html' } }],
  ['a preflight', 204, '/graphql', { method: 'OPTIONS', headers: { origin } }],
  ['GraphiQL', 200, '/graphql', { headers: { accept: 'text/html' } }],
  ['the home', 302, '/', { redirect: 'manual' }],
  ['a health check', 200, '/health', {}],
  ['the begin of a login', 303, '/login?app=simulator', { redirect: 'manual' }],
  ['the login of an unknown app', 400, '/login?app=nothing', {}],
  ['a callback of no login', 400, '/callback?status=success&request_token=x&nonce=y', {}],
];

test.each(answers)('%s says no-store and nosniff', async (_what, status, path, init) => {
  const { status: given, headers, body } = await fetch(`${origin}${path}`, init);
  await body?.cancel();
  expect(given).toBe(status);
  expectHeaders(headers);
});

test.each(answers)('%s says so by gateway.fetch', async (_what, status, path, init) => {
  const gateway = createGateway({
    apps: [{ apiKey: 'simulator', apiSecret: 'simulator-secret' }],
    kiteBaseUrl: world.simulator.url,
    kiteRateLimit: 0,
    graphiql: true,
  });
  onTestFinished(() => Promise.resolve(gateway.dispose()));
  const response = await gateway.fetch(`http://localhost${path}`, init);
  const { status: given, headers } = response;
  await response.text();
  expect(given).toBe(status);
  expectHeaders(headers);
});

test('tokens say no-store and nosniff, and so does what a cookie opens', async () => {
  const visitor = new Visitor(origin, 'http://localhost:4000');
  const { headers } = await visitor.logIn(`${origin}/login?app=simulator`, 'SIM0002');
  expectHeaders(headers);
  expectHeaders((await visitor.askRaw('{ sessions { id devices { ipAddress } } }')).headers);

  const callback = await new Visitor(origin).logInAtKite(
    `${origin}/login?app=simulator`,
    'SIM0003',
  );
  const requestToken = new URL(callback).searchParams.get('request_token');
  const exchanged = await world.askRaw(
    `mutation { exchangeToken(input: { apiKey: "simulator", requestToken: "${requestToken}" }) {
      ... on Session { accessToken }
    } }`,
  );
  expect(exchanged.data.exchangeToken.accessToken).toEqual(expect.any(String));
  expectHeaders(exchanged.headers);
});

test('a stream of personal data says no-store and nosniff', async () => {
  const subscription = 'subscription { marginsChanged { account { id } } }';
  const { headers, body } = await fetch(
    world.url,
    post(subscription, { accept: 'text/event-stream' }),
  );
  await body?.cancel();
  expectHeaders(headers);
});

test('what is too much of one address says no-store and nosniff', async () => {
  const { status, headers, body } = await fetch(narrow.url, post(personal));
  await body?.cancel();
  expect(status).toBe(503);
  expectHeaders(headers);
});

test.each([
  ['another host', 421, 'GET /graphql HTTP/1.1\r\nHost: elsewhere.example'],
  ['no host', 400, 'GET /graphql HTTP/1.1'],
  ['a target that is no path', 400, 'OPTIONS * HTTP/1.1\r\nHost: localhost'],
  ['a request that is not HTTP', 400, 'nothing'],
  [
    'headers that are too long',
    431,
    `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(200_000)}`,
  ],
  ['an expectation', 417, 'GET / HTTP/1.1\r\nHost: localhost\r\nExpect: wonders'],
  ['CONNECT', 405, 'CONNECT localhost:443 HTTP/1.1\r\nHost: localhost'],
])('the refusal of %s says no-store and nosniff', async (_what, status, head) => {
  const socket = connect(Number(new URL(world.url).port), '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  socket.write(`${head}\r\nConnection: close\r\n\r\n`);
  await once(socket, 'close');
  const [line = '', ...lines] = (text.split('\r\n\r\n')[0] ?? '').split('\r\n');
  expect(line).toContain(` ${status} `);
  expectHeaders(new Headers(lines.map((each) => each.split(/: */, 2) as [string, string])));
});
