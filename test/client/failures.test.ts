// What can fail between the client and the gateway: each failure is a value with a code, and never loses data.
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isEnumType } from 'graphql';
import { expect, onTestFinished, test } from 'vitest';
import {
  ClientFailure,
  type ClientOptions,
  createClient,
  gatewayErrorCodes,
  unwrap,
} from '../../src/client/client.ts';
import { schema } from '../../src/schema/schema.ts';
import { startWorld, tokens } from '../support/world.ts';

const world = await startWorld();
const headers = { authorization: tokens('SIM0001', 'SIM0002') };
const clientOf = (options: Partial<ClientOptions> = {}) =>
  createClient({ url: world.url, headers, ...options });

/** What stands between the client and the gateway, and answers in its place. */
async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

test('the codes of the client are those of the schema', () => {
  const type = schema.getType('ErrorCode');
  const codes = isEnumType(type) ? type.getValues().map(({ name }) => name) : [];
  expect([...gatewayErrorCodes].toSorted()).toEqual(codes.toSorted());
});

test('a redirect is not followed: variables and headers stay with the gateway', async () => {
  let followed = 0;
  const other = await listening((_request, response) => {
    followed += 1;
    response.end('{}');
  });
  const url = await listening((_request, response) => {
    response.writeHead(307, { location: other }).end();
  });
  const { error } = await clientOf({ url }).query('{ apps { apiKey } }');
  expect(error).toMatchObject({ code: 'NETWORK_FAILED' });
  expect(followed).toBe(0);
});

const malformed: readonly [string, string][] = [
  ['text/event-stream', 'event: next\ndata: null\n\n'],
  ['text/event-stream', 'event: complete\n\n'],
  ['text/event-stream', 'event: next\ndata: {"incremental": {}}\n\n'],
  ['multipart/mixed; boundary="-"', '---\r\n\r\n7\r\n---'],
  [
    'multipart/mixed; boundary="-"',
    '---\r\n\r\n{"hasNext":true,"incremental":[{"data":1}]}\r\n---',
  ],
  ['multipart/mixed; boundary="-"', '---\r\n\r\n{"hasNext":true,"incremental":[null]}\r\n---'],
  ['application/json', 'null'],
];

test.each(malformed)('an answer of %s that is malformed, %j, is an error', async (type, body) => {
  const url = await listening((_request, response) => {
    response.writeHead(200, { 'content-type': type }).end(body);
  });
  const client = clientOf({ url });
  const { data, error } = await client.query('{ apps { apiKey } }');
  expect({ data, isKnown: /^NETWORK_FAILED|NOT_GRAPHQL$/.test(error?.code ?? '') }).toEqual({
    data: null,
    isKnown: true,
  });
  let last: unknown;
  for await (const part of client.parts('{ apps { apiKey } }')) last = part;
  expect(last).toMatchObject({ ok: false, hasNext: false });
});

test('errors that say nothing are errors all the same', async () => {
  const url = await listening((_request, response) => {
    const body = '{"data":null,"errors":[null,{"extensions":null},7]}';
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  });
  const { errors } = await clientOf({ url }).query('{ apps { apiKey } }');
  expect(errors.map(({ code }) => code)).toEqual(Array(3).fill('UNKNOWN_CODE'));
});

test.each(['application/json', 'text/event-stream', 'multipart/mixed'])(
  'an answer of %s without an end is cut off, and takes no memory beyond',
  async (type) => {
    let sent = 0;
    const url = await listening((_request, response) => {
      response.writeHead(200, { 'content-type': type });
      const chunk = 'x'.repeat(1_000_000);
      const more = () => {
        if (response.destroyed) return;
        sent += 1;
        if (response.write(chunk)) more();
      };
      response.on('drain', more);
      more();
    });
    const { error } = await clientOf({ url }).query('{ apps { apiKey } }');
    // The same request would have the same end: it is not sent again.
    expect(error).toMatchObject({ code: 'NOT_GRAPHQL', retryable: false, contentType: type });
    // What the sockets hold is sent beside what was read.
    expect(sent).toBeGreaterThan(60);
    expect(sent).toBeLessThan(90);
  },
);

