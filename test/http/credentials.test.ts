// Who is asking: Kite's own Authorization scheme, for one account and for many, and everything it is not.
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { credentialScheme } from '../../src/brokers/kite/client.ts';
import { readCredentials } from '../../src/http/request/credentials.ts';
import { graphql } from '../generated/gql.ts';
import { startWorld, tokens } from '../support/world.ts';

const world = await startWorld();
const ids = graphql(`query CredentialIds { accounts { id apiKey } }`);

const read = (authorization: string) =>
  readCredentials(new Headers({ authorization }), [credentialScheme], 1_000).credentials.map(
    ({ apiKey, accessToken }) => `${apiKey}:${accessToken.reveal()}`,
  );

test('an account id is the documented digest of its credential', async () => {
  const { data } = await world.ask(ids, { authorization: 'token key:secret' });
  const digest = createHash('sha256').update('kite-graphql account\0key\0secret').digest();
  expect(data?.accounts).toEqual([
    { id: digest.subarray(0, 16).toString('base64url'), apiKey: 'key' },
  ]);
});

test('the scheme may be written in any case, with spaces and tabs around', async () => {
  expect(read('  TOKEN \t a:b ,Token c:d,token e:f')).toEqual(['a:b', 'c:d', 'e:f']);
});

test('repeated headers are one list, also over a socket', async () => {
  const body = JSON.stringify({ query: ids.toString() });
  const answer = await new Promise<string>((resolve, reject) => {
    const call = request(world.url, { method: 'POST' }, (response) => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    call.on('error', reject);
    call.setHeader('content-type', 'application/json');
    call.setHeader('authorization', ['token a:1', 'token b:2, token c:3']);
    call.end(body);
  });
  const { data } = JSON.parse(answer);
  expect(data.accounts.map((account: { apiKey: string }) => account.apiKey)).toEqual([
    'a',
    'b',
    'c',
  ]);
});

test('equal pairs count once, in the place of the first', () => {
  expect(read('token a:1, token b:2, token a:1')).toEqual(['a:1', 'b:2']);
});

test('every list of good pairs is read back as it was written', () => {
  const part = fc.stringMatching(/^[A-Za-z0-9._-]{1,128}$/);
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(part, part), { minLength: 1, selector: String }),
      (pairs) => {
        const written = pairs.map(([key, token]) => `${key}:${token}`);
        expect(read(written.map((pair) => `token ${pair}`).join(', '))).toEqual(written);
      },
    ),
  );
});

const unreadable = [
  'token',
  'token ',
  'token a',
  'token :b-supersecret',
  'token a:',
  'token a:b-supersecret:c',
  'token a b-supersecret',
  'token a:b, ,token c:d-supersecret',
  'token a:b,',
  'token a:b, c:d-supersecret',
  'token a:b, Bearer supersecret',
  'Basic c3VwZXJzZWNyZXQ=, token a:supersecret',
  `token a:supersecret${'x'.repeat(128)}`,
  `token ${'x'.repeat(129)}:supersecret`,
  'token a:supersecret\u00e9',
  'token a:super%20secret',
];

test.each(unreadable)('%j is refused whole, and not echoed', async (authorization) => {
  const { status, data, errors, text } = await world.ask(ids, { authorization });
  expect(status).toBe(400);
  expect(data).toBeUndefined();
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', retryable: false } }]);
  expect(errors[0]?.message).toContain('token api_key:access_token');
  expect(text).not.toContain('supersecret');
});

test.each(['token a:b\r\nx: y', 'token a:b\u0000', 'token a:\u0001b', 'token a:b\u007f'])(
  '%j, as a server other than node:http may pass it on, is refused',
  (authorization) => {
    // Fetch's own Headers would refuse some of these before we see them.
    const headers = { get: () => authorization } as unknown as Headers;
    expect(() => readCredentials(headers, [credentialScheme], 1_000)).toThrow(/cannot be read/);
  },
);

