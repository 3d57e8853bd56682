// docs/moving-over.md: each call of the official clients and its query there give the same.
import { readFileSync } from 'node:fs';
import { KiteConnect } from 'kiteconnect';
import { KiteConnect as KiteConnectTs } from 'kiteconnect-ts';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { requestTokenOf } from '../support/login.ts';
import { Visitor } from '../support/visitor.ts';
import { apps, startWorld } from '../support/world.ts';

const world = await startWorld();
const page = readFileSync(new URL('../../docs/moving-over.md', import.meta.url), 'utf8');
const users = ['SIM0001', 'SIM0002', 'SIM0003', 'SIM0004', 'SIM0005'];
const platform = { apiKey: 'simulator-platform', apiSecret: 'simulator-platform-secret' };

beforeEach(() => world.reset());

/** The examples of a language below a heading. */
function examples(heading: string, language: 'js' | 'graphql'): string[] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const found = section.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'));
  return [...found].map(([, text = '']) => text.trim());
}

// biome-ignore lint/suspicious/noExplicitAny: whatever a client answers.
type Anything = any;

/** Executes an example of JavaScript, with these names. */
function execute(code: string, names: Readonly<Record<string, unknown>>): Promise<Anything> {
  const parameters = Object.keys(names).join(', ');
  const source = `export default async ({ ${parameters} }) => (${code});`;
  return import(`data:text/javascript,${encodeURIComponent(source)}`).then((module) =>
    module.default(names),
  );
}

/** The name that Kite has for a field. */
const inSnakeCase = (name: string) =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Holds every field of an answer to the field of that name in Kite's. @returns how many values were compared. */
function expectSame(answer: Anything, kite: Anything): number {
  let compared = 0;
  for (const [name, value] of Object.entries<Anything>(answer)) {
    const theirs = kite?.[inSnakeCase(name)];
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
      compared += expectSame(value, theirs);
    } else {
      const expected = theirs === undefined || theirs === '' ? null : theirs;
      // JSON has no −0.
      expect([name, value]).toEqual([name, expected === 0 ? 0 : expected]);
      compared += 1;
    }
  }
  return compared;
}