test('a login page that is not of the web is refused', () => {
  expect(() => clientOf().loginUrl({ app: { loginUrl: 'javascript:alert(1)' } })).toThrow(
    TypeError,
  );
});

test('a gateway that cannot be reached is NETWORK_FAILED', async () => {
  const url = await listening((request) => request.socket.destroy());
  const { data, error } = await clientOf({ url }).query('{ apps { apiKey } }');
  expect(data).toBeNull();
  expect(error).toMatchObject({ code: 'NETWORK_FAILED', retryable: true, httpStatus: null });
});

test('an answer that breaks off is NETWORK_FAILED', async () => {
  const url = await listening((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
    response.write('{"data":', () => response.destroy());
  });
  const { error } = await clientOf({ url }).query('{ apps { apiKey } }');
  expect(error).toMatchObject({ code: 'NETWORK_FAILED', httpStatus: 200 });
});

test('the page of a proxy is NOT_GRAPHQL, with its status and media type', async () => {
  let calls = 0;
  const url = await listening((_request, response) => {
    calls++;
    response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>');
  });
  const { error } = await clientOf({ url }).query('{ apps { apiKey } }');
  expect(error).toEqual({
    code: 'NOT_GRAPHQL',
    message: 'The answer is not GraphQL: HTTP 502, text/html.',
    retryable: true,
    httpStatus: 502,
    contentType: 'text/html',
  });
  expect(calls).toBe(1);
});

test('JSON that is not GraphQL is NOT_GRAPHQL', async () => {
  for (const body of ['{"status":"ok"}', '[]', 'null', '']) {
    const url = await listening((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    });
    expect((await clientOf({ url }).query('{ apps { apiKey } }')).error).toMatchObject({
      code: 'NOT_GRAPHQL',
      retryable: false,
      httpStatus: 200,
    });
  }
});

test('the Retry-After of a proxy is obeyed', async () => {
  let calls = 0;
  const url = await listening((_request, response) => {
    if (calls++ === 0) response.writeHead(503, { 'retry-after': '0' }).end('busy');
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"a":1}}');
  });
  expect(await clientOf({ url }).query('{ a }')).toMatchObject({ ok: true, data: { a: 1 } });
  expect(calls).toBe(2);
});

test('a code of a later gateway is UNKNOWN_CODE, with the code', async () => {
  const url = await listening((_request, response) => {
    const errors = [{ message: 'New', path: ['a'], extensions: { code: 'NEW', retryable: false } }];
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ data: { a: null, b: 1 }, errors }));
  });
  const { data, error } = await clientOf({ url }).query('{ a b }');
  expect(data).toEqual({ a: null, b: 1 });
  expect(error).toMatchObject({ code: 'UNKNOWN_CODE', gatewayCode: 'NEW', path: ['a'] });
});

test('a request that stays without an answer is TIMED_OUT', async () => {
  await world.fault({ kind: 'hang' });
  onTestFinished(async () => {
    await world.clearFaults();
  });
  const { error } = await clientOf({ timeoutMilliseconds: 50 }).query(
    '{ account: accounts { user { userId } } }',
  );
  expect(error).toMatchObject({ code: 'TIMED_OUT', retryable: true, httpStatus: null });
});

test('an aborted query is ABORTED, before and after it was sent', async () => {
  await world.fault({ kind: 'hang' });
  onTestFinished(async () => {
    await world.clearFaults();
  });
  const controller = new AbortController();
  const { signal } = controller;
  const before = await world.arrived();
  const query = clientOf().query('{ accounts { user { userId } } }', {}, { signal });
  await expect.poll(() => world.arrived()).toBe(before + 2);
  controller.abort();
  expect((await query).error).toMatchObject({ code: 'ABORTED', retryable: false });
  expect((await clientOf().query('{ apps { apiKey } }', {}, { signal })).error?.code).toBe(
    'ABORTED',
  );
});

