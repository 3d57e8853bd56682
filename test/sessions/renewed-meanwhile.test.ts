// A renewal that is stored while a logout is on its way: the logout ends it too, or does not say that it has ended.
import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../src/keyring/stores/memory-store.ts';
import type { RevocationList } from '../../src/keyring/stores/revocation-list.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { graphql } from '../generated/gql.ts';
import { startGate } from '../support/gate.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld, type UpstreamCall } from '../support/world.ts';

const gateway = 'http://localhost:4000';
let now = startOfTime;
const simulator = await startSimulator({ port: 0, rateLimit: 0, now: startOfTime, accounts: 10 });
const gate = await startGate(simulator.url);

/** What happens between the look at a session and each step of its logout. */
let meanwhile: () => Promise<unknown> = async () => undefined;
const memory = createMemoryStore(() => now);
const list = memory.revocations as RevocationList;
const add: RevocationList['add'] = async (...revocation) => {
  await meanwhile();
  return list.add(...revocation);
};
const keyringStore = instead(memory, 'revocations', instead(list, 'add', add));
const storeTries = 3;
const world = await startWorld({
  now: () => now,
  kiteBaseUrl: gate.url,
  kiteLoginUrl: `${simulator.url}/connect/login`,
  keyringStore,
  limits: { storeTries, loginAttempts: 1_000 },
});
const origin = new URL(world.url).origin;

const sessions = graphql(`
  query MeanwhileSessions { sessions { id state endReason account { id } } }
`);
const renew = graphql(`
  mutation MeanwhileRenew($id: ID!) {
    renewSession(input: { accountId: $id }) { __typename ... on ApiError { code } }
  }
`);
const logout = graphql(`
  mutation MeanwhileLogout { logout { loggedOut failures { accountId error { code } } } }
`);
const revoke = graphql(`
  mutation MeanwhileRevoke($ids: [ID!]) {
    revokeSessions(ids: $ids) { revoked failures { sessionId error { code } } }
  }
`);

beforeEach(async () => {
  meanwhile = async () => undefined;
  await control('DELETE', 'faults');
});

/** Lets time pass: the broker tells the time of a login in seconds. */
async function pass(seconds: number) {
  now = new Date(now.getTime() + seconds * 1_000);
  await control('POST', 'clock', { advanceSeconds: seconds });
}

