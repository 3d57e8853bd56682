// A logout that Kite did not confirm: nothing is read with the token any more, and ending it goes on until it is done.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { openKeyringStore } from '../../src/keyring/stores/open-store.ts';
import { graphql } from '../generated/gql.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld } from '../support/world.ts';

const gateway = 'http://localhost:4000';
let now = startOfTime;
const folder = await mkdtemp(join(tmpdir(), 'logout-'));
afterAll(() => rm(folder, { recursive: true }));
const clock = new TestClock();
const keyringKeys = [generateKey()];
const openStore = () => openKeyringStore(`sqlite:${join(folder, 'keyrings')}`, () => now);
const shared = { exposeTokens: false, keyringKeys, now: () => now };
const world = await startWorld({ ...shared, keyringStore: await openStore(), clock });
const origin = new URL(world.url).origin;

const state = graphql(`
  query UnconfirmedState { accounts { id user { userId } } sessions { state active account { id } } }
`);
const states = graphql(`query UnconfirmedSessions { sessions { state active } }`);
const logout = graphql(`
  mutation UnconfirmedLogout($ids: [ID!]) {
    logout(accountIds: $ids) { loggedOut failures { accountId error { code retryable } } }
  }
`);

beforeEach(async () => {
  now = startOfTime;
  await world.reset();
});

async function loggedIn(app = 'simulator') {
  const visitor = new Visitor(origin, gateway);
  await visitor.logIn(`${origin}/login?app=${app}`, 'SIM0001');
  const { data } = await visitor.ask(state);
  await world.calls();
  return { visitor, id: data?.accounts?.[0]?.id ?? '' };
}

const stateOf = async (visitor: Visitor) =>
  (await visitor.ask(states)).data?.sessions?.map((session) => session.state);

/** Lets one pause pass, as soon as a retry waits for it. */
async function afterPause(seconds: number) {
  await expect.poll(() => clock.waiting).toBe(1);
  clock.advance(seconds);
}

/** The calls that ended tokens since they were last asked for, once there are so many calls. */
async function deletes(calls: number) {
  await expect.poll(() => world.arrived()).toBe(calls);
  return (await world.calls()).filter(({ method }) => method === 'DELETE');
}

test('a logout that Kite did not confirm leaves REVOKING, out of reach of queries, and is retried until it is', async () => {
  const { visitor, id } = await loggedIn();
  await world.fault({ kind: 'service-unavailable', method: 'DELETE', times: 2 });
  const { data } = await visitor.ask(logout);
  expect(data?.logout).toEqual({
    loggedOut: [],
    failures: [{ accountId: id, error: { code: 'UPSTREAM_UNAVAILABLE', retryable: false } }],
  });
  const after = await visitor.ask(state);
  expect(after.data).toMatchObject({
    accounts: null,
    sessions: [{ state: 'REVOKING', active: false }],
  });
  expect((await world.calls()).map(({ method }) => method)).toEqual(['DELETE']);

  await afterPause(1);
  expect(await deletes(1)).toMatchObject([{ status: 503 }]);
  expect(await stateOf(visitor)).toEqual(['REVOKING']);
  await afterPause(2);
  await expect.poll(() => stateOf(visitor)).toEqual(['REVOKED']);
  expect(await deletes(1)).toMatchObject([{ status: 200 }]);
});

test('a logout can be asked again, with its id or without, and then takes the cookie along', async () => {
  for (const named of [false, true]) {
    const { visitor, id } = await loggedIn();
    await world.fault({ kind: 'service-unavailable', method: 'DELETE', times: 1 });
    await visitor.ask(logout);
    const { data } = await visitor.ask(logout, named ? { ids: [id] } : {});
    expect(data?.logout).toEqual({ loggedOut: [id], failures: [] });
    expect((await deletes(2)).map(({ status }) => status)).toEqual([503, 200]);
    expect(visitor.cookies.size).toBe(0);
    await afterPause(1);
    await expect.poll(() => clock.waiting).toBe(0);
  }
  expect(await deletes(0)).toEqual([]);
});

