// What clients send before they settle: each refusal is coded JSON with the request's id, and says what to send instead.
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readableLog } from '../support/readable-log.ts';
import { startWorld, tokens } from '../support/world.ts';

const log = readableLog();
const allowed = 'https://app.example.com';
const world = await startWorld({
  logger: log.logger,
  publicUrl: 'https://api.example.com',
  allowedOrigins: [allowed],
  allowedHeaders: ['x-shop'],
});
const query = '{ apps { apiKey } }';
const subscription = 'subscription { marginsChanged { account { id } } }';

type Init = RequestInit & { search?: string };

async function ask(init: Init) {
  return read(await fetch(`${world.url}${init.search ?? ''}`, init));
}

async function askByFetch(init: Init) {
  return read(await world.gateway.fetch(`http://localhost/graphql${init.search ?? ''}`, init));
}

async function read(response: Response) {
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

const json = (headers: Record<string, string> = {}) => ({
  'content-type': 'application/json',
  ...headers,
});
const post = (body: unknown, headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: json(headers),
  body: JSON.stringify(body),
});

describe.each([
  ['a socket', ask],
  ['fetch', askByFetch],
])('the refusal of a request by %s says what to send instead', (_way, send) => {
  test.each<[string, Init, number, RegExp]>([
    [
      'a subscription without event streams',
      post({ query: subscription }, { accept: 'application/json' }),
      406,
      /text\/event-stream/,
    ],
    [
      'an answer as plain text',
      post({ query }, { accept: 'text/plain' }),
      406,
      /application\/json/,
    ],
    ['no type that is accepted', post({ query }, { accept: '*/*;q=0' }), 406, /application\/json/],
    [
      'variables in the address that are not JSON',
      { search: `?query=${encodeURIComponent(query)}&variables={` },
      400,
      /variables/,
    ],
    [
      'variables in the address that are a list',
      { search: `?query=${encodeURIComponent(query)}&variables=[]` },
      400,
      /variables/,
    ],
    ['a batch', post([{ query }]), 400, /its own request/],
    ['an empty operationName', post({ query, operationName: '' }), 400, /leave it out/],
    [
      'a compressed body',
      {
        method: 'POST',
        headers: json({ 'content-encoding': 'gzip' }),
        body: gzipSync(JSON.stringify({ query })),
      },
      415,
      /Content-Encoding/,
    ],
    [
      'a reservation of a single connection',
      { method: 'PUT', headers: { 'x-graphql-event-stream-token': 't' } },
      405,
      /singleConnection/,
    ],
    ['a body that is not JSON', { method: 'POST', headers: json(), body: '{' }, 400, /not JSON/],
    ['a path that does not exist', { search: '/nothing' }, 404, /GraphQL is at \/graphql/],
  ])('%s', async (_what, init, status, message) => {
    const answer = await send(init);
    expect(answer.status).toBe(status);
    const { errors } = JSON.parse(answer.text);
    expect(errors).toMatchObject([
      {
        message: expect.stringMatching(message),
        extensions: {
          code: 'BAD_USER_INPUT',
          retryable: false,
          requestId: answer.headers.get('x-request-id'),
        },
      },
    ]);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    await expect
      .poll(() =>
        log.lines.filter((line) => JSON.stringify(line).includes(errors[0].extensions.requestId)),
      )
      .toMatchObject([expect.anything()]);
  });

  test('the hash of a persisted query alone is not known, and its client sends the document', async () => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } };
    const search = `?extensions=${encodeURIComponent(JSON.stringify(extensions))}`;
    for (const init of [
      post({ extensions }),
      { search, headers: { accept: 'application/json' } },
    ]) {
      const { text } = await send(init);
      expect(JSON.parse(text).errors[0].message).toBe('PersistedQueryNotSupported');
    }
    const { text } = await send(post({ query, extensions }));
    expect(JSON.parse(text).data.apps).toHaveLength(1);
  });
});

describe('a request is answered', () => {
  test.each([
    ['application/JSON'],
    ['application/json ; charset=utf-8'],
    ['application/json;charset=UTF-8'],
  ])('as %s', async (type) => {
    for (const body of [
      JSON.stringify({ query }),
      JSON.stringify({ query, extensions: { any: 1 } }),
    ]) {
      const { status } = await ask({ method: 'POST', headers: { 'content-type': type }, body });
      expect(status).toBe(200);
    }
  });

  test.each([
    ['application/json, */*', 'application/json'],
    ['*/*', 'application/json'],
    [
      'application/json;q=0.5, application/graphql-response+json',
      'application/graphql-response+json',
    ],
    ['application/json;q=0, */*', 'application/graphql-response+json'],
    ['application/graphql-response+json;q=0.1, application/json;q=0.9', 'application/json'],
  ])('in the type preferred by Accept: %s', async (accept, type) => {
    const { headers } = await ask(post({ query }, { accept }));
    expect(headers.get('content-type')).toBe(`${type}; charset=utf-8`);
  });

  test.each([
    ['*/*', 'multipart/mixed'],
    ['application/json, */*', 'application/json'],
    ['multipart/mixed;q=0, application/json', 'application/json'],
    ['multipart/mixed;q=0.1, text/event-stream', 'text/event-stream'],
    ['multipart/mixed;deferSpec=20220824, application/json', 'multipart/mixed'],
  ])('deferred fragments with Accept: %s', async (accept, type) => {
    const deferred = '{ account { id ... @defer { user { userId } } } }';
    const authorization = tokens('SIM0001');
    const { headers } = await ask(post({ query: deferred }, { accept, authorization }));
    expect(headers.get('content-type')).toContain(type);
  });
});

test('no answer is kept by a cache or guessed at by a browser', async () => {
  for (const init of [
    post({ query }),
    post({ query }, { origin: allowed }),
    { search: `?query=${encodeURIComponent(query)}`, headers: { accept: 'application/json' } },
  ]) {
    const { headers } = await ask(init);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  }
});

test('pages of allowed origins may send the headers of tracers, of Apollo Client, and those of ALLOWED_HEADERS', async () => {
  const { headers } = await ask({
    method: 'OPTIONS',
    headers: { origin: allowed, 'access-control-request-method': 'POST' },
  });
  const names = headers.get('access-control-allow-headers')?.split(/, */) ?? [];
  expect(names).toEqual(
    expect.arrayContaining([
      'content-type',
      'traceparent',
      'baggage',
      'sentry-trace',
      'apollographql-client-name',
      'x-shop',
    ]),
  );
});

test('a refused origin is logged once', async () => {
  const origin = 'https://elsewhere.example';
  for (let times = 0; times < 3; times += 1) await ask(post({ query }, { origin }));
  const lines = log.lines.filter((line) => JSON.stringify(line).includes(origin));
  expect(lines).toMatchObject([{ origin, requestId: expect.any(String) }]);
});

test('a failure that is answered as data is in the log, with its code and the request id', async () => {
  const { headers } = await ask(
    post({ query: 'mutation { renewSession(input: { refreshToken: "x" }) { __typename } }' }),
  );
  await expect
    .poll(() => log.operations().find(({ requestId }) => requestId === headers.get('x-request-id')))
    .toMatchObject({ failures: { BAD_USER_INPUT: 1 } });
});