function control(method: string, path: string, body?: unknown) {
  return fetch(`${simulator.url}/simulator/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** How the broker answered the calls that end tokens, since the last time. */
async function ends(): Promise<(number | null)[]> {
  const { requests } = (await (await control('GET', 'requests')).json()) as {
    requests: UpstreamCall[];
  };
  await control('DELETE', 'requests');
  return requests
    .filter(({ method, path }) => method === 'DELETE' && path === '/session/token')
    .map(({ status }) => status)
    .toSorted();
}

async function browser(userId: string, app = 'simulator-platform') {
  const visitor = new Visitor(origin, gateway);
  const logIn = () => visitor.logIn(`${origin}/login?app=${app}`, userId);
  await logIn();
  await ends();
  const all = async () => (await visitor.ask(sessions)).data?.sessions ?? [];
  const [session] = await all();
  const { id = '', account = { id: '' } } = session ?? {};
  const renewal = async () => {
    const { data } = await visitor.ask(renew, { id: account.id });
    expect(data?.renewSession).toEqual({ __typename: 'Session' });
  };
  const states = async () => (await all()).map(({ state, endReason }) => [state, endReason]);
  return { visitor, id, accountId: account.id, logIn, renewal, states };
}

/** An object with another value under one name. */
function instead<Target extends object, Name extends keyof Target>(
  target: Target,
  name: Name,
  value: Target[Name],
): Target {
  return new Proxy(target, {
    get(_, asked) {
      if (asked === name) return value;
      const own: unknown = Reflect.get(target, asked);
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
}

/** Lets this happen once. */
function once(work: () => Promise<unknown>) {
  meanwhile = async () => {
    meanwhile = async () => undefined;
    await work();
  };
}

describe('a renewal that is stored while', () => {
  test('revokeSessions waits for the proof of its user ends with the session', async () => {
    const phone = await browser('SIM0001');
    const laptop = await browser('SIM0001', 'simulator');
    await pass(360);
    const held = gate.holdNext('before-kite');
    const revoking = laptop.visitor.ask(revoke, { ids: [phone.id] });
    const { release } = await held;
    await phone.renewal();
    release();
    expect((await revoking).data?.revokeSessions).toEqual({ revoked: [phone.id], failures: [] });
    expect(await phone.states()).toEqual([['REVOKED', 'REVOKED_ELSEWHERE']]);
    // Both access tokens, of which the renewal had ended the first, and twice the refresh token that they share.
    expect(await ends()).toEqual([200, 200, 403, 403]);
  });

  test('a logout begins ends with the session, and the cookie goes', async () => {
    const laptop = await browser('SIM0002');
    once(laptop.renewal);
    const { data } = await laptop.visitor.ask(logout);
    expect(data?.logout).toEqual({ loggedOut: [laptop.accountId], failures: [] });
    expect(await ends()).toEqual([200, 200, 403, 403]);
    expect(laptop.visitor.cookies.size).toBe(0);
  });

  test('a logout begins ends with the session, also where it was renewed several times', async () => {
    const laptop = await browser('SIM0003');
    once(async () => {
      await pass(1);
      await laptop.renewal();
      await laptop.renewal();
    });
    const { data } = await laptop.visitor.ask(revoke, { ids: [laptop.id] });
    expect(data?.revokeSessions).toEqual({ revoked: [laptop.id], failures: [] });
    expect(await ends()).toEqual([200, 200, 403, 403]);
    expect(laptop.visitor.cookies.size).toBe(0);
  });

  test('a logout begins is a failure of the logout where the broker does not confirm its end', async () => {
    const laptop = await browser('SIM0004');
    once(async () => {
      await laptop.renewal();
      await control('POST', 'faults', { kind: 'service-unavailable', method: 'DELETE' });
    });
    const { data } = await laptop.visitor.ask(revoke, { ids: [laptop.id] });
    expect(data?.revokeSessions).toEqual({
      revoked: [],
      failures: [{ sessionId: laptop.id, error: { code: 'UPSTREAM_UNAVAILABLE' } }],
    });
    expect(await laptop.states()).toEqual([['REVOKING', 'LOGGED_OUT']]);
    await control('DELETE', 'faults');
    await expect.poll(laptop.states).toEqual([['REVOKED', 'LOGGED_OUT']]);
  });
});

test('a session that is renewed before each step of its logout is a failure, and not ended', async () => {
  const laptop = await browser('SIM0005');
  let renewals = 0;
  meanwhile = async () => {
    renewals += 1;
    await laptop.renewal();
  };
  const { data } = await laptop.visitor.ask(logout);
  expect(data?.logout).toEqual({
    loggedOut: [],
    failures: [{ accountId: laptop.accountId, error: { code: 'KEYRING_UNAVAILABLE' } }],
  });
  expect(renewals).toBe(storeTries);
  meanwhile = async () => undefined;
  expect(await laptop.states()).toEqual([['ACTIVE', null]]);
  expect((await laptop.visitor.ask(logout)).data?.logout?.failures).toEqual([]);
  expect(laptop.visitor.cookies.size).toBe(0);
});

test.each([
  ['a later login', false],
  ['a renewal of a later login', true],
])('a logout that has begun leaves %s alone', async (_title, isRenewed) => {
  const laptop = await browser(isRenewed ? 'SIM0007' : 'SIM0006');
  once(async () => {
    await pass(1);
    await laptop.logIn();
    if (isRenewed) await laptop.renewal();
  });
  const { data } = await laptop.visitor.ask(revoke, { ids: [laptop.id] });
  expect(data?.revokeSessions).toEqual({ revoked: [laptop.id], failures: [] });
  expect(await laptop.states()).toEqual([
    ['ACTIVE', null],
    ['REVOKED', 'REPLACED'],
  ]);
});
