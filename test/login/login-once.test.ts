// A request token works once: what becomes of a redirect that comes twice, and of a session that cannot be kept.
import { beforeEach, describe, expect, test } from 'vitest';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { createMemoryStore } from '../../src/keyring/stores/memory-store.ts';
import { type KeyringStore, KeyringStoreError } from '../../src/keyring/stores/store.ts';
import { graphql } from '../generated/gql.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld } from '../support/world.ts';

const gateway = 'http://localhost:4000';
let now = startOfTime;
/** What the store is made to do: refuse writes of one kind. */
let refused: keyof KeyringStore | null = null;
const memory = createMemoryStore(() => now);
const keyringStore = new Proxy(memory, {
  get(target, name: keyof KeyringStore) {
    const member: unknown = target[name];
    if (typeof member !== 'function') return member;
    // Methods are bound once: what is refused is asked with each call.
    return (...words: unknown[]) =>
      name === refused
        ? Promise.reject(new KeyringStoreError())
        : Reflect.apply(member, target, words);
  },
});
const options = { exposeTokens: false, keyringStore, keyringKeys: [generateKey()], now: () => now };
const world = await startWorld(options);
const origin = new URL(world.url).origin;
const loginUrl = (app = 'simulator') => `${origin}/login?app=${app}&returnTo=/app`;

beforeEach(async () => {
  now = startOfTime;
  refused = null;
  await world.reset();
});

const users = graphql(`query OnceUsers { accounts { id user { userId email } } }`);
const exchange = graphql(`
  mutation OnceExchange($input: ExchangeTokenInput!) {
    exchangeToken(input: $input) { __typename ... on Session { id state } ... on ApiError { code message retryable } }
  }
`);
const renew = graphql(`
  mutation OnceRenew($id: ID!) {
    renewSession(input: { accountId: $id }) { __typename ... on Session { id state } ... on ApiError { code message retryable } }
  }
`);

async function atKite(userId = 'SIM0001', app = 'simulator') {
  const visitor = new Visitor(origin, gateway);
  const callback = await visitor.logInAtKite(loginUrl(app), userId);
  const { searchParams } = new URL(callback);
  const requestToken = searchParams.get('request_token') ?? '';
  await world.calls();
  return { visitor, callback, input: { requestToken, state: searchParams.get('state') ?? '' } };
}

function sameBrowser(visitor: Visitor): Visitor {
  const copy = new Visitor(origin, gateway);
  for (const [name, value] of visitor.cookies) copy.cookies.set(name, value);
  return copy;
}

const upstream = async () =>
  (await world.calls()).map(({ method, path, status }) => [method, path, status]);
const exchanged = ['POST', '/session/token', 200];
const ended = ['DELETE', '/session/token', 200];

describe('the same redirect again, from the same browser', () => {
  test('joins the first while that goes on: both end logged in, for one call', async () => {
    const { visitor, callback } = await atKite();
    const visits = await Promise.all([visitor.visit(callback), visitor.visit(callback)]);
    expect(visits.map(({ status, location }) => [status, location])).toEqual(
      Array(2).fill([303, `${gateway}/app`]),
    );
    expect(await upstream()).toEqual([exchanged]);
    expect((await visitor.ask(users)).data?.accounts).toHaveLength(1);
  });

  test('ends logged in where the first answer was lost', async () => {
    const { visitor, callback } = await atKite();
    await sameBrowser(visitor).visit(callback);
    expect((await visitor.visit(callback)).location).toBe(`${gateway}/app`);
    expect(await upstream()).toEqual([exchanged]);
    expect((await visitor.ask(users)).data?.accounts).toMatchObject([
      { user: { userId: 'SIM0001' } },
    ]);
  });

  test('ends logged in when it is reloaded soon after, and not any later', async () => {
    const { visitor, callback } = await atKite();
    await visitor.visit(callback);
    expect((await visitor.visit(callback)).location).toBe(`${gateway}/app`);
    now = new Date(now.getTime() + 121_000);
    expect((await visitor.visit(callback)).text).toContain('LOGIN_MISMATCH');
    expect(await upstream()).toEqual([exchanged]);
  });

  test('works on another replica, which only knows the keyring', async () => {
    const replica = await startWorld({ ...options, kiteBaseUrl: world.simulator.url });
    const { visitor, callback } = await atKite();
    await visitor.visit(callback);
    const there = new URL(replica.url).origin;
    const again = new Visitor(there, gateway);
    for (const [name, value] of visitor.cookies) again.cookies.set(name, value);
    expect((await again.visit(callback.replace(origin, there))).location).toBe(`${gateway}/`);
    expect(await upstream()).toEqual([exchanged]);
  });

  test('is the same session for exchangeToken, at once and soon after', async () => {
    const { visitor, input } = await atKite();
    const twice = [visitor.ask(exchange, { input }), visitor.ask(exchange, { input })];
    const answers = [...(await Promise.all(twice)), await visitor.ask(exchange, { input })];
    const sessions = answers.map(({ data }) => data?.exchangeToken);
    expect(sessions).toMatchObject(Array(3).fill({ __typename: 'Session', state: 'ACTIVE' }));
    expect(new Set(sessions.map((session) => JSON.stringify(session))).size).toBe(1);
    expect(await upstream()).toEqual([exchanged]);
  });

  test('logs no other browser in', async () => {
    const { visitor, callback } = await atKite();
    const stranger = new Visitor(origin, gateway);
    const visits = await Promise.all([visitor.visit(callback), stranger.visit(callback)]);
    expect(visits[1]?.text).toContain('LOGIN_MISMATCH');
    expect((await stranger.visit(callback)).text).toContain('LOGIN_MISMATCH');
    expect(stranger.cookies.size).toBe(0);
  });

  test('does not log in again after a logout', async () => {
    const { visitor, callback } = await atKite();
    await visitor.visit(callback);
    await visitor.askRaw('mutation { logout { loggedOut } }');
    expect((await visitor.visit(callback)).text).toContain('LOGIN_MISMATCH');
  });
});

