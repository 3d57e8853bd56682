// A user with several browsers: each lists and ends the sessions of the others, once the broker has proved who asks.
import { beforeEach, describe, expect, test } from 'vitest';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { createMemoryStore } from '../../src/keyring/stores/memory-store.ts';
import type { AuditEvent } from '../../src/shared/audit.ts';
import { graphql } from '../generated/gql.ts';
import type { SessionScope } from '../generated/graphql.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld, tokens } from '../support/world.ts';

let now = startOfTime;
const keyringStore = createMemoryStore(() => now);
const limits = { sessionsElsewhere: 12, loginAttempts: 1_000 };
const audited: AuditEvent[] = [];
const auditLog = { write: (event: AuditEvent) => void audited.push(event) };
const shared = { exposeTokens: false, keyringKeys: [generateKey()], now: () => now, limits };
const world = await startWorld({ ...shared, keyringStore, auditLog }, { accounts: 30 });
const gateway = 'http://localhost:4000';
const origin = new URL(world.url).origin;

beforeEach(async () => {
  now = new Date(now.getTime() + 1_200_000);
  await world.reset();
});

const sessions = graphql(`
  query Elsewhere($scope: SessionScope) {
    sessions(scope: $scope) {
      id state endReason current apiKey
      user { userId userName }
      account { id }
      devices { userAgent }
      createdFrom { userAgent }
    }
  }
`);
const opened = graphql(`
  query ElsewhereOpened {
    sessions(scope: USER) {
      id current signedToken
      account { id margins { equity { net } } session { id current account { margins { equity { net } } } } }
    }
  }
`);
const revoke = graphql(`
  mutation ElsewhereRevoke($ids: [ID!], $others: Boolean) {
    revokeSessions(ids: $ids, others: $others) { revoked failures { sessionId error { code message } } }
  }
`);
const emails = graphql(`query ElsewhereEmails { accounts { user { email } } }`);

async function browser(...userIds: readonly string[]) {
  const visitor = new Visitor(origin, gateway);
  for (const userId of userIds) {
    now = new Date(now.getTime() + 1);
    await visitor.logIn(`${origin}/login?app=simulator`, userId);
  }
  const list = async (scope: SessionScope = 'BROWSER' as SessionScope) => {
    const { data, errors } = await visitor.ask(sessions, { scope });
    return { sessions: data?.sessions ?? [], errors };
  };
  const own = async () => (await list()).sessions[0] ?? expect.fail('no session');
  const all = () => list('USER' as SessionScope);
  return { visitor, list, own, all };
}

const calls = async () =>
  (await world.calls()).map(({ method, path, userId }) => `${method} ${path} ${userId}`);
const later = (minutes: number) => {
  now = new Date(now.getTime() + minutes * 60_000);
};

const refusal = {
  kind: 'error-envelope',
  errorType: 'TokenException',
  status: 403,
  message: 'Incorrect `api_key` or `access_token`.',
  times: 1,
};

