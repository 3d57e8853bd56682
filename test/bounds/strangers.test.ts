// What header credentials may cost: those of other apps nothing, refused ones one call, a logout one call an account.
import { createClient } from '@redis/client';
import { describe, expect, test } from 'vitest';
import { follow } from '../support/follower.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';
import { startWorld, tokens } from '../support/world.ts';

const own = await startWorld();
const query = '{ accounts { id user { userId } margins { equity { net } } } }';
const foreign = 'token another-app:SIM0001-token';

describe('HEADER_CREDENTIALS', () => {
  test('where apps are configured, credentials of other apps are refused without a call', async () => {
    await own.calls();
    const { data, errors } = await own.askRaw(query, {
      authorization: `${foreign}, ${tokens('SIM0001')}`,
    });
    expect(data.accounts).toMatchObject([{ user: null }, { user: { userId: 'SIM0001' } }]);
    const codes = errors.map(({ extensions }) => extensions.code);
    expect(new Set(codes)).toEqual(new Set(['PERMISSION_DENIED']));
    const keys = (await own.calls()).map(({ apiKey }) => apiKey);
    expect(new Set(keys)).toEqual(new Set(['simulator']));
  });

  test('a logout of such a credential fails without a call', async () => {
    await own.calls();
    const logout = 'mutation { logout { loggedOut failures { error { code } } } }';
    const { data } = await own.askRaw(logout, { authorization: foreign });
    expect(data.logout).toEqual({
      loggedOut: [],
      failures: [{ error: { code: 'PERMISSION_DENIED' } }],
    });
    expect(await own.calls()).toEqual([]);
  });

  test('any takes those of every app, and off takes none', async () => {
    const any = await startWorld({ headerCredentials: 'any' });
    await any.askRaw(query, { authorization: foreign });
    expect((await any.calls()).length).toBeGreaterThan(0);
    const off = await startWorld({ headerCredentials: 'off' });
    const { errors } = await off.askRaw(query, { authorization: tokens('SIM0001') });
    expect(errors[0]?.extensions.code).toBe('PERMISSION_DENIED');
    expect(await off.calls()).toEqual([]);
  });

  test('without configured apps, every app is taken', async () => {
    const world = await startWorld({ apps: [] });
    const { errors } = await world.askRaw(query, { authorization: tokens('SIM0001') });
    expect(errors).toEqual([]);
  });
});

test('a credential that Kite has just refused is refused again without a call', async () => {
  const world = await startWorld({ limits: { refusedCredentialSeconds: 60 } });
  const authorization = 'token simulator:invented-token';
  const user = '{ account { user { userId } } }';
  for (let times = 0; times < 3; times += 1) {
    const { errors } = await world.askRaw(user, { authorization });
    expect(errors[0]?.extensions.code).toBe('SESSION_EXPIRED');
  }
  expect(await world.calls()).toHaveLength(1);
  const { data } = await world.askRaw('mutation { logout { loggedOut } }', { authorization });
  expect(data.logout.loggedOut).toHaveLength(1);
  expect(await world.calls()).toEqual([]);
});

test('a logout under a hundred aliases is one call an account', async () => {
  const world = await startWorld();
  const invented = Array.from({ length: 50 }, (_, index) => `token simulator:invented-${index}`);
  const aliases = Array.from({ length: 100 }, (_, index) => `a${index}: logout { loggedOut }`);
  const { data } = await world.askRaw(`mutation { ${aliases.join(' ')} }`, {
    authorization: invented.join(', '),
  });
  expect(data.a0.loggedOut).toHaveLength(50);
  expect(data.a99.loggedOut).toHaveLength(50);
  expect(await world.calls()).toHaveLength(50);
});

test('an operation makes no more calls than it may, exchanges with a checksum included', async () => {
  const world = await startWorld({ limits: { callsPerOperation: 5 } });
  const input = (index: number) =>
    `{ requestToken: "guess${index}", apiKey: "simulator-two", checksum: "${'a'.repeat(64)}" }`;
  const aliases = Array.from(
    { length: 20 },
    (_, index) => `a${index}: exchangeToken(input: ${input(index)}) { ... on ApiError { code } }`,
  );
  const { data } = await world.askRaw(`mutation { ${aliases.join(' ')} }`);
  expect(data.a4.code).toBe('TOKEN_REJECTED');
  expect(data.a5.code).toBe('RATE_LIMITED');
  expect(await world.calls()).toHaveLength(5);
  const reads = await world.askRaw(query, {
    authorization: tokens('SIM0001', 'SIM0002', 'SIM0003'),
  });
  expect(reads.errors.map(({ extensions }) => extensions.code)).toEqual(['RATE_LIMITED']);
  expect(await world.calls()).toHaveLength(5);
});

