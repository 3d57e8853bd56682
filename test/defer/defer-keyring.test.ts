// @defer with a browser's cookie: the head of an answer, with its cookies and CORS, goes out before the last part is
// known, and nothing that comes later needs it.
import { beforeEach, expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { allOf, askInParts, fragmentsOf } from '../support/parts.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld } from '../support/world.ts';

const friend = 'http://app.localhost:3000';
const world = await startWorld({
  exposeTokens: false,
  allowedOrigins: [friend],
  now: () => startOfTime,
});
const gateway = new URL(world.url).origin;

beforeEach(async () => {
  await world.reset();
});

async function loggedIn(...userIds: readonly string[]): Promise<Visitor> {
  const visitor = new Visitor(gateway, friend);
  for (const userId of userIds) await visitor.logIn(`${gateway}/login?app=simulator`, userId);
  await world.calls();
  return visitor;
}

/** What the visitor's page would ask, cookie and all. */
function ask(visitor: Visitor, document: { toString(): string }, variables?: unknown) {
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return askInParts(world.url, document, { variables, headers: { origin: friend, cookie } });
}

const users = graphql(`
  query DeferredUsers { accounts { session { state } ... @defer { user { userId email } } } }
`);

test('a page of an allowed origin may read every part', async () => {
  const visitor = await loggedIn('SIM0001', 'SIM0002');
  const { headers, parts } = await ask(visitor, users);
  expect(headers.get('access-control-allow-origin')).toBe(friend);
  const whole = await visitor.ask(users, undefined, { accept: 'application/json' });
  expect(whole.errors).toEqual([]);
  for (const name of [
    'access-control-allow-credentials',
    'access-control-expose-headers',
    'vary',
  ]) {
    expect([name, headers.get(name)]).toEqual([name, whole.headers.get(name)]);
  }
  const ids = fragmentsOf(await allOf(parts)).map(({ data }) => data);
  expect(ids).toHaveLength(2);
  expect(ids).toEqual(
    expect.arrayContaining([{ user: { userId: 'SIM0001', email: expect.any(String) } }]),
  );
});

test('a session that a later part finds ended is noted, and the next request knows', async () => {
  const visitor = await loggedIn('SIM0001');
  await world.fault({ kind: 'error-envelope', errorType: 'TokenException', status: 403 });
  const { headers, parts } = await ask(visitor, users);
  const [first, ...rest] = await allOf(parts);
  expect(first?.data).toEqual({ accounts: [{ session: { state: 'ACTIVE' } }] });
  expect(fragmentsOf(rest)).toMatchObject([
    {
      data: { user: { userId: 'SIM0001', email: null } },
      errors: [{ extensions: { code: 'SESSION_EXPIRED' } }],
    },
  ]);
  expect(headers.getSetCookie()).toEqual([]);
  const again = await ask(visitor, users);
  expect((await allOf(again.parts))[0]?.data).toEqual({
    accounts: [{ session: { state: 'EXPIRED' } }],
  });
  expect(await world.calls()).toHaveLength(1);
});

test('an exchange sets its cookie with the first part, and later parts read the new account', async () => {
  const visitor = new Visitor(gateway, friend);
  const callback = new URL(await visitor.logInAtKite(`${gateway}/login?app=simulator`, 'SIM0001'));
  const [requestToken, state] = ['request_token', 'state'].map((name) =>
    callback.searchParams.get(name),
  );
  const { headers, parts } = await ask(
    visitor,
    graphql(`
      mutation ExchangeAndDefer($input: ExchangeTokenInput!) {
        exchangeToken(input: $input) {
          __typename
          ... on Session { account { ... @defer { margins { equity { net } } } } }
        }
      }
    `),
    { input: { requestToken, state } },
  );
  expect(headers.getSetCookie().join()).toContain('kite_graphql=');
  const [first, ...rest] = await allOf(parts);
  expect(first?.data).toEqual({ exchangeToken: { __typename: 'Session', account: {} } });
  expect(fragmentsOf(rest)).toMatchObject([
    {
      path: ['exchangeToken', 'account'],
      data: { margins: { equity: { net: 99725.05000000002 } } },
    },
  ]);
});

test('a logout has happened when its first part comes, and nothing later undoes it', async () => {
  const visitor = await loggedIn('SIM0001');
  const { headers, parts } = await ask(
    visitor,
    graphql(`
      mutation LogOutAndDefer {
        logout { loggedOut ... @defer { failures { account { user { userId } } } } }
      }
    `),
  );
  expect(headers.getSetCookie().join()).toMatch(/kite_graphql=;.*Max-Age=0/);
  const first = await parts.next();
  expect(first.value?.data).toEqual({ logout: { loggedOut: [expect.any(String)] } });
  expect((await world.calls()).map(({ method, path }) => `${method} ${path}`)).toEqual([
    'DELETE /session/token',
  ]);
  expect(fragmentsOf(await allOf(parts))).toEqual([{ path: ['logout'], data: { failures: [] } }]);
  const { data, errors } = await visitor.ask(users);
  expect([data?.accounts, errors[0]?.extensions.code]).toEqual([null, 'UNAUTHENTICATED']);
  expect(await world.calls()).toEqual([]);
});
