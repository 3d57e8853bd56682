// What pages elsewhere can do to a login that a user has begun: nothing. And what its cookies may cost.
import { get, type IncomingMessage } from 'node:http';
import { beforeEach, expect, test } from 'vitest';
import { Visitor } from '../support/visitor.ts';
import { apps, startOfTime, startWorld } from '../support/world.ts';

const gateway = 'http://localhost:4000';
let now = startOfTime;
const world = await startWorld({ now: () => now });
const origin = new URL(world.url).origin;
const loginUrl = (returnTo = '/') =>
  `${origin}/login?app=simulator&returnTo=${encodeURIComponent(returnTo)}`;

beforeEach(async () => {
  now = startOfTime;
  await world.reset();
});

const begun = ({ cookies }: Visitor) =>
  [...cookies.keys()].filter((name) => name.startsWith('kite_graphql-login-'));

test.each([
  ['a fetch', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
  ['a frame', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
  ['a prefetch', { 'sec-fetch-mode': 'navigate', 'sec-purpose': 'prefetch' }],
])('%s begins no login, and sets no cookie', async (_what, headers: Record<string, string>) => {
  const response = await fetch(loginUrl(), { redirect: 'manual', headers });
  expect([response.status, response.headers.getSetCookie()]).toEqual([403, []]);
});

test('a browser that opens the address itself begins one', async () => {
  // Not by fetch, which says of itself that it is one.
  const headers = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  const response = await new Promise<IncomingMessage>((resolve) =>
    get(loginUrl(), { headers }, resolve),
  );
  response.resume();
  expect([response.statusCode, response.headers['set-cookie']?.length]).toEqual([303, 1]);
});

test('all cookies of logins together have 4 kB at most, the newest kept; what does not open goes first', async () => {
  const visitor = new Visitor(origin, gateway);
  visitor.cookies.set('kite_graphql-login-unreadable', 'x'.repeat(2_000));
  for (let count = 0; count < 12; count += 1) {
    now = new Date(now.getTime() + 1_000);
    await visitor.visit(loginUrl(`/${'a'.repeat(count % 2 === 0 ? 470 : 10)}`));
    const bytes = begun(visitor).map(
      (name) => name.length + (visitor.cookies.get(name)?.length ?? 0),
    );
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(4_096);
    expect(begun(visitor)).not.toContain('kite_graphql-login-unreadable');
  }
  expect(begun(visitor).length).toBeGreaterThan(2);
});

test('a bare link to the callback ends no login', async () => {
  const visitor = new Visitor(origin, gateway);
  const callback = await visitor.logInAtKite(loginUrl('/app'), 'SIM0001');
  await visitor.visit(`${origin}/callback`);
  await visitor.visit(`${origin}/callback?status=cancelled`);
  expect((await visitor.visit(callback)).location).toBe(`${gateway}/app`);
});

test.each(['javascript:alert(1)', `blob:${gateway}/a`, `data:text/html,x`, `ftp://localhost/`])(
  'returnTo is a page over http or https: not %s',
  async (address) => {
    expect((await new Visitor(origin).visit(loginUrl(address))).status).toBe(400);
  },
);

test('a cookie that a login has replaced gets no new one', async () => {
  const visitor = new Visitor(origin, gateway);
  await visitor.logIn(loginUrl(), 'SIM0001');
  const thief = new Visitor(origin, gateway);
  thief.cookies.set('kite_graphql', visitor.cookies.get('kite_graphql') ?? '');
  await visitor.logIn(loginUrl(), 'SIM0002');
  await thief.logIn(loginUrl(), 'SIM0003');
  expect(thief.setCookies.filter((line) => line.startsWith('kite_graphql='))).toEqual([]);
  now = new Date(now.getTime() + 61_000);
  const { errors } = await thief.askRaw('{ accounts { id } }');
  expect(errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
});

test('gateways of different names on one host leave each other’s cookies alone', async () => {
  const other = await startWorld({ now: () => now, cookieName: 'desk' });
  const there = new URL(other.url).origin;
  const visitor = new Visitor(origin, gateway);
  await visitor.logIn(loginUrl(), 'SIM0001');
  const second = new Visitor(there, gateway);
  for (const [name, value] of visitor.cookies) second.cookies.set(name, value);
  await second.logIn(`${there}/login?app=simulator`, 'SIM0002');
  expect([...second.cookies.keys()].sort()).toEqual(['desk', 'kite_graphql']);
});

test('a wrong secret is APP_MISCONFIGURED, to the page and in the log, with what the operator has to do', async () => {
  const lines: Record<string, unknown>[] = [];
  const { pino } = await import('pino');
  const logger = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
  const wrong = apps.map((app) => ({ ...app, apiSecret: 'secret-of-yesterday' }));
  const there = await startWorld({ apps: wrong, logger, now: () => now });
  const start = new URL(there.url).origin;
  const visitor = new Visitor(start, gateway);
  const callback = await visitor.logInAtKite(`${start}/login?app=simulator&returnTo=/`, 'SIM0001');
  const end = await visitor.visit(callback);
  expect(end.location).toBe(`${gateway}/?error=APP_MISCONFIGURED`);
  const requestId = end.headers.get('x-request-id');
  const own = lines.filter((line) => line.requestId === requestId);
  expect(own.map(({ msg }) => msg)).toEqual([
    expect.stringMatching(/correct the secret in KITE_API_SECRET or APPS_FILE/),
    'Login failed',
  ]);
  expect(own).toMatchObject([{ apiKey: 'simulator' }, { code: 'APP_MISCONFIGURED' }]);
  expect(JSON.stringify(lines)).not.toContain('secret-of-yesterday');

  const ask = `mutation { exchangeToken(input: { requestToken: "abc", apiKey: "simulator" }) {
    __typename ... on AuthenticationError { code retryable loginUrl } } }`;
  const { data } = await there.askRaw(ask);
  expect(data.exchangeToken).toEqual({
    __typename: 'AuthenticationError',
    code: 'APP_MISCONFIGURED',
    retryable: false,
    loginUrl: null,
  });
});
