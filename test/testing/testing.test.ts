// The library for tests of other projects: a simulator and a gateway in a line each, controlled by functions.
import { expect, onTestFinished, test } from 'vitest';
import { clientDocuments, createClient } from '../../src/client/client.ts';
import {
  ControlRefusedError,
  connectSimulator,
  startGateway,
  startSimulator,
} from '../../src/testing/testing.ts';

const names = '{ accounts { user { userId } margins { equity { net } } } }';

async function start(...options: Parameters<typeof startGateway>) {
  const gateway = await startGateway(...options);
  onTestFinished(() => gateway.close());
  return gateway;
}

/** A client of a page: with a cookie, and the origin that a browser adds. */
function pageClient(url: string, cookie: { readonly name: string; readonly value: string }) {
  const headers = { cookie: `${cookie.name}=${cookie.value}`, origin: new URL(url).origin };
  return createClient({ url, headers, maxRetries: 0 });
}

test('a simulator lists its users, each with a header that the gateway takes', async () => {
  const { url, simulator } = await start({ simulator: { accounts: 2 } });
  expect(simulator.users.map(({ broker, userId }) => `${broker} ${userId}`)).toEqual([
    'KITE SIM0001',
    'KITE SIM0002',
    'KOTAK SIMK01',
    'KOTAK SIMK02',
    'KOTAK SIMK03',
  ]);
  expect(simulator.users[0]?.name).toBe('Meenakshi Deshpande');
  const authorization = simulator.users.map((user) => user.authorization).join(', ');
  const client = createClient({ url, headers: { authorization } });
  const { data, errors } = await client.query('{ accounts { apiKey user { id } } }');
  expect(errors).toEqual([]);
  expect(Object(data).accounts).toHaveLength(5);
});

test('users are logged in without a browser, all into one keyring', async () => {
  const gateway = await start();
  const cookie = await gateway.logIn('SIM0001', 'SIMK01', 'SIMK03');
  expect(cookie).toMatchObject({ url: gateway.origin, httpOnly: true, sameSite: 'Lax' });
  const { ok, data } = await pageClient(gateway.url, cookie).sessions();
  expect(ok).toBe(true);
  expect(data?.map(({ user, state }) => [user?.userId, state])).toEqual([
    ['SIMK03', 'ACTIVE'],
    ['SIMK01', 'ACTIVE'],
    ['SIM0001', 'ACTIVE'],
  ]);
  await expect(gateway.logIn('SIM9999')).rejects.toThrow('There is no simulated user SIM9999');
  await gateway.simulator.faults.add({ kind: 'internal-error' });
  await expect(gateway.logIn('SIM0001')).rejects.toThrow('SIM0001');
  await expect(gateway.logIn('SIMK01')).rejects.toThrow('SIMK01');
});

test('users of both brokers are logged in where only trusted documents are executed', async () => {
  const gateway = await start({ trustedDocuments: clientDocuments });
  const cookie = await gateway.logIn('SIM0001', 'SIMK01');
  const client = pageClient(gateway.url, cookie);
  const { data } = await client.sessions();
  expect(data?.map(({ user }) => user?.userId)).toEqual(['SIMK01', 'SIM0001']);
  const { error } = await client.query('{ __typename }');
  expect(error?.code).toBe('DOCUMENT_NOT_TRUSTED');
});

test('clock, faults, pay-ins, requests and reset of the brokers are functions', async () => {
  const gateway = await start({ simulator: { now: new Date('2026-01-05T10:00:00+05:30') } });
  const { simulator } = gateway;
  const client = pageClient(gateway.url, await gateway.logIn('SIM0001'));
  const code = async () => (await client.query(names)).error?.code ?? 'OK';
  expect(await code()).toBe('OK');

  await simulator.faults.add({
    kind: 'error-envelope',
    errorType: 'PermissionException',
    status: 403,
  });
  expect(await simulator.faults.list()).toHaveLength(1);
  expect(await code()).toBe('PERMISSION_DENIED');
  await simulator.faults.clear();

  await simulator.requests.clear();
  expect(await code()).toBe('OK');
  expect((await simulator.requests.list()).map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /user/margins/equity',
  ]);

  const net = async () => Object((await client.query(names)).data).accounts[0].margins.equity.net;
  const before = await net();
  await simulator.payIn({ userId: 'SIM0001', segment: 'equity', rupees: 1_000 });
  expect(await net()).toBeCloseTo(before + 1_000, 5);

  const next = await simulator.clock.advance({ days: 1, hours: 1 });
  expect(next.toISOString()).toMatch(/^2026-01-06T05:3/);
  expect(await code()).toBe('SESSION_EXPIRED');
  await simulator.reset();
  expect((await simulator.clock.now()).toISOString()).toMatch(/^2026-01-05T04:3/);
  expect((await simulator.clock.set('2026-02-01T00:00:00Z')).getUTCMonth()).toBe(1);
});

test('a step of the clock and a fault that do not exist are refused, with what exists', async () => {
  const gateway = await start();
  const { clock, faults } = gateway.simulator;
  const step: object = { day: 1 };
  await expect(clock.advance(step)).rejects.toThrow(
    'day: is no part of a step. Use days, hours, minutes and seconds.',
  );
  const fault = { kind: 'bad-gateway' } as unknown as Parameters<typeof faults.add>[0];
  await expect(faults.add(fault)).rejects.toThrow(/kind: must be one of .*bad-gateway-html.*html/);
});

test('with `times: 1` a read that is sent again succeeds, and with 2 it fails', async () => {
  const gateway = await start();
  const client = pageClient(gateway.url, await gateway.logIn('SIM0001'));
  const outcomes: unknown[] = [];
  for (const times of [1, 2]) {
    await gateway.simulator.faults.clear();
    await gateway.simulator.faults.add({ kind: 'bad-gateway-html', times });
    outcomes.push((await client.query(names)).error?.code ?? 'none');
  }
  expect(outcomes).toEqual(['none', 'UPSTREAM_UNAVAILABLE']);
});

test('a master logout ends the sessions of a user', async () => {
  const gateway = await start();
  const client = pageClient(gateway.url, await gateway.logIn('SIM0002'));
  await gateway.simulator.masterLogout('SIM0002');
  expect((await client.query(names)).error?.code).toBe('SESSION_EXPIRED');
});

test('another process has the same controls by the address', async () => {
  const simulator = await startSimulator();
  onTestFinished(() => simulator.close());
  const other = await connectSimulator(`${simulator.url}/`);
  expect(other.users).toEqual(simulator.users);
  await other.faults.add({ kind: 'hang', times: 3 });
  expect(await simulator.faults.list()).toEqual([{ kind: 'hang', times: 3 }]);
  const refused = other.payIn({ userId: 'SIM9999', segment: 'equity', rupees: 1 });
  await expect(refused).rejects.toThrow(ControlRefusedError);
  await expect(refused).rejects.toThrow('userId: unknown simulated user');
});

test('gateways run beside each other, and close twice without an error', async () => {
  const [one, other] = await Promise.all([start(), start()]);
  expect(one.url).not.toBe(other.url);
  await one.close();
  await one.close();
  await expect(fetch(one.url)).rejects.toThrow();
  expect((await fetch(`${other.origin}/health`)).status).toBe(200);
});

test('a port that is taken fails the start, and nothing stays behind', async () => {
  const gateway = await start();
  const port = Number(new URL(gateway.url).port);
  await expect(startGateway({ port })).rejects.toThrow(/EADDRINUSE/);
});