describe('a session that cannot be kept', () => {
  test('spends no token where the store takes no writes: a reload finishes the login', async () => {
    const { visitor, callback, input } = await atKite();
    refused = 'proveWrite';
    const end = await visitor.visit(callback);
    expect([end.status, end.location]).toEqual([503, null]);
    expect(end.text).toContain('KEYRING_UNAVAILABLE');
    const { data } = await visitor.ask(exchange, { input });
    expect(data?.exchangeToken).toMatchObject({ code: 'KEYRING_UNAVAILABLE', retryable: true });
    expect(await upstream()).toEqual([]);
    refused = null;
    expect((await visitor.visit(callback)).location).toBe(`${gateway}/app`);
  });

  test('is ended at Kite before the failure is returned', async () => {
    for (const way of ['callback', 'exchangeToken']) {
      const { visitor, callback, input } = await atKite();
      refused = 'writeRecords';
      if (way === 'callback') {
        const { location } = await visitor.visit(callback);
        expect(location).toBe(`${gateway}/app?error=KEYRING_UNAVAILABLE`);
      } else {
        const { data } = await visitor.ask(exchange, { input });
        expect(data?.exchangeToken).toMatchObject({
          code: 'KEYRING_UNAVAILABLE',
          message: expect.stringMatching(/start again in a moment/),
          retryable: false,
        });
      }
      expect(await upstream()).toEqual([exchanged, ended]);
      refused = null;
    }
  });

  test('whose token is spent is not to be reloaded', async () => {
    const visitor = new Visitor(origin, gateway);
    const callback = await visitor.logInAtKite(`${origin}/login?app=simulator`, 'SIM0001');
    refused = 'writeRecords';
    const { text } = await visitor.visit(callback);
    expect(text).toContain('KEYRING_UNAVAILABLE');
    expect(text).not.toMatch(/reload/i);
    refused = null;
  });
});

describe('renewals', () => {
  async function renewable() {
    const { visitor, callback } = await atKite('SIM0001', 'simulator-platform');
    await visitor.visit(callback);
    const { data } = await visitor.ask(users);
    await world.calls();
    return { visitor, id: data?.accounts?.[0]?.id ?? '' };
  }

  test('of one session at once are one call, and one session', async () => {
    const { visitor, id } = await renewable();
    const answers = await Promise.all([visitor.ask(renew, { id }), visitor.ask(renew, { id })]);
    const sessions = answers.map(({ data }) => data?.renewSession);
    expect(sessions[0]).toMatchObject({ state: 'ACTIVE' });
    expect(sessions[1]).toEqual(sessions[0]);
    expect(await upstream()).toEqual([['POST', '/session/refresh_token', 200]]);
  });

  test('on two replicas at once keep the token that Kite keeps', async () => {
    const replica = await startWorld({ ...options, kiteBaseUrl: world.simulator.url });
    const { visitor, id } = await renewable();
    const there = new Visitor(new URL(replica.url).origin, gateway);
    for (const [name, value] of visitor.cookies) there.cookies.set(name, value);
    const answers = await Promise.all([visitor.ask(renew, { id }), there.ask(renew, { id })]);
    for (const { data } of answers) expect(data?.renewSession).toMatchObject({ state: 'ACTIVE' });
    const { data, errors } = await visitor.ask(users);
    expect(errors).toEqual([]);
    expect(data?.accounts).toMatchObject([{ id, user: { userId: 'SIM0001' } }]);
  });

  test('whose session cannot be kept are given back, the kept refresh token excepted', async () => {
    const { visitor, id } = await renewable();
    refused = 'writeRecords';
    const { data } = await visitor.ask(renew, { id });
    expect(data?.renewSession).toMatchObject({
      code: 'KEYRING_UNAVAILABLE',
      message: expect.stringMatching(/start again in a moment/),
      retryable: false,
    });
    expect(await upstream()).toEqual([['POST', '/session/refresh_token', 200], ended]);
    refused = null;
    const again = await visitor.ask(renew, { id });
    expect(again.data?.renewSession).toMatchObject({ state: 'ACTIVE' });
  });
});
