// Several processes on one port: one budget, one store, started again when they die, and stopped together.
import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createClient } from '@redis/client';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { emptyFolder, freePorts, run, simulatorSettings } from '../support/processes/command.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';
import { Visitor } from '../support/visitor.ts';
import { users } from '../support/windows.ts';
import type { UpstreamCall } from '../support/world.ts';
import { tokens } from '../support/world.ts';

// Processes start, die and start again: on a loaded machine that takes its time.
vi.setConfig({ testTimeout: 120_000 });

const limit = 10;

/** Three workers on a store, once all of them listen. @param url the store; default: a SQLite file. */
async function startWorkers(url?: string, settings: Record<string, string> = {}) {
  const simulator = await startSimulator({ port: 0, rateLimit: 0, accounts: 100 });
  onTestFinished(() => simulator.close());
  const [port = 0] = await freePorts(1);
  const folder = emptyFolder();
  const command = run({
    cwd: folder,
    env: {
      ...simulatorSettings(simulator.url),
      PORT: `${port}`,
      WORKERS: '3',
      KEYRING_STORE: url ?? `sqlite:${join(folder, 'sessions.sqlite')}`,
      KEYRING_KEYS: randomBytes(32).toString('base64'),
      KITE_RATE_LIMIT: `${limit}`,
      LOG_FORMAT: 'json',
      ...settings,
    },
  });
  await command.said(/Ctrl-C/);
  const listening = async (count: number) => {
    const said = await command.said(
      new RegExp(`(?:"A worker listens"[\\s\\S]*){${count}}`),
      'stderr',
    );
    const lines = said.split('\n').filter((line) => line.includes('"A worker listens"'));
    return lines.map((line) => JSON.parse(line).worker as number);
  };
  const calls = async () => {
    const answer = await fetch(`${simulator.url}/simulator/requests`);
    const { requests } = (await answer.json()) as { requests: UpstreamCall[] };
    return requests.filter(({ path }) => path.startsWith('/user/'));
  };
  return { ...command, simulator, port, folder, listening, calls };
}

/** The answer to a query on a connection of its own, so that the workers take turns; null if the connection broke. */
function ask(port: number, query: string, authorization = ''): Promise<string | null> {
  return new Promise((resolve) => {
    const sent = request({
      host: '127.0.0.1',
      port,
      path: '/graphql',
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/json', authorization },
    });
    sent
      .once('error', () => resolve(null))
      .once('response', (response) => {
        text(response).then(resolve, () => resolve(null));
      });
    sent.end(JSON.stringify({ query }));
  });
}

interface Account {
  readonly user: object | null;
}

/** What holds over each store. */
function suite(url?: string): void {
  test('a browser that one worker has logged in is known to all', async () => {
    const { port } = await startWorkers(url);
    const visitor = new Visitor(`http://localhost:${port}`);
    await visitor.logIn(`http://localhost:${port}/login`, 'SIM0001');
    for (let turn = 0; turn < 6; turn += 1) {
      const answer = await visitor.askRaw('{ accounts { userId: user { userId } } }', undefined, {
        connection: 'close',
      });
      expect(answer.data).toEqual({ accounts: [{ userId: { userId: 'SIM0001' } }] });
    }
  });
}

test('while a worker is killed under load, the workers keep to one limit, and every account is answered or refused with a code', async () => {
  const { port, listening, calls, process: primary, ended } = await startWorkers();
  const [, victim = 0] = await listening(3);
  const load = Array.from({ length: 9 }, (_, index) =>
    ask(port, '{ accounts { user { userId } } }', tokens(...users(6, 6 * index + 1))),
  );
  // In the middle of the load.
  await expect.poll(async () => (await calls()).length, { timeout: 60_000 }).toBeGreaterThan(15);
  process.kill(victim, 'SIGKILL');
  const answers = await Promise.all(load);
  for (const answer of answers.filter((each) => each !== null)) {
    const { data, errors = [] } = JSON.parse(answer) as {
      data: { accounts: Account[] };
      errors?: { extensions: { code: string } }[];
    };
    const missing = data.accounts.filter(({ user }) => user === null).length;
    expect(data.accounts).toHaveLength(6);
    expect(errors).toHaveLength(missing);
    for (const { extensions } of errors) expect(extensions.code).toMatch(/^RATE_LIMITED$/);
  }
  // Those whose connection broke ask again, and the fourth worker takes part.
  await listening(4);
  const broken = answers.flatMap((answer, index) => (answer === null ? [index] : []));
  const again = await Promise.all(
    broken.map((index) =>
      ask(port, '{ accounts { user { userId } } }', tokens(...users(6, 6 * index + 1))),
    ),
  );
  for (const answer of again) expect(JSON.parse(answer ?? '').errors).toBeUndefined();
  // Each alone with the whole limit, the three would have made all calls within two seconds.
  const all = await calls();
  const times = all.map((call) => call.monotonicMilliseconds);
  const seconds = (Math.max(...times) - Math.min(...times)) / 1_000;
  expect(all.length).toBeLessThanOrEqual(limit * (seconds + 2));
  primary.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 0 });
  expect(await ask(port, '{ __typename }')).toBeNull();
});