test('which credential of a list is unreadable is said by its number', async () => {
  const { errors } = await world.ask(ids, { authorization: 'token a:b, token c' });
  expect(errors[0]?.message).toMatch(/^Credential 2 of 2 /);
});

test('more than a thousand credentials are refused; repetitions do not count', async () => {
  const many = Array.from({ length: 1_000 }, (_, n) => `token a:${n}`);
  expect(read([...many, ...many].join(','))).toHaveLength(1_000);
  const { status, errors } = await world.ask(ids, {
    authorization: [...many, 'token a:1000'].join(','),
  });
  expect(status).toBe(400);
  expect(errors[0]).toMatchObject({
    message: expect.stringContaining('1000'),
    extensions: { code: 'BAD_USER_INPUT' },
  });
});

test('without a credential an account is UNAUTHENTICATED, and the apps are there', async () => {
  const { status, data, errors } = await world.ask(
    graphql(`query Unknown { apps { apiKey } account { id } accounts { id } }`),
  );
  expect(status).toBe(200);
  expect(data).toEqual({ apps: [{ apiKey: 'simulator' }], account: null, accounts: null });
  expect(errors.map(({ path, extensions }) => [path, extensions.code])).toEqual([
    [['account'], 'UNAUTHENTICATED'],
    [['accounts'], 'UNAUTHENTICATED'],
  ]);
  expect(errors[0]?.extensions.loginUrl).toBe('http://localhost:4000/login?app=simulator');
  expect(await world.calls()).toEqual([]);
});

test.each([
  ['Bearer abc', 'Bearer'],
  ['Basic dXNlcjpwYXNz', 'Basic'],
])('another scheme, %j, does not apply, and is named', async (authorization, scheme) => {
  const { errors, text } = await world.ask(ids, { authorization });
  expect(errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
  expect(errors[0]?.message).toContain(` ${scheme} `);
  expect(text).not.toContain(authorization.slice(scheme.length + 1));
});

test.each(['supersecret', 'super-secret abc', 'tokensupersecret', '', 'a:supersecret'])(
  'what is no scheme, %j, is not repeated',
  async (authorization) => {
    const { errors, text } = await world.ask(ids, { authorization });
    expect(errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    expect(text).not.toContain('secret');
  },
);

test('account: the only one, the one named, or AMBIGUOUS_ACCOUNT', async () => {
  const one = graphql(`query OneAccount($id: ID) { account(id: $id) { id } }`);
  const only = await world.ask(one, { authorization: tokens('SIM0001') });
  expect(only.data?.account?.id).toMatch(/^[\w-]{22}$/);

  const both = { authorization: tokens('SIM0001', 'SIM0002') };
  const ambiguous = await world.ask(one, both);
  expect(ambiguous.data).toEqual({ account: null });
  expect(ambiguous.errors).toMatchObject([
    { path: ['account'], extensions: { code: 'AMBIGUOUS_ACCOUNT', field: 'id' } },
  ]);

  const id = only.data?.account?.id ?? '';
  const named = await world.ask(one, { ...both, variables: { id } });
  expect(named.data?.account?.id).toBe(id);

  const unknown = await world.ask(one, { ...both, variables: { id: 'nobody' } });
  expect(unknown.errors).toMatchObject([
    { path: ['account'], extensions: { code: 'NOT_FOUND', accountId: 'nobody' } },
  ]);
});

test('accounts named by id come in the order named; an unknown one is null at its place', async () => {
  const authorization = tokens('SIM0001', 'SIM0002');
  const all = await world.ask(ids, { authorization });
  const [first, second] = all.data?.accounts?.map((account) => account?.id ?? '') ?? [];
  const { data, errors } = await world.ask(
    graphql(`query Named($ids: [ID!]) { accounts(ids: $ids) { id } }`),
    { authorization, variables: { ids: [second ?? '', 'nobody', first ?? ''] } },
  );
  expect(data?.accounts).toEqual([{ id: second }, null, { id: first }]);
  expect(errors).toMatchObject([{ path: ['accounts', 1], extensions: { code: 'NOT_FOUND' } }]);
});