describe.each([
  ['kiteconnect', KiteConnect],
  ['kiteconnect-ts', KiteConnectTs],
])('%s', (_name, Client) => {
  const connect = (userId?: string, apiKey = 'simulator'): Anything => {
    const options = { api_key: apiKey, root: world.simulator.url, timeout: 7_000 };
    const token = userId === undefined ? {} : { access_token: `${userId}-token` };
    // Both accept a login_uri and ignore it.
    const login = { default_login_uri: `${world.simulator.url}/connect/login` };
    return Object.assign(new Client({ ...options, ...token }), login);
  };
  const header = (userId: string) => ({ authorization: `token simulator:${userId}-token` });

  test('getLoginURL leads to the page of brokerLoginUrl', async () => {
    const [js = ''] = examples('getLoginURL', 'js');
    const [query = ''] = examples('getLoginURL', 'graphql');
    const theirs = new URL(await execute(js, { kc: connect() }));
    const { data } = await world.askRaw(query);
    const app = data.apps.find((each: { apiKey: string }) => each.apiKey === 'simulator');
    const ours = new URL(app.brokerLoginUrl);
    expect(ours.origin + ours.pathname).toBe(theirs.origin + theirs.pathname);
    expect(Object.fromEntries(ours.searchParams)).toEqual(Object.fromEntries(theirs.searchParams));
  });

  test.each([apps[0], platform])(
    'generateSession gives what exchangeToken gives: $apiKey',
    async (app) => {
      const { apiKey = '', apiSecret = '' } = app ?? {};
      const [js = ''] = examples('generateSession', 'js');
      const [query = ''] = examples('generateSession', 'graphql');
      const requestToken = () => requestTokenOf(world.simulator, 'SIM0003', apiKey);
      const kc = connect(undefined, apiKey);
      const theirs = await execute(js, { kc, requestToken: await requestToken(), apiSecret });
      const { data } = await world.askRaw(query, {
        variables: { apiKey, requestToken: await requestToken() },
      });
      const { __typename, accessToken, publicToken, refreshToken, loginTime, user, ...rest } =
        data.exchangeToken;
      expect(__typename).toBe('Session');
      expect(expectSame({ ...user, ...rest }, theirs)).toBe(12);
      // Each login has tokens of its own; both work, and both are there or missing.
      expect(accessToken).toHaveLength(theirs.access_token.length);
      expect(publicToken).toHaveLength(theirs.public_token.length);
      expect(refreshToken === null).toBe(theirs.refresh_token === '');
      expect(loginTime).toMatch(/^2026-01-05T15:3\d:\d\d\+05:30$/);
      kc.setAccessToken(accessToken);
      expect(await kc.getProfile()).toMatchObject({ user_id: 'SIM0003' });
    },
  );

  test.each(users)('getProfile gives what user gives: %s', async (userId) => {
    const [js = ''] = examples('getProfile', 'js');
    const [query = ''] = examples('getProfile', 'graphql');
    const theirs = await execute(js, { kc: connect(userId) });
    const { data, errors } = await world.askRaw(query, header(userId));
    expect(errors).toEqual([]);
    expect(expectSame(data.account.user, theirs)).toBeGreaterThanOrEqual(10);
  });

  test.each(users)('getMargins gives what margins gives, by as many calls: %s', async (userId) => {
    const codes = examples('getMargins', 'js');
    const queries = examples('getMargins', 'graphql');
    expect([codes.length, queries.length]).toEqual([2, 2]);
    for (const [index, js] of codes.entries()) {
      await world.calls();
      const theirs = await execute(js, { kc: connect(userId) });
      const before = await world.calls();
      const { data, errors } = await world.askRaw(queries[index] ?? '', header(userId));
      expect(errors).toEqual([]);
      const { margins } = data.account;
      const segment = index === 1 ? { equity: theirs } : theirs;
      expect(expectSame(margins, segment)).toBe(index === 1 ? 5 : 40);
      expect((await world.calls()).map(({ path }) => path)).toEqual(before.map(({ path }) => path));
    }
  });

  test('renewAccessToken gives what renewSession gives', async () => {
    const [js = ''] = examples('renewAccessToken', 'js');
    const [query = ''] = examples('renewAccessToken', 'graphql');
    const { apiKey, apiSecret } = platform;
    const kc = connect(undefined, apiKey);
    const logIn = async () =>
      kc.generateSession(await requestTokenOf(world.simulator, 'SIM0001', apiKey), apiSecret);
    const { refresh_token: refreshToken } = await logIn();
    const theirs = await execute(js, { kc, refreshToken, apiSecret });
    const { refresh_token: other } = await logIn();
    const { data } = await world.askRaw(query, { variables: { apiKey, refreshToken: other } });
    expect(data.renewSession).toMatchObject({
      __typename: 'Session',
      user: { userId: theirs.user_id },
    });
    expect(data.renewSession.refreshToken).toHaveLength(theirs.refresh_token.length);
    kc.setAccessToken(data.renewSession.accessToken);
    expect(await kc.getProfile()).toMatchObject({ user_id: theirs.user_id });
  });

  test('invalidateAccessToken ends what logout ends', async () => {
    const [js = ''] = examples('invalidateAccessToken', 'js');
    const [query = ''] = examples('invalidateAccessToken', 'graphql');
    expect(await execute(js, { kc: connect('SIM0001') })).toBe(true);
    const { data } = await world.askRaw(query, header('SIM0002'));
    expect(data.logout).toEqual({ loggedOut: [expect.any(String)], failures: [] });
    for (const userId of ['SIM0001', 'SIM0002']) {
      await expect(connect(userId).getProfile()).rejects.toMatchObject({
        error_type: 'TokenException',
      });
    }
  });

  test('invalidateRefreshToken is part of the logout of a browser’s account', async () => {
    const [js = ''] = examples('invalidateRefreshToken', 'js');
    const [query = ''] = examples('invalidateAccessToken', 'graphql');
    const { apiKey, apiSecret } = platform;
    const kc = connect(undefined, apiKey);
    const session = await kc.generateSession(
      await requestTokenOf(world.simulator, 'SIM0001', apiKey),
      apiSecret,
    );
    kc.setAccessToken(session.access_token);
    await world.calls();
    expect(await execute(js, { kc, refreshToken: session.refresh_token })).toBe(true);
    await kc.invalidateAccessToken();
    const theirs = await world.calls();
    const origin = new URL(world.url).origin;
    const visitor = new Visitor(origin, 'http://localhost:4000');
    await visitor.logIn(`${origin}/login?app=${apiKey}`, 'SIM0001');
    await world.calls();
    const { data } = await visitor.askRaw<Anything>(query);
    expect(data.logout.failures).toEqual([]);
    const lines = (calls: typeof theirs) => calls.map(({ method, path }) => `${method} ${path}`);
    expect(lines(await world.calls())).toEqual(lines(theirs));
  });

  test('setSessionExpiryHook is called where a query fails with SESSION_EXPIRED', async () => {
    const [js = ''] = examples('setSessionExpiryHook', 'js');
    const [query = ''] = examples('getProfile', 'graphql');
    const kc = connect('SIM0001');
    const onExpired = vi.fn();
    await execute(js, { kc, onExpired });
    await kc.getProfile();
    const working = await world.askRaw(query, header('SIM0001'));
    expect([onExpired.mock.calls, working.errors]).toEqual([[], []]);

    await world.advance(86_400);
    const refused = await kc.getProfile().catch((error: unknown) => error);
    expect(onExpired).toHaveBeenCalledTimes(1);
    const { errors } = await world.askRaw(query, header('SIM0001'));
    expect(errors).toHaveLength(1);
    expect(errors[0]?.extensions).toMatchObject({
      code: 'SESSION_EXPIRED',
      accountId: expect.any(String),
      loginUrl: expect.stringContaining('/login?app=simulator'),
      broker: { errorType: refused.error_type },
    });
  });
});