// Each test has users of its own: the store is one.
describe('sessions of other browsers', () => {
  test('are listed with those of this one, newest first, and open nothing', async () => {
    const phone = await browser('SIM0001');
    later(1);
    const laptop = await browser('SIM0001', 'SIM0002');
    await world.calls();
    const { sessions: all, errors } = await laptop.all();
    expect(errors).toEqual([]);
    expect(all.map(({ user, current, state }) => [user?.userId, current, state])).toEqual([
      ['SIM0002', true, 'ACTIVE'],
      ['SIM0001', true, 'ACTIVE'],
      ['SIM0001', false, 'ACTIVE'],
    ]);
    const other = all.find(({ current }) => !current);
    const mine = all.find(({ user, current }) => current && user?.userId === 'SIM0001');
    expect(other?.id).toBe((await phone.own()).id);
    expect(other?.devices).toEqual([{ userAgent: 'node' }]);
    // Its account is this browser's own.
    expect(other?.account.id).toBe(mine?.account.id);
    expect((await laptop.list()).sessions).toHaveLength(2);
    // They had just logged in.
    expect(await calls()).toEqual([]);
  });

  test('are those of the same user alone', async () => {
    const mine = await browser('SIM0003');
    await browser('SIM0004');
    expect((await mine.all()).sessions.map(({ user }) => user?.userId)).toEqual(['SIM0003']);
  });

  test('lend nothing to a browser whose own session of another app reads its own account', async () => {
    const phone = await browser('SIM0005');
    const laptop = new Visitor(origin, gateway);
    await laptop.logIn(`${origin}/login?app=simulator-platform`, 'SIM0005');
    await world.calls();
    const { data, errors } = await laptop.ask(opened);
    const [own, other] = [true, false].map((isOwn) =>
      data?.sessions?.find(({ current }) => current === isOwn),
    );
    expect(other?.id).toBe((await phone.own()).id);
    expect(other?.signedToken).toBeNull();
    expect(other?.account.margins?.equity).toBeNull();
    expect(other?.account.session?.current).toBe(false);
    expect(other?.account.session?.account.margins?.equity).toBeNull();
    expect(own?.account.margins?.equity?.net).toBeTypeOf('number');
    expect(new Set(errors.map(({ extensions }) => extensions.code))).toEqual(
      new Set(['SESSION_EXPIRED']),
    );
    expect((await world.calls()).map(({ apiKey }) => apiKey)).toEqual(['simulator-platform']);
  });

  test('need one call where the broker has not accepted the token for five minutes', async () => {
    const phone = await browser('SIM0006');
    const laptop = await browser('SIM0006');
    await world.calls();
    later(4);
    expect((await laptop.all()).sessions).toHaveLength(2);
    expect(await calls()).toEqual([]);
    later(1);
    expect((await laptop.all()).sessions).toHaveLength(2);
    expect(await calls()).toEqual(['GET /user/profile SIM0006']);
    later(4);
    expect((await laptop.all()).sessions).toHaveLength(2);
    expect(await calls()).toEqual([]);
    // Any read of the account proves it too, and only in the browser that reads.
    later(2);
    await laptop.visitor.ask(emails);
    await world.calls();
    expect((await laptop.all()).sessions).toHaveLength(2);
    expect(await calls()).toEqual([]);
    expect((await phone.all()).sessions).toHaveLength(2);
    expect(await calls()).toEqual(['GET /user/profile SIM0006']);
  });

  test('cost one call for each user, however often one operation asks', async () => {
    const laptop = await browser('SIM0007', 'SIM0008');
    later(6);
    await world.calls();
    const fields = Array.from(
      { length: 20 },
      (_, index) => `s${index}: sessions(scope: USER) { id }`,
    );
    const { errors } = await laptop.visitor.askRaw(`{ ${fields.join(' ')} }`);
    expect(errors).toEqual([]);
    expect((await calls()).sort()).toEqual([
      'GET /user/profile SIM0007',
      'GET /user/profile SIM0008',
    ]);
  });

  test('are not told of a user whose token the broker refuses, and an error says so', async () => {
    await browser('SIM0009', 'SIM0010');
    const laptop = await browser('SIM0009', 'SIM0010');
    later(6);
    await world.fault({ ...refusal, userId: 'SIM0009' });
    const { data, errors } = await laptop.visitor.ask(sessions, { scope: 'USER' as SessionScope });
    const own = data?.sessions?.find(({ user, current }) => current && user?.userId === 'SIM0009');
    expect(data?.sessions?.map(({ user, current }) => `${user?.userId} ${current}`).sort()).toEqual(
      ['SIM0009 true', 'SIM0010 false', 'SIM0010 true'],
    );
    expect(errors).toEqual([
      {
        message: expect.any(String),
        path: ['sessions'],
        extensions: expect.objectContaining({
          code: 'SESSION_EXPIRED',
          accountId: own?.account.id,
          requestId: expect.any(String),
        }),
      },
    ]);
    // It is known to have ended: no further call.
    await world.calls();
    expect((await laptop.all()).errors).toHaveLength(1);
    expect(await calls()).toEqual([]);
  });

  test('are an empty list with credentials in the header', async () => {
    await browser('SIM0001');
    const { data, errors } = await world.askRaw('{ sessions(scope: USER) { id } }', {
      authorization: tokens('SIM0001'),
    });
    expect([data?.sessions, errors]).toEqual([[], []]);
  });

  test('are read no further than the limit', async () => {
    for (let count = 0; count < 13; count += 1) await browser('SIM0011');
    const laptop = await browser('SIM0012', 'SIM0011');
    const { sessions: all, errors } = await laptop.all();
    // Two of this browser, and twelve of the thirteen others.
    expect(all).toHaveLength(14);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['TOO_LARGE']);
  });
});

