// Sessions of Kotak in the keyrings of browsers: what they tell, what they cost, and how they are proved, ended and told on.
import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { createMemoryStore } from '../../src/keyring/stores/memory-store.ts';
import { SessionTokens } from '../../src/session-tokens/session-tokens.ts';
import { logInAtKotak } from '../support/broker-subjects.ts';
import { follow } from '../support/follower.ts';
import { startReceiver } from '../support/servers/webhook-receiver.ts';
import { signingKey } from '../support/values/signing-keys.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { Visitor } from '../support/visitor.ts';
import { apps, kotakApp, startOfTime, startWorld } from '../support/world.ts';

const gateway = 'http://localhost:4000';
const key = generateKey();
let now = startOfTime;
const keyringStore = createMemoryStore(() => now);
const sessionTokens = new SessionTokens({
  keys: [signingKey('EdDSA')],
  templates: {
    default: { claims: { broker: { path: 'broker' }, level: { path: 'assuranceLevel' } } },
  },
});
const shared = {
  apps: [...apps, kotakApp],
  exposeTokens: false,
  keyringStore,
  keyringKeys: [key],
  sessionTokens,
  now: () => now,
  limits: { loginAttempts: 1_000, passwordTries: 1_000, passwordTriesPerUser: 1_000 },
};
const clock = new TestClock();
const world = await startWorld({ ...shared, clock });
const origin = new URL(world.url).origin;

beforeEach(async () => {
  now = new Date(now.getTime() + 60_000);
  await world.reset();
  await world.clearFaults();
  await world.calls();
});

const at = (time: string) => new Date(`2026-01-05T${time}+05:30`);
const later = (minutes: number) => {
  now = new Date(now.getTime() + minutes * 60_000);
};
const calls = async () => (await world.calls()).map(({ method, path }) => `${method} ${path}`);
const margin = 'GET /kotak/apim/margin/1.0/margin';

async function browser(...userIds: readonly string[]) {
  const visitor = new Visitor(origin, gateway);
  for (const userId of userIds) {
    if (userId.startsWith('SIMK')) await logInAtKotak(world, visitor, userId);
    else await visitor.logIn(`${origin}/login?app=simulator`, userId);
    now = new Date(now.getTime() + 1);
  }
  await world.calls();
  // biome-ignore lint/suspicious/noExplicitAny: each test selects what it checks.
  const ask = (query: string, variables?: unknown) => visitor.askRaw<any>(query, variables);
  return { visitor, ask };
}

const details = `{ sessions {
  id broker apiKey accessToken state expiresAt assuranceLevel authenticatedAt loginTime
  authenticationMethods { method assuranceLevel completedAt provider }
  account { id label broker }
  user { userId userName userShortname email userType broker exchanges products orderTypes avatarUrl meta { dematConsent } }
} }`;

