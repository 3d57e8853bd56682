// Two gateways on one store, a Redis or an SQLite file, serve one browser in turns: a login here is a session there, and so is its end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGateway } from '../../../src/gateway.ts';
import type { Gateway } from '../../../src/gateway-interface.ts';
import { generateKey } from '../../../src/keyring/crypto/keys.ts';
import { openKeyringStore } from '../../../src/keyring/stores/open-store.ts';
import { type Listening, listen } from '../../../src/server/listen.ts';
import { type Simulator, startSimulator } from '../../../src/simulator/simulator.ts';
import { graphql } from '../../generated/gql.ts';
import { type RedisServer, startRedis } from '../../support/servers/redis-server.ts';
import { isRedisMissing } from '../../support/servers/with-redis.ts';
import { Visitor } from '../../support/visitor.ts';
import { apps, startOfTime } from '../../support/world.ts';

const accounts = graphql(`
  query ReplicaAccounts { accounts { id user { userId email } session { id state } } }
`);
const logout = graphql(`
  mutation ReplicaLogout($ids: [ID!]) { logout(accountIds: $ids) { loggedOut } }
`);

const elsewhere = graphql(`
  query ReplicaElsewhere { sessions(scope: USER) { id state current endReason } }
`);
const revoke = graphql(`
  mutation ReplicaRevoke { revokeSessions(others: true) { revoked failures { error { code } } } }
`);

describe.each([
  ['Redis', isRedisMissing],
  ['SQLite file', false],
] as const)('two gateways on one %s', (kind, isMissing) => {
  if (isMissing) return test.skip('no redis-server on this machine', () => {});
  const keyringKeys = [generateKey()];
  const gateways: { gateway: Gateway; server: Listening; origin: string }[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-replicas-'));
  let redis: RedisServer | null = null;
  let simulator: Simulator;

  beforeAll(async () => {
    if (kind === 'Redis') redis = await startRedis();
    const url = redis?.url ?? `sqlite:${join(folder, 'keyrings')}`;
    simulator = await startSimulator({ port: 0, rateLimit: 0, now: startOfTime });
    for (let count = 0; count < 2; count += 1) {
      const gateway = createGateway({
        apps,
        kiteBaseUrl: simulator.url,
        kiteLoginUrl: `${simulator.url}/connect/login`,
        keyringStore: await openKeyringStore(url, () => new Date()),
        keyringKeys,
      });
      const server = await listen(gateway, '127.0.0.1', 0);
      gateways.push({ gateway, server, origin: `http://127.0.0.1:${server.port}` });
    }
  });

  afterAll(async () => {
    for (const { gateway, server } of gateways) {
      await server.close(0);
      await gateway.dispose();
    }
    await simulator.close();
    await redis?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The same browser, as a load balancer sends it to one gateway or the other. */
  const balanced = () => {
    const [first, second] = gateways.map(
      ({ origin }) => new Visitor(origin, 'http://localhost:4000'),
    );
    if (first === undefined || second === undefined) throw new Error('no gateways');
    const handOver = (from: Visitor, to: Visitor) => {
      to.cookies.clear();
      for (const [name, value] of from.cookies) to.cookies.set(name, value);
    };
    return { first, second, handOver };
  };

  test('logins, queries and logouts in turns', async () => {
    const { first, second, handOver } = balanced();
    const [here = '', there = ''] = gateways.map(({ origin }) => origin);
    // The login begins at one gateway and ends at the other: its cookie opens at both.
    const callback = await first.logInAtKite(`${here}/login?app=simulator`, 'SIM0001');
    handOver(first, second);
    await second.visit(callback.replace(here, there));
    handOver(second, first);
    const one = await first.ask(accounts);
    expect(one.errors).toEqual([]);
    expect(one.data?.accounts).toMatchObject([{ user: { userId: 'SIM0001' } }]);

    await first.logIn(`${here}/login?app=simulator`, 'SIM0002');
    handOver(first, second);
    const two = await second.ask(accounts);
    expect(two.data?.accounts?.map((account) => account?.user?.userId).sort()).toEqual([
      'SIM0001',
      'SIM0002',
    ]);

    const id = one.data?.accounts?.[0]?.id ?? '';
    expect((await second.ask(logout, { ids: [id] })).data?.logout?.loggedOut).toEqual([id]);
    handOver(second, first);
    expect((await first.ask(accounts)).data?.accounts).toMatchObject([
      { user: { userId: 'SIM0002' } },
    ]);
  });

  test('two browsers of one user log in at once, see each other, and one ends the other', async () => {
    const [phone, laptop] = gateways.map(
      ({ origin }) => new Visitor(origin, 'http://localhost:4000'),
    );
    if (!phone || !laptop) throw new Error('no gateways');
    await Promise.all(
      [phone, laptop].map((visitor, index) =>
        visitor.logIn(`${gateways[index]?.origin}/login?app=simulator`, 'SIM0005'),
      ),
    );
    for (const visitor of [phone, laptop]) {
      const { data, errors } = await visitor.ask(elsewhere);
      expect(errors).toEqual([]);
      expect(data?.sessions?.map(({ current, state }) => `${current} ${state}`).sort()).toEqual([
        'false ACTIVE',
        'true ACTIVE',
      ]);
    }
    const { data } = await laptop.ask(revoke);
    expect(data?.revokeSessions).toMatchObject({ revoked: [expect.any(String)], failures: [] });
    const seen = await phone.ask(elsewhere);
    const own = seen.data?.sessions?.find(({ current }) => current);
    expect(own).toMatchObject({ state: 'REVOKED', endReason: 'REVOKED_ELSEWHERE' });
  });

  test('an expiry that one notices costs the other no call', async () => {
    const { first, second, handOver } = balanced();
    await first.logIn(`${gateways[0]?.origin}/login?app=simulator`, 'SIM0003');
    handOver(first, second);
    await fetch(`${simulator.url}/simulator/clock`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"advanceSeconds": 86400}',
    });
    expect((await first.ask(accounts)).errors[0]?.extensions.code).toBe('SESSION_EXPIRED');
    await fetch(`${simulator.url}/simulator/requests`, { method: 'DELETE' });
    expect((await second.ask(accounts)).errors[0]?.extensions.code).toBe('SESSION_EXPIRED');
    const log = await (await fetch(`${simulator.url}/simulator/requests`)).json();
    expect(log).toMatchObject({ requests: [] });
  });

  // A file has no connection that could be lost.
  if (kind !== 'Redis') return;

  test('a Redis that stops is said, and back it serves without a new login', async () => {
    const { first } = balanced();
    await fetch(`${simulator.url}/simulator/reset`, { method: 'POST' });
    await first.logIn(`${gateways[0]?.origin}/login?app=simulator`, 'SIM0004');
    redis?.pause();
    const { data, errors } = await first.ask(accounts);
    expect(data?.accounts).toBeNull();
    expect(errors[0]?.extensions).toMatchObject({ code: 'KEYRING_UNAVAILABLE', retryable: true });
    redis?.resume();
    await expect
      .poll(async () => (await first.ask(accounts)).data?.accounts, { timeout: 5_000 })
      .toMatchObject([{ user: { userId: 'SIM0004' } }]);
  });
});