test('a query is completed after retryAfterSeconds, and asks only for what it lacks', async () => {
  await world.fault({ kind: 'too-many-requests', userId: 'SIM0002', times: 1 });
  await world.calls();
  const { ok, data } = await clientOf().query('{ accounts { user { userId } } }');
  expect([ok, data]).toEqual([
    true,
    { accounts: [{ user: { userId: 'SIM0001' } }, { user: { userId: 'SIM0002' } }] },
  ]);
  const calls = await world.calls();
  expect(calls.map(({ userId }) => userId).toSorted()).toEqual(['SIM0001', 'SIM0002', 'SIM0002']);
});

test('retries are bounded in number and in seconds, and the last answer stands', async () => {
  // A user that no other test reads: a retry takes an answer that is some seconds old.
  await world.fault({ kind: 'too-many-requests', userId: 'SIM0004' });
  onTestFinished(async () => {
    await world.clearFaults();
  });
  const authorization = tokens('SIM0001', 'SIM0004');
  const bounds = [
    [{ maxRetries: 0 }, 1],
    [{ maxRetries: 1 }, 2],
    [{ maxRetrySeconds: 0 }, 1],
  ] as const;
  for (const [options, times] of bounds) {
    await world.calls();
    const client = clientOf({ headers: { authorization }, ...options });
    const { data, error } = await client.query('{ accounts { user { userId } } }');
    expect(data).toEqual({ accounts: [{ user: { userId: 'SIM0001' } }, { user: null }] });
    expect(error).toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 1 });
    const calls = await world.calls();
    expect(calls.filter(({ userId }) => userId === 'SIM0004')).toHaveLength(times);
  }
});

test('a mutation is sent once, whatever its error says', async () => {
  let calls = 0;
  const url = await listening((_request, response) => {
    calls++;
    response.writeHead(503, { 'retry-after': '0', 'content-type': 'text/plain' }).end('busy');
  });
  const { error } = await clientOf({ url }).mutate('mutation { logout { loggedOut } }');
  expect(error).toMatchObject({ code: 'NOT_GRAPHQL', retryAfterSeconds: 0 });
  expect(calls).toBe(1);
});

test('parts that break off end with the error, beside the data that has arrived', async () => {
  const url = await listening((_request, response) => {
    response.writeHead(200, { 'content-type': 'multipart/mixed; boundary="-"' });
    const part = (body: object) =>
      `\r\n---\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(body)}`;
    const first = { data: { accounts: [{ id: 'a' }] }, hasNext: true };
    response.write(`${part(first)}\r\n---`, () => setImmediate(() => response.destroy()));
  });
  const seen = [];
  for await (const part of clientOf({ url }).parts('{ accounts { id } }')) seen.push(part);
  expect(seen).toMatchObject([
    { ok: true, data: { accounts: [{ id: 'a' }] }, hasNext: true },
    {
      ok: false,
      data: { accounts: [{ id: 'a' }] },
      error: { code: 'NETWORK_FAILED' },
      hasNext: false,
    },
  ]);
});

test('an account that fails in a part is an error beside the other accounts', async () => {
  await world.fault({ kind: 'internal-error', userId: 'SIM0002' });
  onTestFinished(async () => {
    await world.clearFaults();
  });
  let last: unknown;
  for await (const part of clientOf().parts(
    '{ accounts { apiKey ... @defer { user { userId } } } }',
  )) {
    last = part;
  }
  expect(last).toMatchObject({
    ok: false,
    data: {
      accounts: [{ apiKey: 'simulator', user: { userId: 'SIM0001' } }, { user: null }],
    },
    errors: [{ code: 'UPSTREAM_UNAVAILABLE', path: ['accounts', 1, 'user'] }],
    hasNext: false,
  });
});

test('unwrap gives the data, or throws an error with everything that the result has', async () => {
  expect(unwrap(await clientOf().query('{ apps { apiKey } }'))).toMatchObject({ apps: [{}] });
  const failed = await clientOf().query('{ apps { apiKey } account { id } }');
  expect(() => unwrap(failed)).toThrow(ClientFailure);
  try {
    unwrap(failed);
  } catch (thrown) {
    expect(thrown).toMatchObject({
      error: { code: 'AMBIGUOUS_ACCOUNT' },
      data: { apps: [{}], account: null },
    });
  }
});
