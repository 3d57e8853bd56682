// What holds for the sessions of every broker, through the front door: one suite, run for each of them.
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import type { AuditEvent } from '../../src/shared/audit.ts';
import { type BrokerSubject, kite, kotak } from '../support/broker-subjects.ts';
import { readableLog } from '../support/readable-log.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { Visitor } from '../support/visitor.ts';
import { apps, kotakApp, startOfTime, startWorld } from '../support/world.ts';

const gateway = 'http://localhost:4000';
let now = startOfTime;
const clock = new TestClock();
const log = readableLog();
const audited: AuditEvent[] = [];
const limits = { loginAttempts: 1_000, passwordTries: 1_000, passwordTriesPerUser: 1_000 };
const world = await startWorld({
  apps: [...apps, kotakApp],
  exposeTokens: false,
  keyringKeys: [generateKey()],
  now: () => now,
  clock,
  logger: log.logger,
  auditLog: { write: (event) => void audited.push(event) },
  limits,
});
// Every call in this world is cut off: only calls that hang are made in it.
const slowWorld = await startWorld({
  apps: [...apps, kotakApp],
  kiteTimeoutMilliseconds: 200,
  logger: log.logger,
  limits,
});
const origin = new URL(world.url).origin;

/** All that came out, for the search at the end. */
const texts: string[] = [];

beforeEach(async () => {
  now = startOfTime;
  for (const each of [world, slowWorld]) {
    await each.reset();
    await each.clearFaults();
    await each.calls();
  }
});

const sessionsQuery =
  '{ sessions { id broker state active endReason expiresAt account { id user { userId userName } } } }';
const logout =
  'mutation ($ids: [ID!]) { logout(accountIds: $ids) { loggedOut failures { accountId error { code retryable } } } }';

