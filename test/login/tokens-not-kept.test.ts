// A token that was obtained and could not be kept, and whose end Kite does not confirm: it is ended after a restart too.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { openKeyringStore } from '../../src/keyring/stores/open-store.ts';
import { type KeyringStore, KeyringStoreError } from '../../src/keyring/stores/store.ts';
import { readableLog } from '../support/readable-log.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld } from '../support/world.ts';

const gateway = 'http://localhost:4000';
const folder = await mkdtemp(join(tmpdir(), 'not-kept-'));
afterAll(() => rm(folder, { recursive: true }));
const keyringKeys = [generateKey()];
const openStore = () => openKeyringStore(`sqlite:${join(folder, 'keyrings')}`, () => startOfTime);
const shared = { exposeTokens: false, keyringKeys, now: () => startOfTime };
const unavailable = () => Promise.reject(new KeyringStoreError());

const { logger, lines } = readableLog();
let isListRefused = false;
const store = await openStore();
const { revocations } = store;
if (revocations === undefined) throw new Error('The store keeps no list');
/** Proves writes, and then refuses those of sessions, as a store that fails at that very moment does. */
const keyringStore: KeyringStore = {
  ...store,
  writeRecords: unavailable,
  revocations: {
    ...revocations,
    add: (revocation, capacity) =>
      isListRefused ? unavailable() : revocations.add(revocation, capacity),
  },
};
const clock = new TestClock();
const world = await startWorld({ ...shared, keyringStore, clock, logger });
const { origin } = new URL(world.url);

beforeEach(async () => {
  isListRefused = false;
  lines.length = 0;
  await world.reset();
});

async function loseSession(): Promise<void> {
  const visitor = new Visitor(origin, gateway);
  const callback = await visitor.logInAtKite(
    `${origin}/login?app=simulator&returnTo=/app`,
    'SIM0001',
  );
  await world.calls();
  await world.fault({ kind: 'service-unavailable', method: 'DELETE', times: 1 });
  const { location } = await visitor.visit(callback);
  expect(location).toContain('error=KEYRING_UNAVAILABLE');
  expect((await world.calls()).map(({ method, status }) => [method, status])).toEqual([
    ['POST', 200],
    ['DELETE', 503],
  ]);
}

const inMemory = () =>
  lines.filter((line) => 'kind' in line && line.kind === 'revocation-in-memory');

test('where the list cannot be written, a warning says that a restart loses the token, and this process retries', async () => {
  isListRefused = true;
  await loseSession();
  expect(inMemory()).toMatchObject([{ level: 40, msg: 'Keyring', reason: 'unavailable' }]);
  await expect.poll(() => clock.waiting).toBe(1);
  clock.advance(1);
  await expect.poll(() => world.arrived()).toBe(1);
  expect(await world.calls()).toMatchObject([{ method: 'DELETE', status: 200 }]);
  await expect.poll(() => clock.waiting).toBe(0);
});

test('it is in the list of the store, and a gateway that starts later ends it, once', async () => {
  await loseSession();
  expect(inMemory()).toEqual([]);
  await world.gateway.dispose();
  expect(await world.calls()).toEqual([]);

  await startWorld({
    ...shared,
    keyringStore: await openStore(),
    clock: new TestClock(),
    kiteBaseUrl: world.simulator.url,
  });
  await expect.poll(() => world.arrived()).toBe(1);
  expect(await world.calls()).toMatchObject([
    { method: 'DELETE', path: '/session/token', status: 200, userId: 'SIM0001' },
  ]);
  const again = await openStore();
  const later = startOfTime.getTime() + 3_600_000;
  await expect.poll(() => again.revocations?.claim(later, 10)).toEqual([]);
  await again.close();
});

test('a session whose row is in the keyring, and whose cookie could not be written, is not active there', async () => {
  const kept = await openStore();
  let isPointerRefused = false;
  const refusing: KeyringStore = {
    ...kept,
    writePointer: (...words) => (isPointerRefused ? unavailable() : kept.writePointer(...words)),
  };
  const { url, calls } = await startWorld({ ...shared, keyringStore: refusing });
  const here = new URL(url).origin;
  const visitor = new Visitor(here, gateway);
  const login = `${here}/login?app=simulator&returnTo=/app`;
  await visitor.logIn(login, 'SIM0001');
  const callback = await visitor.logInAtKite(login, 'SIM0002');
  await calls();
  isPointerRefused = true;
  const { location } = await visitor.visit(callback);
  expect(location).toContain('error=KEYRING_UNAVAILABLE');
  expect(await calls()).toMatchObject([
    { method: 'POST', status: 200 },
    { method: 'DELETE', status: 200 },
  ]);
  type States = { sessions: { state: string; account: { user: { userId: string } } }[] };
  const states = async () => {
    const query = '{ sessions { state account { user { userId } } } }';
    const { data } = await visitor.askRaw<States>(query);
    return data?.sessions.map(({ state, account }) => `${account.user.userId} ${state}`).sort();
  };
  await expect.poll(states).toEqual(['SIM0001 ACTIVE', 'SIM0002 REVOKED']);
  const asked = await visitor.askRaw('{ accounts { user { userId } } }');
  expect(asked).toMatchObject({
    data: { accounts: [{ user: { userId: 'SIM0001' } }] },
    errors: [],
  });
  isPointerRefused = false;
  await visitor.logIn(login, 'SIM0002');
  const again = await visitor.askRaw<{ accounts: unknown[] }>('{ accounts { id } }');
  expect(again.data?.accounts).toHaveLength(2);
});