describe('a session', () => {
  test('tells the password and the code with their times, and the user as the second answer did, without a call', async () => {
    const { ask } = await browser('SIMK01');
    const { data, errors } = await ask(details);
    expect(errors).toEqual([]);
    const [session] = data.sessions;
    const time = expect.stringMatching(/^2026-01-05T15:.*\+05:30$/);
    expect(session).toMatchObject({
      broker: 'KOTAK',
      apiKey: 'simulator-kotak',
      accessToken: null,
      state: 'ACTIVE',
      expiresAt: null,
      assuranceLevel: 'TWO_FACTOR',
      authenticatedAt: session.authenticationMethods[1].completedAt,
      loginTime: time,
      account: { label: null, broker: 'KOTAK' },
    });
    const provider = 'KOTAK';
    expect(session.authenticationMethods).toEqual([
      { method: 'PASSWORD', assuranceLevel: 'SINGLE_FACTOR', completedAt: time, provider },
      { method: 'ACCESS_CODE', assuranceLevel: 'TWO_FACTOR', completedAt: time, provider },
    ]);
    expect(session.user).toEqual({
      userId: 'SIMK01',
      userName: 'Ishita Wangchuk',
      exchanges: ['NSE', 'BSE'],
      products: ['NORMAL', 'SUPERMULTIPLE', 'MTF', 'MIS'],
      userShortname: null,
      email: null,
      userType: null,
      broker: null,
      orderTypes: null,
      avatarUrl: null,
      meta: null,
    });
    expect(await calls()).toEqual([]);
  });

  test('of a user for whom the code is waived has proved one factor', async () => {
    const { ask } = await browser('SIMK03');
    const { data } = await ask(details);
    const [session] = data.sessions;
    expect(session.assuranceLevel).toBe('SINGLE_FACTOR');
    expect(session.authenticationMethods.map(({ method }: { method: string }) => method)).toEqual([
      'PASSWORD',
      'ONE_TIME_TOKEN',
    ]);
  });

  test('tells a list that the broker sent malformed as an error at that field, each time', async () => {
    const fields = { enabledProducts: 'NORMAL' };
    const path = '/kotak/apim/session/1.0/session/2FA/accesscode';
    await world.fault({ kind: 'wrong-types', fields, path });
    const { ask } = await browser('SIMK01');
    for (let count = 0; count < 2; count += 1) {
      const { data, errors } = await ask('{ sessions { user { userName exchanges products } } }');
      expect(data.sessions[0].user).toMatchObject({ exchanges: ['NSE', 'BSE'], products: null });
      expect(errors.map(({ path: field, extensions: { code } }) => [field?.at(-1), code])).toEqual([
        ['products', 'UPSTREAM_INVALID_RESPONSE'],
      ]);
    }
  });

  test('survives a restart of the gateway beside one of Kite, and is served by the host of its login', async () => {
    const { visitor } = await browser('SIM0001', 'SIMK02');
    const { url } = world.simulator;
    const kotakBaseUrls = [`${url}/kotak/apim`, `${url}/kotak-c/apim`];
    const restarted = await startWorld({ ...shared, kiteBaseUrl: url, kotakBaseUrls });
    const next = new Visitor(new URL(restarted.url).origin, gateway);
    for (const [name, value] of visitor.cookies) next.cookies.set(name, value);
    const query = '{ accounts { broker user { userId } session { state } } }';
    const { data, errors } = await next.askRaw<{ accounts: object[] }>(query);
    expect(errors).toEqual([]);
    expect(data?.accounts).toMatchObject([
      { broker: 'KOTAK', user: { userId: 'SIMK02' }, session: { state: 'ACTIVE' } },
      { broker: 'KITE', user: { userId: 'SIM0001' }, session: { state: 'ACTIVE' } },
    ]);
    // No host is tried first that does not serve the user.
    await next.askRaw('{ accounts { kotakMargins { equity { exchange } } } }');
    expect(await world.calls()).toMatchObject([
      { path: '/kotak-c/apim/margin/1.0/margin', status: 200 },
    ]);
  });

  test('keeps the label of its account through the next login, and lists its devices', async () => {
    const { visitor, ask } = await browser('SIM0001', 'SIMK01');
    const { data } = await ask('{ accounts { id broker } }');
    const { id } = data.accounts.find(({ broker }: { broker: string }) => broker === 'KOTAK');
    const label =
      'mutation ($id: ID!) { labelAccount(accountId: $id, label: "Father") { ... on Account { label } } }';
    expect((await ask(label, { id })).data.labelAccount).toEqual({ label: 'Father' });
    now = new Date(now.getTime() + 60_000);
    await logInAtKotak(world, visitor, 'SIMK01');
    const after = await ask(
      '{ accounts { id broker label session { devices { userAgent } createdFrom { userAgent } } } }',
    );
    const userAgent = 'Test browser';
    expect(after.data.accounts).toMatchObject([
      {
        id,
        broker: 'KOTAK',
        label: 'Father',
        session: { devices: [{ userAgent }], createdFrom: { userAgent } },
      },
      { broker: 'KITE', label: null },
    ]);
  });

  test('cannot be renewed: the broker gave no refresh token, and no call is made', async () => {
    const { ask } = await browser('SIMK01');
    const { data } = await ask('{ accounts { id } }');
    const renew =
      'mutation ($id: ID!) { renewSession(input: { accountId: $id }) { ... on InputError { code field message } } }';
    expect((await ask(renew, data.accounts[0])).data.renewSession).toEqual({
      code: 'BAD_USER_INPUT',
      field: 'accountId',
      message: 'The broker gave no refresh token with this session: log in again.',
    });
    expect(await calls()).toEqual([]);
  });

  test('that is logged out leaves the other broker’s session as it is', async () => {
    const { ask } = await browser('SIM0001', 'SIMK01');
    const { data } = await ask('{ accounts { id broker } }');
    const { id } = data.accounts.find(({ broker }: { broker: string }) => broker === 'KOTAK');
    const logout =
      'mutation ($ids: [ID!]) { logout(accountIds: $ids) { loggedOut failures { accountId } } }';
    expect((await ask(logout, { ids: [id] })).data.logout).toEqual({
      loggedOut: [id],
      failures: [],
    });
    expect(await calls()).toEqual(['DELETE /kotak/apim/session/1.0/session/logout']);
    expect((await ask('{ accounts { broker } }')).data.accounts).toEqual([{ broker: 'KITE' }]);
  });

  test('whose logout is unconfirmed is tried again the next day too: when its token ends is not known', async () => {
    const { ask } = await browser('SIMK01');
    await world.fault({ kind: 'service-unavailable', method: 'DELETE', times: 1 });
    await ask('mutation { logout { loggedOut } }');
    await world.calls();
    now = new Date('2026-01-06T09:00:00+05:30');
    await expect.poll(() => clock.waiting).toBe(1);
    clock.advance(1);
    await expect.poll(() => world.arrived()).toBe(1);
    expect(await calls()).toEqual(['DELETE /kotak/apim/session/1.0/session/logout']);
    await expect
      .poll(async () => (await ask('{ sessions { state } }')).data.sessions)
      .toEqual([{ state: 'REVOKED' }]);
    now = startOfTime;
  });
});