describe.each([
  [kite.broker, kite],
  [kotak.broker, kotak],
] as const)('a session of %s', (_name, subject: BrokerSubject) => {
  const { selected, read, end, lastCall, refusal, secrets } = subject;
  const accounts = `{ accounts { id session { state endReason } ${subject.selection} } }`;

  // biome-ignore lint/suspicious/noExplicitAny: the texts of this suite select what they check.
  async function ask(visitor: Visitor, query: string, variables?: unknown): Promise<any> {
    const answer = await visitor.askRaw(query, variables);
    texts.push(answer.text, JSON.stringify([...answer.headers.keys()]));
    return answer;
  }

  async function logIn(
    visitor: Visitor,
    ...rest: [isRight?: boolean, before?: () => Promise<unknown>]
  ) {
    const answer = await subject.logIn(world, visitor, ...rest);
    texts.push(answer.text);
    const cookie = visitor.cookies.get('kite_graphql');
    if (cookie !== undefined) secrets.add(cookie);
    const request = new Request(gateway, {
      headers: { cookie: `kite_graphql=${cookie ?? ''}`, origin: gateway },
    });
    for (const { accessToken } of await world.gateway.credentials(request)) {
      secrets.add(accessToken.reveal());
    }
    return answer;
  }

  async function loggedIn() {
    const visitor = new Visitor(origin, gateway);
    const { data } = await logIn(visitor);
    expect(data?.result).toMatchObject({ __typename: 'Session', broker: subject.broker });
    await world.calls();
    const [session] = (await ask(visitor, sessionsQuery)).data.sessions;
    return { visitor, accountId: session.account.id as string };
  }

  const sessionsOf = async (visitor: Visitor) => (await ask(visitor, sessionsQuery)).data.sessions;
  const callsTo = async ({ method, path }: { method: string; path: string }) =>
    (await world.calls()).filter((call) => call.method === method && call.path === path);
  /** What came of the reads of this browser's one account. */
  async function readOnce(visitor: Visitor) {
    const { data, errors } = await ask(visitor, accounts);
    return { account: data?.accounts?.[0], error: errors[0]?.extensions, errors };
  }

  describe('that is logged in', () => {
    test('is in the keyring, tells its user at no further call, and reads the account', async () => {
      const visitor = new Visitor(origin, gateway);
      const { data } = await logIn(visitor);
      expect(data?.result).toMatchObject({
        broker: subject.broker,
        apiKey: subject.apiKey,
        state: 'ACTIVE',
        accessToken: null,
        user: { userId: subject.userId, userName: subject.userName },
        account: { broker: subject.broker },
      });
      expect(await callsTo(lastCall)).toHaveLength(1);
      const [session] = await sessionsOf(visitor);
      expect(session.account.user).toEqual({ userId: subject.userId, userName: subject.userName });
      expect(await world.calls()).toEqual([]);
      const { errors, account } = await readOnce(visitor);
      expect(errors).toEqual([]);
      expect(selected(account)).toBeTruthy();
      expect(await world.calls()).toMatchObject([read]);
    });
  });

  describe('whose login the broker refuses', () => {
    test('does not begin: TOKEN_REJECTED after one call, and the keyring stays empty', async () => {
      const visitor = new Visitor(origin, gateway);
      const { data } = await logIn(visitor, false);
      expect(data?.result).toMatchObject({
        __typename: 'AuthenticationError',
        code: 'TOKEN_REJECTED',
        retryable: false,
      });
      expect(await callsTo(lastCall)).toHaveLength(1);
      expect(visitor.cookies.has('kite_graphql')).toBe(false);
      expect(await sessionsOf(visitor)).toEqual([]);
    });
  });

  describe('that the broker has ended', () => {
    test('is EXPIRED from the read that finds it, costs no further call, and tells whose it was', async () => {
      const { visitor, accountId } = await loggedIn();
      await world.fault({ ...refusal, ...read });
      const { account, error } = await readOnce(visitor);
      expect(selected(account)).toBeNull();
      expect(account.session).toEqual({ state: 'EXPIRED', endReason: 'REFUSED_BY_BROKER' });
      expect(error).toMatchObject({
        code: 'SESSION_EXPIRED',
        retryable: false,
        accountId,
        loginUrl: `${gateway}/login?app=${subject.apiKey}`,
        broker: { name: subject.broker },
      });
      expect(await callsTo(read)).toHaveLength(1);
      await world.clearFaults();
      expect((await readOnce(visitor)).error?.code).toBe('SESSION_EXPIRED');
      expect(await world.calls()).toEqual([]);
      expect(await sessionsOf(visitor)).toMatchObject([
        {
          state: 'EXPIRED',
          account: { id: accountId, user: { userId: subject.userId, userName: subject.userName } },
        },
      ]);
    });

    test('is another session of the same account after the next login', async () => {
      const { visitor, accountId } = await loggedIn();
      await world.fault({ ...refusal, ...read, times: 1 });
      await readOnce(visitor);
      await logIn(visitor);
      const { account, errors } = await readOnce(visitor);
      expect(errors).toEqual([]);
      expect(account).toMatchObject({ id: accountId, session: { state: 'ACTIVE' } });
    });
  });

  describe('that is logged out', () => {
    test('is REVOKED once the broker confirms it, by one call', async () => {
      const { visitor, accountId } = await loggedIn();
      const { data } = await ask(visitor, logout);
      expect(data.logout).toEqual({ loggedOut: [accountId], failures: [] });
      expect(await world.calls()).toMatchObject([{ ...end, status: 200 }]);
      expect(visitor.cookies.has('kite_graphql')).toBe(false);
    });

    test('is REVOKING while the broker does not confirm it, out of reach of reads, and is tried again', async () => {
      const { visitor, accountId } = await loggedIn();
      await world.fault({ kind: 'service-unavailable', ...end, times: 2 });
      const { data } = await ask(visitor, logout);
      expect(data.logout).toEqual({
        loggedOut: [],
        failures: [{ accountId, error: { code: 'UPSTREAM_UNAVAILABLE', retryable: false } }],
      });
      expect((await ask(visitor, accounts)).data.accounts).toBeNull();
      expect(await sessionsOf(visitor)).toMatchObject([{ state: 'REVOKING', active: false }]);
      expect(await world.calls()).toMatchObject([{ ...end, status: 503 }]);
      for (const [pause, status] of [
        [1, 503],
        [2, 200],
      ] as const) {
        await expect.poll(() => clock.waiting).toBe(1);
        clock.advance(pause);
        await expect.poll(() => world.arrived()).toBe(1);
        expect(await world.calls()).toMatchObject([{ ...end, status }]);
      }
      await expect
        .poll(() => sessionsOf(visitor))
        .toMatchObject([{ state: 'REVOKED', endReason: 'LOGGED_OUT' }]);
    });

    test('can be logged out again while that is unconfirmed, and is told once', async () => {
      const { visitor, accountId } = await loggedIn();
      await world.fault({ kind: 'service-unavailable', ...end, times: 1 });
      await ask(visitor, logout);
      const { data } = await ask(visitor, logout, { ids: [accountId] });
      expect(data.logout).toEqual({ loggedOut: [accountId], failures: [] });
      const ends = await callsTo(end);
      expect(ends.map(({ status }) => status)).toEqual([503, 200]);
      // What waits in the background finds it done.
      await expect.poll(() => clock.waiting).toBe(1);
      clock.advance(1);
      await expect.poll(() => clock.waiting).toBe(0);
      expect(await world.calls()).toEqual([]);
    });

    test('is logged out where the broker accepts its token no more', async () => {
      const { visitor, accountId } = await loggedIn();
      await world.fault({ ...refusal, ...end, times: 1 });
      const { data } = await ask(visitor, logout);
      expect(data.logout).toEqual({ loggedOut: [accountId], failures: [] });
      expect(await callsTo(end)).toHaveLength(1);
    });

    test('is ended by one call, however many aliases of one operation ask', async () => {
      const { visitor } = await loggedIn();
      const { data } = await ask(
        visitor,
        'mutation { one: logout { loggedOut } two: logout { loggedOut } }',
      );
      expect(data.one).toEqual(data.two);
      expect(await callsTo(end)).toHaveLength(1);
    });
  });

  describe('whose broker is unavailable', () => {
    test('stays as it is: a read is sent twice and says so, and works again afterwards', async () => {
      const { visitor, accountId } = await loggedIn();
      await world.fault({ kind: 'service-unavailable', ...read, times: 2 });
      const { account, error } = await readOnce(visitor);
      expect(account).toMatchObject({ id: accountId, session: { state: 'ACTIVE' } });
      expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
      expect(await callsTo(read)).toHaveLength(2);
      expect((await readOnce(visitor)).errors).toEqual([]);
    });

    test('does not begin where that befalls the last step of its login, which is sent once', async () => {
      const visitor = new Visitor(origin, gateway);
      const unavailable = { kind: 'service-unavailable', ...lastCall };
      const { data } = await logIn(visitor, true, () => world.fault(unavailable));
      expect(data?.result).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: false });
      expect(await callsTo(lastCall)).toHaveLength(1);
      expect(await sessionsOf(visitor)).toEqual([]);
    });
  });

  describe('whose broker is slow', () => {
    test('has reads that end with UPSTREAM_TIMEOUT', async () => {
      await slowWorld.fault({ kind: 'hang', ...read });
      const { data, errors, text } = await slowWorld.askRaw(
        `{ accounts { id ${subject.selection} } }`,
        { authorization: subject.authorization },
      );
      texts.push(text);
      expect(selected(data.accounts[0]) ?? null).toBeNull();
      expect(errors.map(({ extensions: { code, retryable } }) => [code, retryable])).toEqual([
        ['UPSTREAM_TIMEOUT', true],
      ]);
    });

    test('has a login that ends with UPSTREAM_TIMEOUT', async () => {
      await slowWorld.fault({ kind: 'hang', path: subject.firstCall.path });
      const { data, text } = await subject.beginForCaller(slowWorld);
      texts.push(text);
      expect(data?.result).toMatchObject({ __typename: 'UpstreamError', code: 'UPSTREAM_TIMEOUT' });
    });
  });

  describe('whose broker answers nonsense', () => {
    test.each(['html', 'broken-json', 'empty'])(
      'stays as it is after a read of %s',
      async (kind) => {
        const { visitor } = await loggedIn();
        await world.fault({ kind, ...read });
        const { account, error } = await readOnce(visitor);
        expect(account.session.state).toBe('ACTIVE');
        expect(error?.code).toBe('UPSTREAM_INVALID_RESPONSE');
      },
    );

    test.each([
      { kind: 'html' },
      { kind: 'broken-json' },
      { kind: 'missing-fields', fields: [subject.tokenField] },
    ])('does not begin where the last step of its login answers with %j', async (fault) => {
      const visitor = new Visitor(origin, gateway);
      const { data } = await logIn(visitor, true, () => world.fault({ ...fault, ...lastCall }));
      expect(data?.result).toMatchObject({ code: 'UPSTREAM_INVALID_RESPONSE', retryable: false });
      expect(await callsTo(lastCall)).toHaveLength(1);
      expect(await sessionsOf(visitor)).toEqual([]);
    });
  });

  test('lets nothing secret out: not in an answer, a log line or an audit event', () => {
    expect(secrets.size).toBeGreaterThan(4);
    expect(texts.length).toBeGreaterThan(20);
    const out = [...texts, JSON.stringify(log.lines), JSON.stringify(audited)].join('\n');
    const leaked = [...secrets].filter((secret) => out.includes(secret));
    expect(leaked).toHaveLength(0);
  });
});

afterAll(() => {
  texts.length = 0;
});