/** Lets both clocks go on alike. */
function pass(seconds: number) {
  now = new Date(now.getTime() + seconds * 1_000);
  clock.advance(seconds);
}

test('a token is forgotten unconfirmed once it has expired, at 06:00 in India, and one more attempt has failed', async () => {
  const { visitor } = await loggedIn();
  await world.fault({ kind: 'service-unavailable', method: 'DELETE' });
  await visitor.ask(logout);
  expect(await deletes(1)).toMatchObject([{ status: 503 }]);
  await expect.poll(() => clock.waiting).toBe(1);
  pass((Date.parse('2026-01-06T05:59:59+05:30') - now.getTime()) / 1_000);
  expect(await deletes(1)).toMatchObject([{ status: 503 }]);
  expect(await stateOf(visitor)).toEqual(['REVOKING']);
  await expect.poll(() => clock.waiting).toBe(1);
  pass(660);
  expect(await deletes(1)).toMatchObject([{ status: 503 }]);
  await expect.poll(() => stateOf(visitor)).toEqual(['REVOKED']);
  expect(clock.waiting).toBe(0);
});

test('a clock that jumps ahead and comes back forgets no token that the broker has not ended', async () => {
  pass(660);
  const { visitor } = await loggedIn();
  await world.fault({ kind: 'service-unavailable', method: 'DELETE', times: 2 });
  await visitor.ask(logout);
  expect(await deletes(1)).toMatchObject([{ status: 503 }]);
  const before = now;
  now = new Date(before.getTime() + 86_400_000);
  await afterPause(1);
  expect(await deletes(1)).toMatchObject([{ status: 503 }]);
  await expect.poll(() => clock.waiting).toBe(1);
  now = before;
  expect(await stateOf(visitor)).toEqual(['REVOKING']);
  clock.advance(2);
  await expect.poll(() => stateOf(visitor)).toEqual(['REVOKED']);
  expect(await deletes(1)).toMatchObject([{ status: 200 }]);
});

test('a refresh token that Kite did not forget is retried like an access token', async () => {
  const { visitor } = await loggedIn('simulator-platform');
  await world.fault({ kind: 'service-unavailable', method: 'DELETE', times: 1 });
  await visitor.ask(logout);
  expect(await deletes(1)).toMatchObject([{ status: 503 }]);
  await afterPause(1);
  await expect.poll(() => stateOf(visitor)).toEqual(['REVOKED']);
  expect((await deletes(2)).map(({ status }) => status)).toEqual([200, 200]);
});

test('a login that replaces a session whose logout waits for Kite still ends the earlier token', async () => {
  const { visitor } = await loggedIn();
  await world.fault({ kind: 'service-unavailable', method: 'DELETE', times: 1 });
  await visitor.ask(logout);
  await visitor.logIn(`${origin}/login?app=simulator`, 'SIM0001');
  expect(await deletes(3)).toMatchObject([{ status: 503 }, { status: 200 }]);
  const { data } = await visitor.ask(state);
  expect(data).toMatchObject({
    accounts: [{ user: { userId: 'SIM0001' } }],
    sessions: [{ state: 'ACTIVE' }, { state: 'REVOKED' }],
  });
  await expect.poll(() => clock.waiting).toBeGreaterThan(0);
  clock.advance(1);
  await expect.poll(() => clock.waiting).toBe(0);
  expect(await deletes(0)).toEqual([]);
});

test('a gateway that starts goes on with what an earlier one left, and no browser has to come back', async () => {
  const { visitor } = await loggedIn();
  await world.fault({ kind: 'service-unavailable', method: 'DELETE', times: 1 });
  await visitor.ask(logout);
  await world.gateway.dispose();
  await world.calls();

  const restarted = await startWorld({
    ...shared,
    keyringStore: await openStore(),
    clock: new TestClock(),
    kiteBaseUrl: world.simulator.url,
  });
  expect(await deletes(1)).toMatchObject([{ status: 200 }]);
  const again = new Visitor(new URL(restarted.url).origin, gateway);
  for (const [name, value] of visitor.cookies) again.cookies.set(name, value);
  await expect.poll(() => stateOf(again)).toEqual(['REVOKED']);
});
