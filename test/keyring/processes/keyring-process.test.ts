// The gateway as a process of its own, stopped and killed: whom it told of a session finds it again.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Simulator, startSimulator } from '../../../src/simulator/simulator.ts';
import { graphql } from '../../generated/gql.ts';
import { type Gate, startGate } from '../../support/gate.ts';
import {
  emptyFolder,
  freePorts,
  run,
  simulatorSettings,
  startCommand,
} from '../../support/processes/command.ts';
import { type RedisServer, startRedis } from '../../support/servers/redis-server.ts';
import { isRedisMissing } from '../../support/servers/with-redis.ts';
import { Visitor } from '../../support/visitor.ts';

const users = graphql(`
  query ProcessUsers { accounts { id user { userId } session { state issuedAt expiresAt } } }
`);
const profiles = graphql(`query ProcessProfiles { accounts { user { email } } }`);
const logout = graphql(`mutation ProcessLogout { logout { loggedOut } }`);

// Each test starts processes, several one after another: on a loaded machine that takes its time.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

const newKey = () => randomBytes(32).toString('base64');

let simulator: Simulator;
let gate: Gate;

beforeAll(async () => {
  simulator = await startSimulator({ port: 0, rateLimit: 0 });
  gate = await startGate(simulator.url);
});
afterAll(async () => {
  await gate.close();
  await simulator.close();
});

/** A gateway on a store, that can be stopped and started again where it was, and a browser at it. */
async function startGatewayOn(store: string, more: Readonly<Record<string, string>> = {}) {
  const [port = 0] = await freePorts(1);
  const env = {
    PORT: `${port}`,
    ...simulatorSettings(simulator.url),
    KITE_BASE_URL: gate.url,
    KEYRING_STORE: store,
    KEYRING_KEYS: newKey(),
    ...more,
  };
  const origin = `http://localhost:${port}`;
  const visitor = new Visitor(origin);
  let command = await startCommand({ env });
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    command.process.kill(signal);
    return command.ended;
  };
  return {
    visitor,
    loginUrl: `${origin}/login`,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    start: async (more: Readonly<Record<string, string>> = {}) => {
      command = await startCommand({ env: { ...env, ...more } });
    },
    env,
  };
}

async function usersOf(visitor: Visitor): Promise<readonly (string | undefined)[]> {
  const { data, errors } = await visitor.ask(users);
  expect(errors).toEqual([]);
  return (data?.accounts ?? []).map((account) => account?.user?.userId).toSorted();
}

/** Follows a link and goes away: what the answer would have said is never read. */
function followAndLeave(visitor: Visitor, address: string) {
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const call = request(address, { headers: { cookie } });
  call.on('error', () => undefined).end();
  return { leave: () => call.destroy() };
}

const sqlite = () => `sqlite:${join(emptyFolder(), 'keyring.sqlite')}`;

