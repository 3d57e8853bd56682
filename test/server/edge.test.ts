// A plain POST is answered straight from node:http, any other request by Yoga's adapter. Clients must not be able to
// tell: each answer is held to the one of the other way, byte by byte.
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { schema } from '../../src/schema/schema.ts';
import { anyQuery } from '../support/values/any-query.ts';
import { startOfTime, startWorld, tokens } from '../support/world.ts';
import { countResponses } from '../support/yoga-responses.ts';

const allowed = 'https://app.example.com';
const options = {
  now: () => startOfTime,
  publicUrl: 'https://api.example.com',
  allowedOrigins: [allowed],
};
const world = await startWorld(options);

const responses = countResponses(world.gateway);

type Way = 'node:http' | 'Yoga';

interface Sent {
  readonly query?: string;
  readonly variables?: unknown;
  readonly operationName?: unknown;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends one request; without a Content-Length it is Yoga's from the start. */
function send(url: string, { headers, body, ...operation }: Sent, hasLength: boolean) {
  const text = body ?? JSON.stringify(operation);
  return new Promise<{ status: number; headers: readonly string[]; text: string }>(
    (resolve, reject) => {
      const sending = request(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: tokens('SIM0001', 'SIM0002'),
          'x-request-id': 'the-same',
          ...headers,
          ...(hasLength
            ? { 'content-length': Buffer.byteLength(text) }
            : { 'transfer-encoding': 'chunked' }),
        },
      });
      sending.once('error', reject).once('response', async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk);
        const lines = Object.entries(response.headers).map(([name, value]) => `${name}: ${value}`);
        resolve({
          status: response.statusCode ?? 0,
          headers: lines.filter((line) => !line.startsWith('date:')).sort(),
          text: Buffer.concat(chunks).toString(),
        });
      });
      sending.end(text);
    },
  );
}

/** Sends it both ways, and gives the answer that they agree on. @param way how the plain form is answered. */
async function agreedOn(sent: Sent, way: Way = 'node:http') {
  const before = responses();
  const byYoga = await send(world.url, sent, false);
  expect(responses()).toBeGreaterThan(before);
  const between = responses();
  const plain = await send(world.url, sent, true);
  expect(responses() > between ? 'Yoga' : 'node:http').toBe(way);
  expect({ ...plain, text: inOrder(plain.text) }).toEqual({
    ...byYoga,
    text: inOrder(byYoga.text),
  });
  return byYoga;
}

/** The same answer with its errors in the order of their paths: they come as they happen. */
function inOrder(text: string): string {
  if (!text.startsWith('{"errors":[')) return text;
  const { errors, ...rest } = JSON.parse(text);
  const placed = errors.map((error: unknown) => JSON.stringify(error));
  return JSON.stringify({ errors: placed.sort(), ...rest });
}

const who = '{ account { id user { userId } } }';
const margins = 'margins { equity { net available { cash } asOf } commodity { net enabled } }';

describe('a plain POST is answered from node:http', () => {
  test.each<[string, Sent]>([
    ['a query', { query: who }],
    ['with a name', { query: `query Who ${who}`, operationName: 'Who' }],
    ['with null for what is left out', { query: who, variables: null, operationName: null }],
    ['with variables', { query: 'query ($id: ID) { account(id: $id) { id } }', variables: {} }],
    [
      'with a mutation',
      { query: 'mutation { renewSession(input: { refreshToken: "r" }) { __typename } }' },
    ],
    [
      'with a type that says its charset',
      { query: who, headers: { 'content-type': 'application/json; charset=utf-8' } },
    ],
    ['for any type', { query: who, headers: { accept: '*/*' } }],
    ['for JSON', { query: who, headers: { accept: 'application/json' } }],
    [
      'for the type of GraphQL',
      { query: who, headers: { accept: 'application/graphql-response+json, application/json' } },
    ],
    [
      'from a page of another origin',
      { query: who, headers: { origin: 'https://elsewhere.example' } },
    ],
    ['of the schema', { query: '{ __schema { types { name } } __typename }' }],
    [
      'in letters of more than one byte',
      {
        query: '{ naïve: __typename } # £ ✓',
        body: JSON.stringify({ query: '{ __typename } # £ ✓' }),
      },
    ],
  ])('%s', async (_what, sent) => {
    expect((await agreedOn(sent)).status).toBe(200);
  });
});

