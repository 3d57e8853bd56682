// Hostile input, ten thousand cases of it: documents, variables, headers, cookies and upstream bodies at random. The
// seed is fixed (FUZZ_SEED and FUZZ_CASES change it), so that a case that fails can be run again.
import { once } from 'node:events';
import { Agent, createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { stringifyCookie } from 'cookie';
import * as fc from 'fast-check';
import { isEnumType } from 'graphql';
import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import { createGateway } from '../../src/gateway.ts';
import { schema } from '../../src/schema/schema.ts';
import { listen } from '../../src/server/listen.ts';
import { fuzzCases, fuzzSeed } from '../support/processes/environment.ts';
import { anyQuery } from '../support/values/any-query.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld } from '../support/world.ts';

// Shaped as Kite's own tokens are: 32 letters and digits.
const secrets = [
  'aT9xQ2mZ7vB4nK1pL6sD3fG8hJ5kR0wE',
  'rT4cV8bN2mQ6wE1rY5uI9oP3aS7dF0gH',
  'eN7jK3lZ9xC5vB1nM6qW2eR8tY4uI0oP',
  'c5f0e8a1b7d94263a9e0c1d2b3f4a5960718293a4b5c6d7e8f90a1b2c3d4e5f6',
];
const appSecret = 'sX6dC1fV8gB3hN9jM5kQ2lW7zE4xR0tY';
const authorization = `token simulator:${secrets[0]}`;

const logged: string[] = [];
const logger = pino(
  { level: 'trace' },
  new Writable({
    write(chunk, _encoding, done) {
      logged.push(String(chunk));
      done();
    },
  }),
);

/** What the stand-in for Kite answers next. */
let upstreamAnswer: UpstreamAnswer = { status: 200, type: 'application/json', body: '{}' };

interface UpstreamAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const upstream = createServer((incoming, response) => {
  incoming.resume().once('end', () => {
    const { status, type, body } = upstreamAnswer;
    response.writeHead(status, { 'content-type': type }).end(body);
  });
}).listen(0, '127.0.0.1');
await once(upstream, 'listening');

const gateway = createGateway({
  apps: [{ apiKey: 'simulator', apiSecret: appSecret, listed: true }],
  kiteBaseUrl: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
  kiteRateLimit: 0,
  logger,
  now: () => startOfTime,
});
const server = await listen(gateway, '127.0.0.1', 0);
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
afterAll(async () => {
  agent.destroy();
  await server.close(0);
  await gateway.dispose();
  upstream.close();
});

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Sends one request; a connection that the server closes counts as an answer of status 0. */
function send(
  { method = 'POST', path = '/graphql', headers = {}, body }: Sent,
  port = server.port,
) {
  return new Promise<Received>((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      agent,
      method,
      path,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
    };
    const sending = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    sending.setTimeout(20_000, () => sending.destroy(new Error('no answer: it hangs')));
    sending.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') {
        resolve({ status: 0, headers: {}, text: '' });
      } else reject(error);
    });
    sending.end(body);
  });
}

const codeType = schema.getType('ErrorCode');
const codes = new Set(isEnumType(codeType) ? codeType.getValues().map(({ name }) => name) : []);
// Apollo's clients know these two codes, and fall back to plain queries.
for (const code of ['PERSISTED_QUERY_NOT_SUPPORTED', 'PERSISTED_QUERY_NOT_FOUND']) codes.add(code);

