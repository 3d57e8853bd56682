// Live margins over processes that stop and die: another one polls on for its streams.
import { randomBytes } from 'node:crypto';
import { createClient } from '@redis/client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { type Follower, follow } from '../support/follower.ts';
import { freePorts, run, simulatorSettings } from '../support/processes/command.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';
import { tokens, type UpstreamCall } from '../support/world.ts';

// Processes start and die: on a loaded machine that takes its time.
vi.setConfig({ testTimeout: 120_000 });
const patience = { timeout: 60_000 };

interface Nets {
  readonly marginsChanged: {
    readonly margins: { readonly equity: { readonly net: number } | null };
  };
}

describeWithRedis((redis) => {
  /** Gateways on one simulator, Redis and key. */
  async function start(count: number, settings: Readonly<Record<string, string>> = {}) {
    const simulator = await startSimulator({ port: 0, rateLimit: 0 });
    onTestFinished(() => simulator.close());
    const key = randomBytes(32).toString('base64');
    const ports = await freePorts(count as 1);
    const commands = ports.map((port) =>
      run({
        env: {
          ...simulatorSettings(simulator.url),
          PORT: `${port}`,
          KEYRING_STORE: redis.url,
          KEYRING_KEYS: key,
          LOG_FORMAT: 'json',
          // A busy machine answers late; that is no Redis that is gone.
          LIMIT_REDIS_ANSWER_MILLISECONDS: '10000',
          LIMIT_POLL_LEASE_SECONDS: '4',
          ...settings,
        },
      }),
    );
    await Promise.all(commands.map(({ said }) => said(/Ctrl-C/)));
    const post = (path: string, body: object) =>
      fetch(`${simulator.url}/simulator/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    return {
      processes: commands.map(({ process }) => process),
      following: (index = 0) =>
        follow<Nets, object>(
          `http://127.0.0.1:${ports[index]}/graphql`,
          'subscription { marginsChanged(everySeconds: 1) { margins { equity { net } } } }',
          { authorization: tokens('SIM0001') },
        ),
      async payIn(): Promise<number> {
        const body = { userId: 'SIM0001', segment: 'equity', rupees: 1 };
        return (await (await post('pay-ins', body)).json()).net;
      },
      async polls(): Promise<readonly UpstreamCall[]> {
        const answer = await fetch(`${simulator.url}/simulator/requests`);
        const { requests } = (await answer.json()) as { requests: UpstreamCall[] };
        return requests.filter(({ path }) => path.startsWith('/user/margins'));
      },
    };
  }

  const netOf = async (stream: Follower<Nets>) =>
    (await stream.next())?.data?.marginsChanged.margins.equity?.net;

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'a process that polls and gets %s is replaced: the streams of the other go on',
    async (signal) => {
      const { processes, following, payIn, polls } = await start(2);
      const lost = await following(0);
      await lost.next();
      const kept = await following(1);
      await kept.next();
      const before = await payIn();
      expect(await Promise.all([lost, kept].map(netOf))).toEqual([before, before]);
      const callsBefore = await polls();
      processes[0]?.kill(signal);
      await expect(lost.next()).rejects.toThrow();
      for (let change = 0; change < 3; change += 1) {
        const paidIn = await payIn();
        expect(await netOf(kept)).toBe(paidIn);
      }
      const calls = await polls();
      expect(calls.length).toBeGreaterThan(callsBefore.length);
      // One at a time, from the first to the last: each waits a second from the answer before.
      expect(Math.min(...gapsOf(calls))).toBeGreaterThan(900);
    },
  );

  test('the workers of one host poll an account once, wherever its streams are', async () => {
    const client = createClient({ url: redis.url });
    await client.connect();
    onTestFinished(() => client.destroy());
    await client.flushDb();
    const { following, payIn, polls } = await start(1, { WORKERS: '2' });
    const streams: Follower<Nets>[] = [];
    const watching = async () => {
      const [lease = ''] = await client.keys('kite-graphql:live:{*');
      return (await client.hKeys(lease)).filter((field) => field.startsWith('want:')).length;
    };
    // Connections go to the workers in turns.
    await expect
      .poll(async () => {
        const stream = await following();
        await stream.next();
        streams.push(stream);
        return watching();
      }, patience)
      .toBe(2);
    for (let change = 0; change < 3; change += 1) {
      const net = await payIn();
      expect(await Promise.all(streams.map(netOf))).toEqual(streams.map(() => net));
    }
    expect(Math.min(...gapsOf(await polls()))).toBeGreaterThan(900);
  });
});

/** The milliseconds between calls. */
function gapsOf(calls: readonly UpstreamCall[]): readonly number[] {
  const times = calls.map(({ monotonicMilliseconds }) => monotonicMilliseconds);
  return times.slice(1).map((time, index) => time - (times[index] ?? 0));
}