const scope = '{ sessions(scope: USER) { id current broker } }';
const revoke =
  'mutation ($ids: [ID!], $others: Boolean) { revokeSessions(ids: $ids, others: $others) { revoked failures { sessionId error { code } } } }';

describe('sessions of the same user in other browsers', () => {
  test('are proved by a call that the broker answers for a session alone, not by what is known of the user', async () => {
    await browser('SIMK01');
    const { ask } = await browser('SIMK01');
    expect((await ask(scope)).data.sessions.length).toBeGreaterThan(1);
    expect(await calls()).toEqual([]);
    later(6);
    // Who the user is makes no call, so it proves nothing.
    await ask('{ accounts { user { userName exchanges } } }');
    expect((await ask(scope)).data.sessions.length).toBeGreaterThan(1);
    expect(await calls()).toEqual([margin]);
    later(4);
    expect((await ask(scope)).errors).toEqual([]);
    expect(await calls()).toEqual([]);
  });

  test('are not told where the broker refuses the token', async () => {
    await browser('SIMK01');
    const { ask } = await browser('SIMK01');
    later(6);
    const path = '/kotak/apim/margin/1.0/margin';
    await world.fault({ kind: 'error-envelope', code: 99999, status: 403, path });
    const { data, errors } = await ask(scope);
    expect(data.sessions.filter(({ current }: { current: boolean }) => !current)).toEqual([]);
    expect(errors[0]?.extensions.code).toBe('SESSION_EXPIRED');
  });

  test('are ended by revokeSessions, at the broker too', async () => {
    const phone = await browser('SIMK01');
    const { ask } = await browser('SIMK01');
    const { id } = (await phone.ask('{ sessions { id } }')).data.sessions[0];
    const { data } = await ask(revoke, { ids: [id] });
    expect(data.revokeSessions).toEqual({ revoked: [id], failures: [] });
    expect(await calls()).toEqual(['DELETE /kotak/apim/session/1.0/session/logout']);
    expect((await phone.ask('{ sessions { state endReason } }')).data.sessions[0]).toEqual({
      state: 'REVOKED',
      endReason: 'REVOKED_ELSEWHERE',
    });
  });
});