/** What holds of every answer and every log line, whatever was sent. */
function check({ status, headers, text }: Received, extraSecrets: readonly string[] = []): void {
  const lines = logged.splice(0).join('');
  for (const secret of [...secrets, appSecret, ...extraSecrets]) {
    expect(text.includes(secret) || JSON.stringify(headers).includes(secret)).toBe(false);
    expect(lines.includes(secret)).toBe(false);
  }
  expect(lines).not.toContain('Unexpected error');
  expect(text).not.toMatch(/node_modules|\bat \S+ \(?(file|node):/);
  expect(status).not.toBe(500);
  if (status === 0 || text === '' || !/json/.test(headers['content-type'] ?? '')) return;
  expect(headers['x-request-id']).toMatch(/^[\w.:-]{1,128}$/);
  const { errors = [] } = JSON.parse(text);
  for (const { message, extensions } of errors) {
    expect(typeof message).toBe('string');
    expect(codes).toContain(extensions.code);
    expect(extensions.code).not.toBe('INTERNAL_SERVER_ERROR');
    expect(extensions.requestId).toBe(headers['x-request-id']);
  }
}

const settings = { seed: fuzzSeed, numRuns: Math.ceil(fuzzCases / 5), endOnFailure: true };
const timeout = 240_000;

const profile = {
  user_id: 'AB1234',
  user_type: 'individual',
  email: 'someone@example.com',
  user_name: 'Some One',
  user_shortname: 'Some',
  broker: 'ZERODHA',
  exchanges: ['NSE', 'BSE'],
  products: ['CNC', 'NRML'],
  order_types: ['MARKET', 'LIMIT'],
  avatar_url: null,
  meta: { demat_consent: 'physical' },
};
const segment = {
  enabled: true,
  net: 99725.05000000002,
  available: { adhoc_margin: 0, cash: 245431.6, collateral: 0, intraday_payin: 0 },
  utilised: { debits: 145706.55, exposure: 38981.25, m2m_realised: 761.7, payout: -0 },
};
const payloads = [profile, segment, { equity: segment, commodity: segment }, true, null, []];

const names = ['then', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'a'];
const words = [
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  ':',
  '!',
  '$',
  '@',
  '...',
  '|',
  '=',
  '&',
  '"',
  '"""',
  '\\',
  '#',
  '\n',
  'query',
  'mutation',
  'subscription',
  'fragment',
  'on',
  '__typename',
  '__schema',
  '__type',
  'account',
  'accounts',
  'margins',
  'user',
  'id',
  'ids',
  'apps',
  'logout',
  'combinedMargins',
  'sessions',
  'equity',
  '@include(if: true)',
  '@skip(if: $v)',
  '@defer',
  '@stream',
  'true',
  'null',
  '1e999',
  '-0',
  '"é\u202e"',
  ...names,
];

/** Any text that looks a little like GraphQL. */
const looseDocument = fc
  .array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 8, unit: 'binary' })), {
    maxLength: 60,
  })
  .map((parts) => parts.join(' '));

/** A valid document, some of which is damaged. */
const damagedDocument = fc
  .tuple(
    fc.gen(),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 12 }), fc.constantFrom('', ...words)), {
      maxLength: 3,
    }),
    fc.constantFrom(...names),
  )
  .map(([gen, cuts, alias]) => {
    const { query, variables } = anyQuery(gen, schema);
    const aliased = query.replace('{ __typename', `{ ${alias}: __typename`);
    const damaged = cuts.reduce((text, [at, length, word]) => {
      const start = at % (text.length + 1);
      return text.slice(0, start) + word + text.slice(start + length);
    }, aliased);
    return { query: damaged, variables };
  });

test(
  'no document crashes, hangs or unmasks anything',
  () =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(
          damagedDocument,
          looseDocument.map((query) => ({ query, variables: {} })),
        ),
        fc.boolean(),
        async (operation, hasLength) => {
          upstreamAnswer = answering(profile);
          const body = JSON.stringify(operation);
          const headers = hasLength ? {} : { accept: 'multipart/mixed, application/json;q=0.5' };
          check(await send({ body, headers: { authorization, ...headers } }));
        },
      ),
      settings,
    ),
  timeout,
);

const anyJson = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.dictionary(fc.constantFrom(...names, 'query', 'variables', 'extensions'), fc.jsonValue()),
  fc.constantFrom(1e308, -1, 2 ** 53, '', '\u0000', '\ud800', [[[[]]]], {}, null),
);
const operations = [
  'query ($v: ID!) { account(id: $v) { id } }',
  'query ($v: [ID!]) { accounts(ids: $v) { id margins { equity { net } } } }',
  'query ($v: [ID!]) { combinedMargins(accountIds: $v) { failures { accountId } } }',
  'query ($v: String) { apps { loginUrl(returnTo: $v) } }',
  'mutation ($v: [ID!]) { logout(accountIds: $v) { loggedOut } }',
  'mutation ($v: ExchangeTokenInput!) { exchangeToken(input: $v) { __typename ... on ApiError { message } } }',
  'mutation ($v: RenewSessionInput!) { renewSession(input: $v) { __typename ... on ApiError { message } } }',
  'subscription ($v: Int) { marginsChanged(everySeconds: $v) { account { id } } }',
];
const input = fc.oneof(
  anyJson,
  fc.record(
    {
      requestToken: fc.oneof(fc.string(), anyJson),
      apiKey: fc.constantFrom('simulator', 'unknown', '', null),
      checksum: fc.constantFrom(secrets[3], '', 7),
      state: fc.string(),
      accountId: fc.string(),
      refreshToken: fc.constantFrom(secrets[1], '', null),
    },
    { requiredKeys: [] },
  ),
);