describe('a client address', () => {
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const cheap = '{ apps { apiKey } }';

  test('has a limit of operations in progress, and other addresses are not affected', async () => {
    const world = await startWorld({ trustProxy: true, limits: { addressOperations: 2 } });
    await world.fault({ kind: 'hang' });
    const leaving = new AbortController();
    const user = '{ account { user { userId } } }';
    const hanging = ['SIM0001', 'SIM0002'].map((id) =>
      world
        .askRaw(user, {
          authorization: tokens(id),
          headers: from('203.0.113.7'),
          signal: leaving.signal,
        })
        .catch(() => null),
    );
    await expect.poll(() => world.arrived()).toBe(2);
    const third = await world.askRaw(cheap, { headers: from('203.0.113.7') });
    expect(third.status).toBe(503);
    expect(third.headers.get('retry-after')).toBe('1');
    expect(third.errors[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryable: true });
    expect((await world.askRaw(cheap, { headers: from('203.0.113.8') })).status).toBe(200);
    leaving.abort();
    await Promise.all(hanging);
    const again = () => world.askRaw(cheap, { headers: from('203.0.113.7') });
    await expect.poll(async () => (await again()).status).toBe(200);
  });

  test('has a limit of operations a minute, and an IPv6 network counts as one address', async () => {
    const world = await startWorld({ trustProxy: true, limits: { addressOperationsPerMinute: 3 } });
    const status = async (address: string) =>
      (await world.askRaw(cheap, { headers: from(address) })).status;
    expect(await status('2001:db8::1')).toBe(200);
    expect(await status('2001:db8::2')).toBe(200);
    expect(await status('2001:db8::3')).toBe(200);
    expect(await status('2001:db8::4')).toBe(429);
    expect(await status('2001:db8:0:1::4')).toBe(200);
    const { headers, errors } = await world.askRaw(cheap, { headers: from('2001:db8::5') });
    const seconds = errors[0]?.extensions.retryAfterSeconds ?? 0;
    expect(seconds).toBeGreaterThan(0);
    expect(headers.get('retry-after')).toBe(`${seconds}`);
  });

  test('on this machine, without TRUST_PROXY, is not counted by the minute', async () => {
    const world = await startWorld({ limits: { addressOperationsPerMinute: 1 } });
    for (let times = 0; times < 3; times += 1) {
      expect((await world.askRaw(cheap)).status).toBe(200);
    }
  });

  test('has a limit of open streams of one credential, shared by all addresses', async () => {
    const world = await startWorld({ trustProxy: true, limits: { credentialStreams: 1 } });
    const subscription = 'subscription { marginsChanged { account { id } } }';
    const authorization = tokens('SIM0001');
    const first = await follow(world.url, subscription, {
      authorization,
      headers: from('203.0.113.7'),
    });
    await first.next();
    const second = await follow(world.url, subscription, {
      authorization,
      headers: from('203.0.113.8'),
    });
    const { errors = [] } = (await second.next()) ?? {};
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['RATE_LIMITED']);
    first.leave();
  });

  test('has a limit of open streams', async () => {
    const world = await startWorld({ trustProxy: true, limits: { addressStreams: 1 } });
    const subscription = 'subscription { marginsChanged { account { id } } }';
    const settings = { authorization: tokens('SIM0001'), headers: from('203.0.113.7') };
    const first = await follow(world.url, subscription, settings);
    await first.next();
    const second = await follow(world.url, subscription, settings);
    expect(second.response.status).toBe(503);
    first.leave();
  });
});

describeWithRedis((redis) => {
  test('replicas on one Redis count an address together', async () => {
    const limits = { addressOperationsPerMinute: 4 };
    const options = { trustProxy: true, redisUrl: redis.url, limits };
    const worlds = [await startWorld(options), await startWorld(options)];
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    const ask = async () => {
      const statuses: number[] = [];
      for (const world of worlds) {
        statuses.push((await world.askRaw('{ apps { apiKey } }', { headers })).status);
      }
      return statuses;
    };
    // A replica that is not connected yet counts by itself; connected, it finds what the other one counted.
    const client = await createClient({ url: redis.url }).connect();
    await expect
      .poll(async () => {
        await ask();
        return client.keys('kite-graphql:address*');
      })
      .not.toEqual([]);
    client.destroy();
    await expect.poll(ask).toEqual([429, 429]);
  });
});