describe('with SQLite', () => suite());
describeWithRedis((redis) => {
  suite(redis.url);

  test('the workers count in Redis as one gateway, also after one of them was killed', async () => {
    const client = createClient({ url: redis.url });
    await client.connect();
    onTestFinished(() => client.destroy());
    const key = 'kite-graphql:rate:replicas';
    await client.del(key);
    // A busy machine answers late; that is no Redis that is gone.
    const { listening } = await startWorkers(redis.url, {
      LIMIT_REDIS_ANSWER_MILLISECONDS: '10000',
    });
    const [victim = 0] = await listening(3);
    await expect.poll(() => client.hLen(key), { timeout: 60_000 }).toBe(1);
    process.kill(victim, 'SIGKILL');
    await listening(4);
    expect(await client.hLen(key)).toBe(1);
  });
});

test('a stop answers what is in flight in every worker, also when each gets the signal too', async () => {
  const {
    port,
    simulator,
    listening,
    calls,
    process: primary,
    ended,
  } = await startWorkers(undefined, { KITE_TIMEOUT_MS: '4000' });
  const workers = await listening(3);
  const body = JSON.stringify({ kind: 'hang' });
  const headers = { 'content-type': 'application/json' };
  await fetch(`${simulator.url}/simulator/faults`, { method: 'POST', headers, body });
  const load = users(6).map((user) => ask(port, '{ account { user { userId } } }', tokens(user)));
  await expect.poll(async () => (await calls()).length, { timeout: 60_000 }).toBe(6);
  for (const pid of [primary.pid ?? 0, ...workers]) process.kill(pid, 'SIGTERM');
  for (const answer of await Promise.all(load)) expect(answer).toContain('UPSTREAM_TIMEOUT');
  expect(await ended).toMatchObject({ code: 0 });
});

test('SIGHUP is passed on: every worker reads its files again', async () => {
  const folder = emptyFolder();
  const documents = join(folder, 'documents.json');
  writeFileSync(documents, '{"a":"{ __typename }"}');
  const { process: primary, said } = await startWorkers(undefined, {
    TRUSTED_DOCUMENTS: documents,
  });
  writeFileSync(join(folder, 'next.json'), '{"b":"{ __typename }"}');
  renameSync(join(folder, 'next.json'), join(folder, 'documents.json'));
  primary.kill('SIGHUP');
  await said(/(?:"Read again"[\s\S]*){3}/, 'stderr');
});

test.each([
  ['a store in memory', { KITE_API_KEY: 'key' }, /WORKERS: .*KEYRING_STORE=memory:/],
  ['the simulator', { KEYRING_STORE: 'sqlite:a' }, /WORKERS: the simulator/],
])('%s serves one process: more are refused', (_name, environment, fault) => {
  let error: unknown;
  try {
    readConfig({ ...environment, WORKERS: '2' });
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as ConfigError).faults).toContainEqual(expect.stringMatching(fault));
});

test('where a worker cannot start, the command says why once, and ends', async () => {
  const { port } = await startWorkers();
  const second = run({
    env: {
      KITE_API_KEY: 'key',
      PORT: `${port}`,
      WORKERS: '2',
      KEYRING_STORE: 'sqlite:sessions.sqlite',
      KEYRING_KEYS: randomBytes(32).toString('base64'),
    },
  });
  const { code, stderr } = await second.ended;
  expect(code).toBe(1);
  expect(stderr.match(/PORT/g)).toHaveLength(1);
});
