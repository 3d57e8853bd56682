// The webhook of two gateways on one store: each event is sent once while both live, and at least once where one of them
// is killed, wherever it was.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { describeStore, type Place } from '../keyring/stores/stores.ts';
import { startReceiver } from '../support/servers/webhook-receiver.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld } from '../support/world.ts';

const script = fileURLToPath(new URL('dying-gateway.ts', import.meta.url));
const secret = 'a-secret-of-the-webhook-0123456789';

// Each test starts a process.
vi.setConfig({ testTimeout: 120_000 });

/** Where a gateway is killed, what the receiver is sent by it, and what by the other one. */
const steps = [
  // The login itself is not in the store either.
  ['before the event is noted', 'before', 'deliveries.add', 0, 0],
  ['after the event is noted, before the session is', 'after', 'deliveries.add', 0, 0],
  ['after the session is in the store', 'after', 'writeRecords', 0, 1],
  ['before it claims the event', 'before', 'deliveries.claim', 0, 1],
  ['after it has claimed the event', 'after', 'deliveries.claim', 0, 1],
  ['after the delivery, before the event is removed', 'before', 'deliveries.remove', 1, 1],
  ['after the event is removed', 'after', 'deliveries.remove', 1, 0],
] as const;

/** The ids of the events of logins that a receiver was sent. */
function startedIn({ received }: Awaited<ReturnType<typeof startReceiver>>): readonly string[] {
  return received.flatMap(({ event }) => (event.type === 'session.started' ? [event.id] : []));
}

const suite = (place: Place) => {
  /** A gateway in this process whose time goes on only when the test says so. */
  async function startOther(keys: readonly Uint8Array[], webhook: string) {
    const clock = new TestClock();
    const now = () => new Date(startOfTime.getTime() + clock.milliseconds());
    const world = await startWorld({
      clock,
      now,
      keyringStore: await place.open(now),
      keyringKeys: keys,
      webhook: { url: webhook, secret },
    });
    /** Lets time pass, and leaves room for what is done in it. */
    const pass = async (times: number) => {
      for (let step = 0; step < times; step += 1) {
        clock.advance(5);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    return { ...world, clock, pass };
  }

  /** Starts the gateway that dies, and tells where it listens. */
  async function startDying(words: readonly string[]): Promise<[ChildProcess, string]> {
    const child = spawn(process.execPath, [script, `${startOfTime.getTime()}`, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [port] = await once(createInterface({ input: child.stdout }), 'line');
    return [child, `http://127.0.0.1:${port}`];
  }

  test.each(steps)(
    'a gateway that is killed %s loses no event, and sends none of what did not happen',
    async (_, when, method, sentByIt, sentByOther) => {
      const key = generateKey();
      const receiver = await startReceiver();
      const quiet = await startReceiver();
      const other = await startOther([key], receiver.url);
      const text = Buffer.from(key).toString('base64url');
      const hook = quiet.url;
      const simulator = other.simulator.url;
      const [child, origin] = await startDying([place.url(), text, hook, simulator, when, method]);
      const visitor = new Visitor(origin, 'http://localhost:4000');
      const ended = once(child, 'exit');
      // What it was about to answer is gone with it.
      await visitor.logIn(`${origin}/login`, 'SIM0001').catch(() => undefined);
      await ended;
      expect(child.signalCode).toBe('SIGKILL');
      expect(startedIn(quiet)).toHaveLength(sentByIt);
      await expect
        .poll(async () => {
          await other.pass(1);
          return startedIn(receiver).length;
        })
        .toBeGreaterThanOrEqual(sentByOther);
      await other.pass(8);
      expect(startedIn(receiver)).toHaveLength(sentByOther);
      const ids = [...startedIn(quiet), ...startedIn(receiver)];
      expect(new Set(ids).size).toBe(Math.max(sentByIt, sentByOther));
    },
  );

  test('a gateway that is killed in the middle of a delivery leaves the event to the other one, with the same id', async () => {
    const key = generateKey();
    const receiver = await startReceiver();
    const hanging = await startReceiver();
    const other = await startOther([key], receiver.url);
    const text = Buffer.from(key).toString('base64url');
    const words = [place.url(), text, hanging.url, other.simulator.url, 'before', 'nothing'];
    const [child, origin] = await startDying(words);
    hanging.answer = () => child.kill('SIGKILL');
    const ended = once(child, 'exit');
    await new Visitor(origin, 'http://localhost:4000')
      .logIn(`${origin}/login`, 'SIM0001')
      .catch(() => undefined);
    await ended;
    await expect
      .poll(async () => {
        await other.pass(1);
        return startedIn(receiver).length;
      })
      .toBe(1);
    await other.pass(8);
    expect(startedIn(receiver)).toEqual(startedIn(hanging));
  });

  test('two gateways that live send each event once', async () => {
    const key = generateKey();
    const receiver = await startReceiver();
    const [one, two] = [
      await startOther([key], receiver.url),
      await startOther([key], receiver.url),
    ];
    const store = await place.open(() => startOfTime);
    const countNoted = async () =>
      (await store.listing?.due('deliveries', null, 1_000))?.items.length ?? 0;
    const before = await countNoted();
    const users = ['SIM0001', 'SIM0002', 'SIM0003', 'SIM0004', 'SIM0005'];
    await Promise.all(
      users.map((userId, index) => {
        const { url } = index % 2 ? one : two;
        const gateway = new URL(url).origin;
        const visitor = new Visitor(gateway, 'http://localhost:4000');
        return visitor.logIn(`${gateway}/login?app=simulator`, userId);
      }),
    );
    await expect.poll(() => startedIn(receiver).length).toBe(users.length);
    // What is left is due when the sessions are about to expire.
    await expect.poll(countNoted).toBe(before + users.length);
    for (let step = 0; step < 10; step += 1) await Promise.all([one.pass(1), two.pass(1)]);
    expect(startedIn(receiver)).toHaveLength(users.length);
    expect(new Set(startedIn(receiver)).size).toBe(users.length);
  });
};

describe('webhooks of gateways', () => {
  describeStore('sqlite', suite);
  describeStore('redis', suite);
});