describe('what others are given of a session', () => {
  test('a signed token names the broker, and GET /session passes it on, until the day in India is over', async () => {
    const { visitor, ask } = await browser('SIMK01');
    const query = '{ sessions { signedToken account { id } } }';
    const { data } = await ask(query);
    const [{ signedToken, account }] = data.sessions;
    expect(decodeJwt(signedToken)).toMatchObject({
      sub: account.id,
      broker: 'KOTAK',
      level: 'TWO_FACTOR',
    });
    const { origin: _page, ...cookie } = visitor.headers();
    const check = () => fetch(`${origin}/session`, { headers: cookie });
    const passed = await check();
    expect(passed.status).toBe(204);
    expect(passed.headers.get('x-account-id')).toBe(account.id);
    now = new Date('2026-01-06T00:00:00+05:30');
    expect((await check()).status).toBe(401);
    expect((await ask(query)).data.sessions[0].signedToken).toBeNull();
    expect(await calls()).toEqual([]);
    now = startOfTime;
  });

  test('credentials say by their broker what is known: the user, the host, and no expiry', async () => {
    const { visitor } = await browser('SIM0001', 'SIMK02');
    const headers = { ...visitor.headers(), 'sec-fetch-site': 'same-origin' };
    const credentials = await world.gateway.credentials(new Request(gateway, { headers }));
    expect(credentials).toMatchObject([
      {
        broker: 'KOTAK',
        apiKey: 'simulator-kotak',
        userId: 'SIMK02',
        userName: 'Prakash Joglekar',
        baseUrl: `${world.simulator.url}/kotak-c/apim`,
        expiresAt: null,
      },
      { broker: 'KITE', apiKey: 'simulator', baseUrl: null, expiresAt: expect.any(Date) },
    ]);
    const [first] = credentials;
    if (first?.broker !== 'KOTAK') throw new Error('the newest session comes first');
    // Its type says so too: neither is null.
    const asked = `${first.baseUrl}/margin/1.0/margin`;
    const answer = await fetch(asked, {
      headers: {
        authorization: 'Bearer simulator-kotak-app-token',
        consumerKey: first.apiKey,
        sessionToken: first.accessToken.reveal(),
        userid: first.userId,
      },
    });
    expect(answer.status).toBe(200);
  });

  test('sessionsChanged tells of it, and never that it is about to expire', async () => {
    now = at('23:55:00');
    const { visitor, ask } = await browser('SIMK01');
    const { data } = await ask('{ accounts { id } }');
    const follower = await follow<{ sessionsChanged: object }, never>(
      world.url,
      'subscription { sessionsChanged { reason session { broker expiresAt account { label } } } }',
      { headers: visitor.headers() },
    );
    const next = async () => (await follower.next())?.data?.sessionsChanged;
    expect(await next()).toMatchObject({ reason: 'PRESENT', session: { broker: 'KOTAK' } });
    await ask('mutation ($id: ID!) { labelAccount(accountId: $id, label: "HUF") { __typename } }', {
      id: data.accounts[0].id,
    });
    expect(await next()).toMatchObject({
      reason: 'LABELLED',
      session: { broker: 'KOTAK', expiresAt: null, account: { label: 'HUF' } },
    });
    follower.leave();
    now = startOfTime;
  });

  test('a webhook is told when it starts and ends, with its broker and no expiry', async () => {
    const receiver = await startReceiver();
    const webhookClock = new TestClock();
    const time = () => new Date(startOfTime.getTime() + webhookClock.milliseconds());
    const { keyringStore: _own, ...others } = shared;
    const secret = 'a-secret-of-the-webhook-0123456789';
    const own = await startWorld({
      ...others,
      now: time,
      clock: webhookClock,
      webhook: { url: receiver.url, secret },
    });
    const visitor = new Visitor(new URL(own.url).origin, gateway);
    await logInAtKotak(own, visitor, 'SIMK01');
    const pass = (count: number) =>
      expect
        .poll(() => {
          webhookClock.advance(5);
          return receiver.received.length;
        })
        .toBe(count);
    await pass(1);
    await visitor.askRaw('mutation { logout { loggedOut } }');
    await pass(2);
    expect(receiver.received.map(({ event }) => event)).toMatchObject([
      { type: 'session.started', broker: 'KOTAK', apiKey: 'simulator-kotak', expiresAt: null },
      { type: 'session.ended', broker: 'KOTAK', expiresAt: null, endReason: 'LOGGED_OUT' },
    ]);
  });
});
