// Two gateways on one Redis Cluster, as the user of Redis that the documentation describes: one is killed in the middle.
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { longestWayMilliseconds } from '../../src/brokers/upstream/budget/rate-log/rate-log.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { run, simulatorSettings, startCommand } from '../support/processes/command.ts';
import { addDocumentedUser, refusals } from '../support/servers/redis-acl.ts';
import { startRedisCluster } from '../support/servers/redis-cluster.ts';
import { isRedisMissing } from '../support/servers/with-redis.ts';
import { Visitor } from '../support/visitor.ts';
import { fullestWindow, users } from '../support/windows.ts';
import { tokens, type UpstreamCall } from '../support/world.ts';

// Processes start and die: on a loaded machine that takes its time.
vi.setConfig({ testTimeout: 240_000 });

/** Six times Kite's own, so that a minute of it passes in ten seconds. */
const limit = 60;

/** The simulator runs in this process: a call that arrives while the process is held up is on its way meanwhile. */
const delays = monitorEventLoopDelay();
delays.enable();

interface Answer {
  readonly data: { readonly accounts: readonly { readonly id: string; readonly user: unknown }[] };
  readonly errors?: readonly {
    readonly extensions: { readonly code: string; accountId: string };
  }[];
}

/** The answer for some users; null where the connection broke. */
function ask(port: number, asked: readonly string[]): Promise<Answer | null> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', authorization: tokens(...asked) };
    const sent = request({ host: '127.0.0.1', port, path: '/graphql', method: 'POST', headers });
    sent
      .once('error', () => resolve(null))
      .once('response', (response) => {
        text(response).then(
          (body) => resolve(JSON.parse(body)),
          () => resolve(null),
        );
      });
    sent.end(JSON.stringify({ query: '{ accounts { id user { userId } } }' }));
  });
}

describe.skipIf(isRedisMissing)('two gateways on a Redis Cluster', () => {
  test('keep to one limit while one of them is killed: every account is answered or named', async () => {
    await using cluster = await startRedisCluster();
    const ports = cluster.nodes.map(({ port }) => port);
    const login = await addDocumentedUser(ports);
    const simulator = await startSimulator({ port: 0, rateLimit: 0, accounts: 300 });
    onTestFinished(() => simulator.close());
    const env = {
      ...simulatorSettings(simulator.url),
      KEYRING_STORE: cluster.url.replace('redis://', `redis://${login}@`),
      KEYRING_KEYS: randomBytes(32).toString('base64'),
      KITE_RATE_LIMIT: `${limit}`,
      LIMIT_REDIS_SHARE_SECONDS: '5',
    };
    const [one, two] = await Promise.all([startCommand({ env }), startCommand({ env })]);

    // A browser of the gateway that dies is known to the other one.
    const visitor = new Visitor(`http://localhost:${one.port}`);
    await visitor.logIn(`http://localhost:${one.port}/login`, 'SIM0001');
    const elsewhere = new Visitor(`http://localhost:${two.port}`);
    for (const [name, value] of visitor.cookies) elsewhere.cookies.set(name, value);

    const calls = async () => {
      const answer = await fetch(`${simulator.url}/simulator/requests`);
      const { requests } = (await answer.json()) as { requests: UpstreamCall[] };
      return requests.filter(({ path }) => path.startsWith('/user/'));
    };
    const halves = [users(150), users(150, 151)] as const;
    const load = [ask(one.port, halves[0]), ask(two.port, halves[1])];
    await expect.poll(async () => (await calls()).length, { timeout: 60_000 }).toBeGreaterThan(80);
    one.process.kill('SIGKILL');
    const [broken, whole] = await Promise.all(load);
    expect(broken).toBeNull();
    // Its client asks the other one.
    const answers = [whole, await ask(two.port, halves[0])];
    for (const answer of answers) {
      const { data, errors = [] } = answer ?? expect.fail();
      expect(data.accounts).toHaveLength(150);
      const missing = data.accounts.filter(({ user }) => user === null).map(({ id }) => id);
      expect(errors.map(({ extensions }) => extensions.accountId).sort()).toEqual(missing.sort());
      for (const { extensions } of errors) expect(extensions.code).toBe('RATE_LIMITED');
    }
    // The limit holds for calls that are on their way no longer than the gateway assumes.
    const heldUp = Math.max(0, delays.max / 1e6 - longestWayMilliseconds);
    expect(fullestWindow(await calls(), 1_000 - heldUp)).toBeLessThanOrEqual(limit);

    const { data } = await elsewhere.askRaw('{ sessions { state } }');
    expect(data).toEqual({ sessions: [{ state: 'ACTIVE' }] });
    const list = await run({ words: ['sessions', 'list', '--json'], env }).ended;
    expect(list).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\{[^\n]*ACTIVE[^\n]*\}\n$/),
    });
    two.process.kill('SIGTERM');
    expect(await two.ended).toMatchObject({ code: 0 });
    expect(await refusals(ports)).toBe('');
  });
});
