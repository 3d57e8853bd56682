// Where a login may lead: one rule, whether the address is made by App.loginUrl or asked for at /login.
import { expect, test } from 'vitest';
import { startWorld } from '../support/world.ts';

const world = await startWorld({ allowedOrigins: ['http://localhost:5173'] });
const query = 'query ($returnTo: String) { apps { loginUrl(returnTo: $returnTo) } }';

async function outcomes(returnTo: string) {
  const made = await world.askRaw(query, { variables: { returnTo } });
  const login = new URL('login?app=simulator', world.url);
  login.searchParams.set('returnTo', returnTo);
  const begun = await fetch(login, { redirect: 'manual' });
  return { made, begun, page: await begun.text() };
}

test.each([
  ['a script', 'javascript:alert(1)'],
  ['data', 'data:text/html,hello'],
  ['a file', 'file:///etc/passwd'],
  ['a blob of a trusted origin', 'blob:http://localhost:5173/5f1b'],
  ['an app’s own scheme', 'myapp://done'],
  ['another origin', 'https://example.org/'],
  ['another origin without a scheme', '//example.org/'],
  ['a user name before a trusted host', 'http://example.org@localhost:5173/'],
  ['an address of 501 characters', `http://localhost:5173/${'x'.repeat(479)}`],
  ['an address that is longer once it is encoded', `http://localhost:5173/${'é'.repeat(90)}`],
])('is refused by both with the same words where it is %s', async (_what, returnTo) => {
  const { made, begun, page } = await outcomes(returnTo);
  expect(made.errors).toMatchObject([
    { extensions: { code: 'BAD_USER_INPUT', field: 'returnTo' } },
  ]);
  expect(begun.status).toBe(400);
  expect(begun.headers.getSetCookie()).toEqual([]);
  expect(page).toContain(made.errors[0]?.message);
});

test.each([
  ['a page of the gateway’s own origin', '/after'],
  ['a page of an allowed origin', 'http://localhost:5173/after?tab=2'],
  ['an address of 500 characters', `http://localhost:5173/${'x'.repeat(478)}`],
])('is accepted by both where it is %s', async (_what, returnTo) => {
  const { made, begun } = await outcomes(returnTo);
  expect(made.errors).toEqual([]);
  expect(new URL(made.data.apps[0].loginUrl).searchParams.get('returnTo')).toBe(returnTo);
  expect(begun.status).toBe(303);
});
