// GraphQL over HTTP: the specification's audits, media types, verbs, request ids, what is not there.
import { get } from 'node:http';
import { serverAudits } from 'graphql-http';
import { describe, expect, test } from 'vitest';
import { startWorld } from '../support/world.ts';

const world = await startWorld({ graphiql: true });
const origin = new URL(world.url).origin;
const json = { 'content-type': 'application/json' };
const query = JSON.stringify({ query: '{ apps { apiKey } }' });

describe('the audits of graphql-http', () => {
  for (const audit of serverAudits({ url: world.url, fetchFn: fetch })) {
    test(`${audit.id} ${audit.name}`, async () => {
      const result = await audit.fn();
      expect(result.status === 'ok' ? 'ok' : `${result.status}: ${result.reason}`).toBe('ok');
    });
  }
});

test.each([
  ['a form', 'application/x-www-form-urlencoded', 'query=mutation{logout{loggedOut}}'],
  ['a multipart form', 'multipart/form-data; boundary=x', '--x--'],
  ['plain text', 'text/plain', query],
  ['a bare document', 'application/graphql', '{ apps { apiKey } }'],
  ['nothing at all', '', query, 400],
] as [string, string, string, number?][])(
  'what comes as %s is refused',
  async (_what, contentType, body, status = 415) => {
    const response = await fetch(world.url, {
      method: 'POST',
      headers: { 'content-type': contentType },
      body,
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      errors: [
        {
          message: expect.stringContaining('application/json'),
          extensions: {
            code: 'BAD_USER_INPUT',
            retryable: false,
            requestId: response.headers.get('x-request-id'),
          },
        },
      ],
    });
  },
);

test('a mutation by GET is refused', async () => {
  const mutation = encodeURIComponent('mutation { logout { loggedOut } }');
  const response = await fetch(`${world.url}?query=${mutation}`, {
    headers: { accept: 'application/json', authorization: 'token simulator:SIM0001-token' },
  });
  expect(response.status).toBe(405);
  expect(await world.calls()).toEqual([]);
});

test('no other site may read an answer', async () => {
  const response = await fetch(world.url, {
    method: 'POST',
    headers: { ...json, origin: 'https://evil.example' },
    body: query,
  });
  expect(response.headers.get('access-control-allow-origin')).toBeNull();
});

test.each(['a b', '[bad', 'x:99999'])(
  'a host that is not a host name is refused, and not echoed: %s',
  async (host) => {
    const { promise, resolve, reject } = Promise.withResolvers<[number | undefined, string]>();
    get(world.url, { headers: { host } }, async (response) => {
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      resolve([response.statusCode, text]);
    }).on('error', reject);
    const [status, text] = await promise;
    expect(status).toBe(400);
    expect(text).toContain('"BAD_USER_INPUT"');
    expect(text).not.toContain(host);
  },
);

describe('X-Request-Id', () => {
  test.each([
    ['/graphql', { method: 'POST', headers: json, body: query }],
    ['/graphql', { method: 'POST', headers: json, body: '{' }],
    ['/graphql', { headers: { accept: 'text/html' } }],
    ['/graphql', { method: 'DELETE' }],
    ['/health', {}],
    ['/nowhere', {}],
  ])('is on every answer: %s %j', async (path, settings) => {
    const response = await fetch(origin + path, settings);
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("is the caller's where that is sane, in the answer and in its errors", async () => {
    const ask = (id: string) =>
      world.askRaw('{ account { id } }', { headers: { 'x-request-id': id } });
    const sane = await ask('order-7.a_b');
    expect(sane.headers.get('x-request-id')).toBe('order-7.a_b');
    expect(sane.errors[0]?.extensions.requestId).toBe('order-7.a_b');
    for (const id of ['with space', 'x'.repeat(129), 'a"b', '<b>']) {
      expect((await ask(id)).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});

test('GraphiQL is where it is switched on, and the root leads to it', async () => {
  const page = await fetch(world.url, { headers: { accept: 'text/html' } });
  expect(page.headers.get('content-type')).toMatch(/^text\/html/);
  const root = await fetch(`${origin}/`, { headers: { accept: 'text/html' }, redirect: 'manual' });
  expect(root.headers.get('location')).toBe('/graphql');
  const plain = await startWorld();
  const none = await fetch(plain.url, { headers: { accept: 'text/html' } });
  expect(await none.text()).not.toContain('GraphiQL');
});