test(
  'no variables, operation name or extensions do',
  () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...operations),
        fc.oneof(
          input.map((v) => ({ v })),
          anyJson,
        ),
        fc.record({ operationName: anyJson, extensions: anyJson }, { requiredKeys: [] }),
        async (query, variables, rest) => {
          upstreamAnswer = answering(true);
          const body = JSON.stringify({ query, variables, ...rest });
          check(await send({ body, headers: { authorization } }));
        },
      ),
      settings,
    ),
  timeout,
);

const latin = fc
  .array(
    fc.integer({ min: 32, max: 255 }).filter((code) => code !== 127),
    { maxLength: 60 },
  )
  .map((characters) => String.fromCharCode(...characters));
const accept = fc.constantFrom(
  '*/*',
  'application/json;q=0',
  'text/event-stream',
  'multipart/mixed;deferSpec=20220824',
  'text/html',
  'application/graphql-response+json;q=0.1,*/*;q=x',
);
const mediaType = fc.constantFrom(
  'application/json ; charset=utf-8',
  'APPLICATION/JSON',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded',
  'application/json; charset=utf-16',
);
const anyHeaders = fc.record(
  {
    accept: fc.oneof(accept, latin),
    'content-type': fc.oneof(mediaType, latin),
    authorization: fc.oneof(
      latin,
      latin.map((text) => `token ${text}`),
      fc.constant(`${authorization}, token simulator:${'e;'.repeat(40)}`),
      fc.constant(authorization),
    ),
    origin: fc.oneof(fc.webUrl(), fc.constantFrom('null', 'http://localhost:4000'), latin),
    host: fc.oneof(fc.constantFrom('a/login?x', 'evil.example', '[::1', 'localhost:99999'), latin),
    'x-forwarded-for': fc.oneof(fc.ipV4(), fc.ipV6(), latin),
    'cache-control': fc.oneof(
      fc.integer().map((age) => `max-age=${age}`),
      latin,
    ),
    'x-request-id': latin,
    'content-encoding': fc.constantFrom('gzip', 'br', 'identity', 'x'),
    traceparent: latin,
    cookie: latin,
  },
  { requiredKeys: [] },
);
const paths = [
  '/graphql',
  '/graphql?query={__typename}',
  '/graphql?query={a&variables={',
  '/health',
  '/login?app=simulator&returnTo=%00',
  '/callback?status=success&request_token=x&state=y',
  '/',
  '//graphql',
  '/a/graphql',
  '/graphql/..%2f',
  '/%',
];

test(
  'no headers, method or path do',
  () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom('POST', 'GET', 'OPTIONS', 'HEAD', 'PUT', 'DELETE'),
        fc.oneof(fc.constant('/graphql'), fc.constantFrom(...paths)),
        anyHeaders,
        fc.oneof(
          fc.constant('{"query":"{ account { id } }"}'),
          fc.string({ maxLength: 40, unit: 'binary' }),
        ),
        async (method, path, headers, body) => {
          upstreamAnswer = answering(profile);
          const sent = method === 'POST' || method === 'PUT' ? { body } : {};
          check(await send({ method, path, headers, ...sent }));
        },
      ),
      settings,
    ),
  timeout,
);