describe('a failure of a plain POST is answered from node:http', () => {
  test.each<[string, Sent]>([
    ['a syntax error', { query: '{' }],
    ['a field that does not exist', { query: '{ nothing }' }],
    ['a name that fits no operation', { query: `query Who ${who}`, operationName: 'What' }],
    ['two operations and no name', { query: `query A ${who} query B ${who}` }],
    [
      'a variable of another type',
      { query: 'query ($id: ID!) { account(id: $id) { id } }', variables: { id: [1] } },
    ],
    ['a variable that is missing', { query: 'query ($id: ID!) { account(id: $id) { id } }' }],
    ['an account that is not there', { query: '{ account(id: "none") { id } }' }],
    ['no credentials', { query: who, headers: { authorization: '' } }],
    ['credentials of another scheme', { query: who, headers: { authorization: 'Bearer x' } }],
    ['credentials that cannot be read', { query: who, headers: { authorization: 'token x' } }],
    [
      'an account that fails',
      {
        query: `{ accounts { id ${margins} } }`,
        headers: { authorization: tokens('SIM0001', 'SIM9999') },
      },
    ],
    [
      'a list that is too long',
      {
        query: 'query ($ids: [ID!]) { accounts(ids: $ids) { id } }',
        variables: { ids: Array.from({ length: 1_001 }, String) },
      },
    ],
    [
      'a query that is too deep',
      { query: `{ account ${'{ session { account '.repeat(9)} { id } ${'} }'.repeat(9)} }` },
    ],
    [
      'for several types, JSON not the first',
      { query: who, headers: { accept: 'text/html, application/json' } },
    ],
    [
      'for a type with a weight',
      { query: who, headers: { accept: 'application/json;q=0.5, */*;q=0.1' } },
    ],
  ])('%s', async (_what, sent) => {
    await agreedOn(sent);
  });

  test('a write whose answer has errors, which is made once', async () => {
    await world.fault({ kind: 'internal-error' });
    await world.calls();
    const query =
      'mutation { logout { loggedOut failures { account { margins { equity { net } } } } } }';
    const headers = { authorization: tokens('SIM0003') };
    const { text } = await send(world.url, { query, headers }, true);
    expect(JSON.parse(text)).toMatchObject({
      data: { logout: { failures: [{ account: { margins: { equity: null } } }] } },
      errors: [{ extensions: { code: 'UPSTREAM_UNAVAILABLE' } }],
    });
    const deletions = (await world.calls()).filter(({ method }) => method === 'DELETE');
    expect(deletions).toHaveLength(1);
    await world.reset();
  });
});

describe('any other request is answered by Yoga', () => {
  test.each<[string, Sent]>([
    ['no query', { body: '{}' }],
    ['no JSON', { body: '{' }],
    ['no object', { body: '"query"' }],
    ['a batch', { body: `[{"query":"{__typename}"}]` }],
    ['a query that is not a string', { body: '{"query":1}' }],
    ['an unknown parameter', { body: '{"query":"{__typename}","x":1}' }],
    ['variables that are not an object', { body: '{"query":"{__typename}","variables":[]}' }],
    [
      'an operationName that is not a string',
      { body: '{"query":"{__typename}","operationName":1}' },
    ],
    ['an empty name', { query: `query Who ${who}`, operationName: '' }],
    ['a body that is too long', { query: who, variables: { x: 'x'.repeat(100_001) } }],
    ['a form', { query: who, headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    ['for a type that is no JSON', { query: who, headers: { accept: 'text/html' } }],
    [
      'in parts',
      {
        query: '{ account { id ... @defer { user { userId } } } }',
        headers: { accept: 'multipart/mixed' },
      },
    ],
    [
      'in parts, for any type',
      { query: '{ account { id ... @defer { user { userId } } } }', headers: { accept: '*/*' } },
    ],
    [
      'in parts, where the client takes none',
      {
        query: '{ account { id ... @defer { user { userId } } } }',
        headers: { accept: 'application/json' },
      },
    ],
    [
      'a subscription that is refused',
      {
        query: 'subscription { marginsChanged(accountIds: ["none"]) { account { id } } }',
        headers: { accept: '*/*' },
      },
    ],
    ['to a page of an allowed origin', { query: who, headers: { origin: allowed } }],
  ])('%s', async (_what, sent) => {
    await agreedOn(sent, 'Yoga');
  });
});

test('random documents have the same answer on both ways', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.gen(), async (gen) => {
      const authorization = gen(() =>
        fc.constantFrom(tokens('SIM0001'), tokens('SIM0001', 'SIM9999')),
      );
      await agreedOn({ ...anyQuery(gen, schema), headers: { authorization } });
    }),
    { numRuns: 150, endOnFailure: true },
  );
});

test('a client that goes away in the middle of its request is no trouble', async () => {
  const { port } = new URL(world.url);
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"query":',
  );
  socket.destroy();
  await once(socket, 'close');
  expect((await agreedOn({ query: who })).status).toBe(200);
});
