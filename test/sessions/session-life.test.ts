// What a session says of its life: what was given for it, when it changed, and why it ended.
import { beforeEach, describe, expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { requestTokenOf } from '../support/login.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld } from '../support/world.ts';

const gateway = 'http://localhost:4000';
let now = startOfTime;
const world = await startWorld({
  now: () => now,
  limits: { sessionMethods: 3, sessionDevices: 2 },
});
const origin = new URL(world.url).origin;

beforeEach(async () => {
  now = startOfTime;
  await world.reset();
});

const pass = (seconds: number) => {
  now = new Date(now.getTime() + seconds * 1_000);
};
const days = 86_400;

const life = graphql(`
  query Life {
    sessions {
      id state active loginTime issuedAt updatedAt authenticatedAt endedAt endReason assuranceLevel
      authenticationMethods { method assuranceLevel completedAt provider }
      account { id }
    }
  }
`);
const logout = graphql(`
  mutation LifeLogout($ids: [ID!]) { logout(accountIds: $ids) { loggedOut } }
`);
const renew = graphql(`
  mutation LifeRenew($id: ID!) {
    renewSession(input: { accountId: $id }) {
      ... on Session { updatedAt endReason authenticationMethods { method } }
    }
  }
`);

async function loggedIn(app = 'simulator', userId = 'SIM0001') {
  const visitor = new Visitor(origin, gateway);
  await visitor.logIn(`${origin}/login?app=${app}`, userId);
  return visitor;
}

const lives = async (visitor: Visitor) => (await visitor.ask(life)).data?.sessions ?? [];
const lifeOf = async (visitor: Visitor) => (await lives(visitor))[0];

const brokerLogin = {
  method: 'BROKER_LOGIN',
  assuranceLevel: null,
  completedAt: '2026-01-05T15:30:00+05:30',
  provider: 'KITE',
};

describe('what was given', () => {
  test('a login on Kite’s page proves no level, and has the time that Kite says', async () => {
    const visitor = await loggedIn();
    expect(await lifeOf(visitor)).toMatchObject({
      authenticationMethods: [brokerLogin],
      assuranceLevel: null,
      authenticatedAt: '2026-01-05T15:30:00+05:30',
    });
  });

  test('a renewal adds the refresh token, is no new factor, and leaves the login in the list', async () => {
    const visitor = await loggedIn('simulator-platform');
    const id = (await lifeOf(visitor))?.account.id ?? '';
    const methods = async () => (await lifeOf(visitor))?.authenticationMethods;
    const renewal = (completedAt: string) => ({
      ...brokerLogin,
      method: 'REFRESH_TOKEN',
      completedAt,
    });
    for (const minutes of ['31', '32', '33']) {
      pass(60);
      const { data } = await visitor.ask(renew, { id });
      expect(data?.renewSession).toMatchObject({ updatedAt: `2026-01-05T15:${minutes}:00+05:30` });
    }
    // At most three (LIMIT_SESSION_METHODS): the login stays, the oldest renewal goes.
    expect(await methods()).toEqual([
      brokerLogin,
      renewal('2026-01-05T15:32:00+05:30'),
      renewal('2026-01-05T15:33:00+05:30'),
    ]);
    expect(await lifeOf(visitor)).toMatchObject({ authenticatedAt: '2026-01-05T15:30:00+05:30' });
  });

  test('a caller that keeps its own tokens is told the same', async () => {
    const exchange = graphql(`
      mutation LifeExchange($input: ExchangeTokenInput!) {
        exchangeToken(input: $input) {
          ... on Session {
            refreshToken updatedAt issuedAt endedAt endReason authenticatedAt assuranceLevel createdFrom { id }
            authenticationMethods { method assuranceLevel completedAt provider }
          }
        }
      }
    `);
    const own = graphql(`
      mutation LifeRenewOwn($input: RenewSessionInput!) {
        renewSession(input: $input) {
          ... on Session { authenticatedAt authenticationMethods { method assuranceLevel completedAt provider } }
        }
      }
    `);
    const apiKey = 'simulator-platform';
    const requestToken = await requestTokenOf(world.simulator, 'SIM0001', apiKey);
    const { data } = await world.ask(exchange, { variables: { input: { apiKey, requestToken } } });
    const session = data?.exchangeToken as { refreshToken: string };
    expect(session).toEqual({
      refreshToken: expect.any(String),
      updatedAt: '2026-01-05T15:30:00+05:30',
      issuedAt: '2026-01-05T15:30:00+05:30',
      endedAt: null,
      endReason: null,
      authenticatedAt: '2026-01-05T15:30:00+05:30',
      assuranceLevel: null,
      createdFrom: null,
      authenticationMethods: [brokerLogin],
    });
    const { refreshToken } = session;
    const renewed = await world.ask(own, { variables: { input: { apiKey, refreshToken } } });
    expect(renewed.data?.renewSession).toEqual({
      authenticatedAt: null,
      authenticationMethods: [{ ...brokerLogin, method: 'REFRESH_TOKEN' }],
    });
  });
});

describe('changes and ends', () => {
  test('use is no change', async () => {
    const visitor = await loggedIn();
    const before = await lifeOf(visitor);
    expect(before).toMatchObject({
      updatedAt: before?.issuedAt,
      endedAt: null,
      endReason: null,
    });
    pass(3_600);
    await lives(visitor);
    pass(3_600);
    expect(await lifeOf(visitor)).toEqual(before);
  });

  test('REFUSED_BY_BROKER: said in the very answer that finds out, and kept by a later logout', async () => {
    const visitor = await loggedIn();
    await visitor.logIn(`${origin}/login?app=simulator`, 'SIM0002');
    const id = (await lives(visitor))[1]?.account.id ?? '';
    pass(days);
    await world.advance(days);
    const found = graphql(`
      query LifeRefused($id: ID!) {
        account(id: $id) { user { email } session { state endedAt endReason updatedAt active } }
      }
    `);
    const expected = {
      state: 'EXPIRED',
      active: false,
      endedAt: '2026-01-06T15:30:00+05:30',
      updatedAt: '2026-01-06T15:30:00+05:30',
      endReason: 'REFUSED_BY_BROKER',
    };
    const answer = await visitor.ask(found, { id });
    expect(answer.data?.account?.session).toEqual(expected);
    pass(60);
    expect((await visitor.ask(found, { id })).data?.account?.session).toEqual(expected);
    await visitor.ask(logout, { ids: [id] });
    const all = await lives(visitor);
    expect(all.find(({ account }) => account.id === id)).toMatchObject({
      ...expected,
      state: 'REVOKED',
      updatedAt: '2026-01-06T15:31:00+05:30',
    });
  });

  test('LOGGED_OUT: also while the broker has not confirmed it', async () => {
    for (const isConfirmed of [true, false]) {
      const visitor = await loggedIn();
      // Sessions of one moment have no order.
      pass(1);
      await visitor.logIn(`${origin}/login?app=simulator`, 'SIM0002');
      const [session] = await lives(visitor);
      pass(60);
      if (!isConfirmed) await world.fault({ kind: 'reset', path: '/session/token' });
      await visitor.ask(logout, { ids: [session?.account.id ?? ''] });
      const at = now.getTime();
      const [ended, other] = await lives(visitor);
      expect(ended).toMatchObject({ endReason: 'LOGGED_OUT', active: false });
      expect(new Date(String(ended?.endedAt)).getTime()).toBe(at);
      expect(ended?.updatedAt).toBe(ended?.endedAt);
      expect(other).toMatchObject({ endReason: null, endedAt: null });
      await world.clearFaults();
    }
  });

  test('a renewal of an ended session begins it anew', async () => {
    const visitor = await loggedIn('simulator-platform');
    const id = (await lifeOf(visitor))?.account.id ?? '';
    pass(days);
    await world.advance(days);
    await visitor.askRaw('{ account { user { email } } }');
    expect(await lifeOf(visitor)).toMatchObject({ endReason: 'REFUSED_BY_BROKER' });
    await visitor.ask(renew, { id });
    expect(await lifeOf(visitor)).toMatchObject({
      endReason: null,
      endedAt: null,
      state: 'ACTIVE',
    });
  });
});

describe('where it was logged in from', () => {
  const devices = graphql(`
    query LifeDevices {
      sessions { createdFrom { ...LifeDevice } devices { ...LifeDevice } }
    }
    fragment LifeDevice on SessionDevice { id ipAddress userAgent firstSeenAt lastSeenAt }
  `);
  const seen = async (visitor: Visitor, userAgent: string) => {
    pass(60);
    await visitor.ask(devices, undefined, { 'user-agent': userAgent });
    const { data } = await visitor.ask(devices, undefined, { 'user-agent': userAgent });
    return data?.sessions?.[0];
  };

  test('is one object with the device in the list, and stays when the list drops it', async () => {
    const visitor = await loggedIn();
    const first = await seen(visitor, 'node');
    expect(first?.createdFrom).toMatchObject({
      userAgent: 'node',
      ipAddress: '127.0.0.1',
      firstSeenAt: '2026-01-05T15:30:00+05:30',
      lastSeenAt: '2026-01-05T15:31:00+05:30',
    });
    expect(first?.devices).toEqual([first?.createdFrom]);
    await seen(visitor, 'Second');
    const later = await seen(visitor, 'Third');
    expect(later?.devices.map(({ userAgent }) => userAgent)).toEqual(['Third', 'Second']);
    expect(later?.createdFrom).toEqual(first?.createdFrom);
    const node = graphql(`query LifeNode($id: ID!) { node(id: $id) { ...LifeDevice } }`);
    const found = await visitor.ask(node, { id: first?.createdFrom?.id ?? '' });
    expect(found.data?.node).toEqual(first?.createdFrom);

    const again = await seen(visitor, 'node');
    expect(again?.devices[0]).toEqual(again?.createdFrom);
    expect(again?.createdFrom).toMatchObject({
      firstSeenAt: '2026-01-05T15:30:00+05:30',
      lastSeenAt: '2026-01-05T15:34:00+05:30',
    });
  });
});