test(
  'no cookies do, and no damaged cookie opens a keyring',
  async () => {
    const world = await startWorld({ logger });
    const port = Number(new URL(world.url).port);
    const visitor = new Visitor(`http://127.0.0.1:${port}`, 'http://localhost:4000');
    await visitor.logIn(`http://127.0.0.1:${port}/login?app=simulator`, 'SIM0001');
    const real = stringifyCookie(Object.fromEntries(visitor.cookies));
    const values = [...visitor.cookies.values()];
    logged.length = 0;
    const damaged = fc
      .tuple(fc.nat(), fc.integer({ min: 1, max: 6 }), latin)
      .map(([at, length, text]) => {
        const start = at % real.length;
        return real.slice(0, start) + text + real.slice(start + length);
      });
    const repeated = fc
      .tuple(
        fc.constantFrom('e;', 'a=b;', ';', '=', ',', 'a ', '%', '"'),
        fc.integer({ min: 1, max: 500 }),
      )
      .map(([part, times]) => part.repeat(times));
    const body = '{"query":"{ then: __typename accounts { id } sessions { id } }"}';
    await fc.assert(
      fc.asyncProperty(fc.oneof(latin, damaged, repeated), async (cookie) => {
        const headers = { cookie, origin: 'http://localhost:4000' };
        const answer = await send({ body, headers }, port);
        check(answer, values);
        if (cookie.includes(real)) return;
        expect(answer.text).not.toContain('"sessions":[{');
      }),
      settings,
    );
  },
  timeout,
);

function answering(data: unknown): UpstreamAnswer {
  const body = JSON.stringify({ status: 'success', data });
  return { status: 200, type: 'application/json', body };
}

/** An answer of Kite's with something wrong: values of other types, cut texts, other statuses and media types. */
const upstreamAnswers: fc.Arbitrary<UpstreamAnswer> = fc
  .record({
    status: fc.constantFrom(200, 200, 200, 200, 204, 302, 400, 403, 404, 429, 500, 502, 503),
    type: fc.constantFrom('application/json', 'application/json', 'text/html', ''),
    payload: fc.constantFrom(...payloads),
    values: fc.array(fc.tuple(fc.nat(), anyJson), { maxLength: 3 }),
    error: fc.option(
      fc.record(
        {
          status: fc.constantFrom('error', 'success', 1),
          message: fc.oneof(
            latin,
            fc.constantFrom(
              `bad token ${secrets[0]}`,
              'Invalid `checksum`.',
              `${secrets.join(' ')} ${appSecret}`,
            ),
          ),
          error_type: fc.constantFrom('TokenException', 'NetworkException', 'Other', '', null),
          data: anyJson,
        },
        { requiredKeys: [] },
      ),
      { freq: 3 },
    ),
    cut: fc.option(fc.tuple(fc.nat(), fc.string({ maxLength: 4, unit: 'binary' })), { freq: 3 }),
  })
  .map(({ status, type, payload, values, error, cut }) => {
    const data = values.reduce(
      (changed: unknown, [at, value]) => replaced(changed, at, value),
      payload,
    );
    const body = JSON.stringify(
      error ?? { status: 'success', data, enctoken: secrets[2], access_token: secrets[0] },
    );
    if (cut === null) return { status, type, body };
    const start = cut[0] % (body.length + 1);
    return { status, type, body: body.slice(0, start) + cut[1] };
  });

/** A copy in which one value, somewhere inside, is another. */
function replaced(value: unknown, at: number, by: unknown): unknown {
  if (typeof value !== 'object' || value === null || at % 4 === 3) return by;
  const entries = Object.entries(value);
  if (entries.length === 0) return by;
  const index = at % entries.length;
  const changed = entries.map(([name, inner], position) => [
    name,
    position === index ? replaced(inner, Math.floor(at / entries.length), by) : inner,
  ]);
  return Array.isArray(value) ? changed.map(([, inner]) => inner) : Object.fromEntries(changed);
}

const reads = [
  '{ account { id user { userId userName email exchanges avatarUrl meta { dematConsent } } } }',
  '{ account { margins { equity { net enabled available { cash } utilised { payout } } commodity { net } } } }',
  '{ combinedMargins { total { net available { cash } } failures { error { code message } } } }',
  '{ account { margins { equity { net utilised { debits span } } } } }',
  'mutation { logout { loggedOut failures { error { code message } } } }',
  'mutation { exchangeToken(input: { requestToken: "abc", apiKey: "simulator" }) { __typename ... on ApiError { code message } ... on Session { state user { userName } } } }',
];

test(
  'no upstream answer does',
  () =>
    fc.assert(
      fc.asyncProperty(fc.constantFrom(...reads), upstreamAnswers, async (query, answer) => {
        upstreamAnswer = answer;
        check(await send({ body: JSON.stringify({ query }), headers: { authorization } }));
      }),
      settings,
    ),
  timeout,
);