describe('revokeSessions', () => {
  test('ends a session of another browser, which sees why with its next request', async () => {
    const phone = await browser('SIM0013');
    const laptop = await browser('SIM0013');
    const { id } = await phone.own();
    await world.calls();
    const { data } = await laptop.visitor.ask(revoke, { ids: [id] });
    expect(data?.revokeSessions).toEqual({ revoked: [id], failures: [] });
    expect(await calls()).toEqual(['DELETE /session/token SIM0013']);
    expect((await phone.list()).sessions).toMatchObject([
      { id, state: 'REVOKED', endReason: 'REVOKED_ELSEWHERE' },
    ]);
    expect((await phone.visitor.ask(emails)).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    expect((await laptop.list()).sessions).toMatchObject([{ state: 'ACTIVE' }]);
    // Again it is over already: no call.
    await world.calls();
    const again = await laptop.visitor.ask(revoke, { ids: [id] });
    expect(again.data?.revokeSessions?.revoked).toEqual([id]);
    expect(await calls()).toEqual([]);
  });

  test('ends sessions of this browser, and takes the cookie back with the last one', async () => {
    const laptop = await browser('SIM0014', 'SIM0015');
    const ids = (await laptop.list()).sessions.map(({ id }) => id);
    await world.calls();
    expect((await laptop.visitor.ask(revoke, { ids: ids.slice(1) })).data).toMatchObject({
      revokeSessions: { revoked: ids.slice(1), failures: [] },
    });
    expect((await laptop.list()).sessions.map(({ endReason }) => endReason).sort()).toEqual([
      'LOGGED_OUT',
      null,
    ]);
    await laptop.visitor.ask(revoke, { ids });
    expect(await calls()).toHaveLength(2);
    expect([...laptop.visitor.cookies.keys()]).not.toContain('kite_graphql');
  });

  test('with others ends all but those of this browser', async () => {
    const others = [await browser('SIM0016'), await browser('SIM0016', 'SIM0017')];
    const laptop = await browser('SIM0016');
    await world.calls();
    const { data } = await laptop.visitor.ask(revoke, { others: true });
    expect(data?.revokeSessions).toMatchObject({ failures: [] });
    expect(data?.revokeSessions?.revoked).toHaveLength(2);
    expect(await calls()).toEqual([
      'DELETE /session/token SIM0016',
      'DELETE /session/token SIM0016',
    ]);
    expect((await laptop.list()).sessions).toMatchObject([{ state: 'ACTIVE' }]);
    const states = await Promise.all(others.map(async ({ list }) => (await list()).sessions));
    const ended = states.flat().map(({ user, endReason }) => `${user?.userId} ${endReason}`);
    expect(ended.sort()).toEqual([
      'SIM0016 REVOKED_ELSEWHERE',
      'SIM0016 REVOKED_ELSEWHERE',
      'SIM0017 null',
    ]);
  });

  test('answers NOT_FOUND alike for a stranger’s session and for one that does not exist', async () => {
    const stranger = await browser('SIM0018');
    const mine = await browser('SIM0019');
    later(6);
    const { id } = await stranger.own();
    await world.calls();
    const { data } = await mine.visitor.ask(revoke, { ids: [id, 'AAAAAAAAAAAAAAAAAAAAAA'] });
    const [one, other] = data?.revokeSessions?.failures ?? [];
    expect(one?.error).toMatchObject({ code: 'NOT_FOUND' });
    expect(other?.error).toEqual(one?.error);
    expect(data?.revokeSessions?.revoked).toEqual([]);
    // Nor does the time that a call takes tell them apart.
    expect(await calls()).toEqual([]);
    expect((await stranger.list()).sessions).toMatchObject([{ state: 'ACTIVE' }]);
  });

  test('needs the same proof, and ends nothing without it', async () => {
    const phone = await browser('SIM0020');
    const laptop = await browser('SIM0020');
    later(6);
    const { id } = await phone.own();
    const own = await laptop.own();
    await world.fault({ ...refusal, userId: 'SIM0020' });
    const { data } = await laptop.visitor.ask(revoke, { ids: [id] });
    expect(data?.revokeSessions).toMatchObject({
      revoked: [],
      failures: [{ sessionId: id, error: { code: 'SESSION_EXPIRED' } }],
    });
    const others = await laptop.visitor.ask(revoke, { others: true });
    expect(others.data?.revokeSessions).toMatchObject({
      revoked: [],
      failures: [{ sessionId: own.id, error: { code: 'SESSION_EXPIRED' } }],
    });
    expect((await phone.list()).sessions).toMatchObject([{ state: 'ACTIVE' }]);
  });

  test('that the broker does not confirm is REVOKING there, and goes on in the background', async () => {
    const phone = await browser('SIM0021');
    const laptop = await browser('SIM0021');
    const { id } = await phone.own();
    await world.fault({ kind: 'service-unavailable', method: 'DELETE', times: 1 });
    const { data } = await laptop.visitor.ask(revoke, { ids: [id] });
    expect(data?.revokeSessions).toMatchObject({
      revoked: [],
      failures: [{ sessionId: id, error: { code: 'UPSTREAM_UNAVAILABLE' } }],
    });
    const stateOf = async () => (await phone.own()).state;
    expect(['REVOKING', 'REVOKED']).toContain(await stateOf());
    await expect.poll(stateOf, { timeout: 10_000 }).toBe('REVOKED');
    expect((await phone.own()).endReason).toBe('REVOKED_ELSEWHERE');
  });

  test('ends each session once, however often one operation asks, and records it once', async () => {
    await browser('SIM0029');
    const laptop = await browser('SIM0029');
    const other = (await laptop.all()).sessions.find(({ current }) => !current);
    const fields = Array.from({ length: 20 }, (_, index) => {
      const by = index % 2 === 0 ? `ids: ["${other?.id}"]` : 'others: true';
      return `r${index}: revokeSessions(${by}) { revoked failures { sessionId } }`;
    });
    await world.calls();
    audited.length = 0;
    const { data, errors } = await laptop.visitor.askRaw(`mutation { ${fields.join(' ')} }`);
    expect(errors).toEqual([]);
    expect(Object.values(data ?? {})).toEqual(
      fields.map(() => ({ revoked: [other?.id], failures: [] })),
    );
    expect(await calls()).toEqual(['DELETE /session/token SIM0029']);
    expect(audited.map(({ event, outcome }) => `${event} ${outcome}`)).toEqual([
      'logout confirmed',
    ]);
  });

  test('asks for ids or others', async () => {
    const laptop = await browser('SIM0022');
    const { data, errors } = await laptop.visitor.ask(revoke, {});
    expect([data?.revokeSessions, errors[0]?.extensions.code]).toEqual([null, 'BAD_USER_INPUT']);
  });

  test('reaches no session with credentials in the header, and none without a browser', async () => {
    const { id } = await (await browser('SIM0001')).own();
    const query = `mutation { revokeSessions(ids: ["${id}"]) { revoked failures { error { code } } } }`;
    const header = await world.askRaw(query, { authorization: tokens('SIM0001') });
    expect(header.data?.revokeSessions.failures).toEqual([{ error: { code: 'NOT_FOUND' } }]);
    const none = await world.askRaw(query);
    expect(none.errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });
});