test('a gateway on a SQLite file keeps its sessions over a restart', async () => {
  const gateway = await startGatewayOn(sqlite());
  await gateway.visitor.logIn(gateway.loginUrl, 'SIM0001');
  const before = await gateway.visitor.ask(users);
  expect(await gateway.stop()).toMatchObject({
    code: 0,
    stderr: expect.not.stringMatching(/rror/),
  });
  await gateway.start();
  expect((await gateway.visitor.ask(users)).data).toEqual(before.data);

  // Its times do not depend on where it runs.
  await gateway.stop();
  await gateway.start({ TZ: 'Pacific/Auckland' });
  expect((await gateway.visitor.ask(users)).data).toEqual(before.data);

  // Keys rotate: a new one in front, the old one behind it.
  await gateway.stop();
  await gateway.start({ KEYRING_KEYS: `${newKey()},${gateway.env.KEYRING_KEYS}` });
  expect((await gateway.visitor.ask(users)).data).toEqual(before.data);
  await gateway.stop();
  await gateway.start({ KEYRING_KEYS: newKey() });
  const { data, errors } = await gateway.visitor.ask(users);
  expect(data?.accounts ?? null).toBeNull();
  expect(errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
});

for (const [name, isMissing] of [
  ['SQLite', false],
  ['Redis', isRedisMissing],
] as const) {
  describe.skipIf(isMissing)(`killed in the middle of a login, on ${name}`, () => {
    let redis: RedisServer | null = null;
    beforeAll(async () => {
      if (name === 'Redis') redis = await startRedis();
    });
    afterAll(() => redis?.[Symbol.asyncDispose]());

    /** A gateway with one account logged in, of which its browser knows, and another about to come back from Kite. */
    const underWay = async () => {
      const gateway = await startGatewayOn(redis?.url ?? sqlite());
      const { visitor, loginUrl } = gateway;
      await visitor.logIn(loginUrl, 'SIM0001');
      const callback = await visitor.logInAtKite(loginUrl, 'SIM0002');
      return { ...gateway, callback };
    };

    test('before Kite was asked: nothing is lost, and reloading finishes it', async () => {
      const { visitor, callback, kill, start } = await underWay();
      const held = gate.holdNext('before-kite');
      followAndLeave(visitor, callback);
      await held;
      await kill();
      await start();
      expect(await usersOf(visitor)).toEqual(['SIM0001']);
      expect((await visitor.visit(callback)).status).toBe(303);
      expect(await usersOf(visitor)).toEqual(['SIM0001', 'SIM0002']);
    });

    test('after the answer of Kite: that session is lost, and no other', async () => {
      const { visitor, callback, loginUrl, kill, start } = await underWay();
      const held = gate.holdNext('after-kite');
      followAndLeave(visitor, callback);
      await held;
      await kill();
      await start();
      expect(await usersOf(visitor)).toEqual(['SIM0001']);
      expect((await visitor.visit(callback)).text).toContain('TOKEN_REJECTED');
      await visitor.logIn(loginUrl, 'SIM0002');
      expect(await usersOf(visitor)).toEqual(['SIM0001', 'SIM0002']);
    });

    test('after it was stored: it is there, also for a browser that never heard', async () => {
      const { visitor, callback, kill, start } = await underWay();
      const held = gate.holdNext('after-kite');
      const { leave } = followAndLeave(visitor, callback);
      const { release } = await held;
      leave();
      release();
      await expect
        .poll(() => usersOf(visitor), { timeout: 60_000 })
        .toEqual(['SIM0001', 'SIM0002']);
      await kill();
      await start();
      expect(await usersOf(visitor)).toEqual(['SIM0001', 'SIM0002']);
    });

    test('after the redirect: the session is stored', async () => {
      const { visitor, callback, kill, start } = await underWay();
      await visitor.visit(callback);
      await kill();
      await start();
      expect(await usersOf(visitor)).toEqual(['SIM0001', 'SIM0002']);
    });

    test('whenever, once Kite’s answer is on its way: it is there or it is not, and the others are', async () => {
      const { visitor, callback, kill, start } = await underWay();
      const held = gate.holdNext('after-kite');
      followAndLeave(visitor, callback);
      (await held).release();
      await kill();
      await start();
      expect(await usersOf(visitor)).toContain('SIM0001');
      const end = await visitor.visit(callback);
      expect(end.text).toContain('TOKEN_REJECTED');
    });
  });
}

test.skipIf(isRedisMissing)(
  'two processes on one Redis see each other’s logins, expiries and logouts at once',
  async () => {
    await using redis = await startRedis();
    const first = await startGatewayOn(redis.url);
    const second = await startGatewayOn(redis.url, { KEYRING_KEYS: first.env.KEYRING_KEYS });
    const handOver = (from: Visitor, to: Visitor) => {
      to.cookies.clear();
      for (const [name, value] of from.cookies) to.cookies.set(name, value);
    };
    await first.visitor.logIn(first.loginUrl, 'SIM0003');
    handOver(first.visitor, second.visitor);
    expect(await usersOf(second.visitor)).toEqual(['SIM0003']);
    await second.visitor.logIn(second.loginUrl, 'SIM0004');
    handOver(second.visitor, first.visitor);
    expect(await usersOf(first.visitor)).toEqual(['SIM0003', 'SIM0004']);

    const control = (path: string, method: string, body?: string) =>
      fetch(`${simulator.url}/simulator/${path}`, {
        method,
        ...(body && { headers: { 'content-type': 'application/json' }, body }),
      });
    await control('clock', 'POST', '{"advanceSeconds": 86400}');
    await first.visitor.ask(profiles);
    await control('requests', 'DELETE');
    const { errors } = await second.visitor.ask(profiles);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual([
      'SESSION_EXPIRED',
      'SESSION_EXPIRED',
    ]);
    expect(await (await control('requests', 'GET')).json()).toMatchObject({ requests: [] });

    await second.visitor.ask(logout);
    const gone = await first.visitor.ask(users);
    expect(gone.errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
  },
);

describe('a store that cannot be opened is one clear line, and no start', () => {
  const file = (content: string) => {
    const path = join(emptyFolder(), 'keyring.sqlite');
    writeFileSync(path, content);
    return path;
  };

  test.each([
    ['a file in no folder', () => 'sqlite:/nowhere/keyring.sqlite', /cannot be opened/],
    ['a folder', () => `sqlite:${emptyFolder()}`, /cannot be opened|is a folder/],
    [
      'a file of another user',
      () => `sqlite:${file('hunter2 '.repeat(1_000))}`,
      /SQLITE_NOTADB: the file is not an SQLite database/,
    ],
    [
      'a Redis that is not there',
      () => 'redis://:hunter2@127.0.0.1:9',
      /ECONNREFUSED: Redis cannot be reached/,
    ],
    ['a Redis at no address', () => 'redis://:hunter2@127.0.0.1:port', /must be redis:/],
    ['a Redis with half a number', () => 'redis://:hunter2@127.0.0.1/x', /must be redis:/],
    ['a store of another kind', () => 'postgres://me:hunter2@db.example', /must be memory:/],
  ])('%s', async (_what, store, why) => {
    const [PORT] = await freePorts(1);
    const env = { PORT: `${PORT}`, KITE_API_KEY: 'simulator', KEYRING_KEYS: newKey() };
    const { code, stdout, stderr } = await run({ env: { ...env, KEYRING_STORE: store() } }).ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const lines = stderr.trimEnd().split('\n');
    expect(lines).toEqual([expect.stringMatching(/^kite-graphql: KEYRING_STORE: /)]);
    expect(stderr).toMatch(why);
    expect(stderr).not.toContain('hunter2');
  });
});
