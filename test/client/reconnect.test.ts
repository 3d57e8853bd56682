// Subscriptions through a gateway that goes away and comes back.

import { expect, onTestFinished, test } from 'vitest';
import { machineClock } from '../../src/brokers/upstream/clock.ts';
import { createClient, type Disconnection } from '../../src/client/client.ts';
import { backoffMilliseconds, pause } from '../../src/client/pause.ts';
import { createGateway } from '../../src/gateway.ts';
import { listen } from '../../src/server/listen.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { apps, startWorld, tokens } from '../support/world.ts';

const world = await startWorld();
const headers = { authorization: tokens('SIM0001') };
const document =
  'subscription { marginsChanged(everySeconds: 1) { account { id } margins { equity { net } } } }';

interface Event {
  readonly marginsChanged: { readonly margins: { readonly equity: { readonly net: number } } };
}

/** A gateway of its own on a port, which can be told to stop. */
async function serve(port: number) {
  const stopping = new AbortController();
  const gateway = createGateway({
    apps,
    kiteBaseUrl: world.simulator.url,
    kiteRateLimit: 0,
    stopping: stopping.signal,
  });
  const server = await listen(gateway, '127.0.0.1', port);
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    stopping.abort();
    await server.close(5_000);
    await gateway.dispose();
  };
  onTestFinished(stop);
  return { port: server.port, stop };
}

test('a stream that breaks off says so, is opened again, and continues with the present state', async () => {
  const first = await serve(0);
  const losses: Disconnection[] = [];
  let reconnections = 0;
  const leaving = new AbortController();
  const events = createClient({
    url: `http://127.0.0.1:${first.port}/graphql`,
    headers,
  }).subscribe<Event>(
    document,
    {},
    {
      signal: leaving.signal,
      onDisconnect: (loss) => losses.push(loss),
      onReconnect: () => reconnections++,
    },
  );
  const next = async () => (await events.next()).value?.data?.marginsChanged.margins.equity.net;
  await next();
  const following = next();
  await first.stop();
  await expect.poll(() => losses.length).toBeGreaterThanOrEqual(1);
  expect(losses[0]).toEqual({
    error: expect.objectContaining({ code: 'NETWORK_FAILED', retryable: true }),
    waitMilliseconds: expect.any(Number),
    attempt: 1,
  });
  expect(reconnections).toBe(0);
  const { net } = await world.payIn('SIM0001', 'equity', 100);
  await serve(first.port);
  expect(await following).toBe(net);
  expect(reconnections).toBe(1);
  // It is a stream like the first.
  const { net: later } = await world.payIn('SIM0001', 'equity', 100);
  expect(await next()).toBe(later);
  expect(reconnections).toBe(1);
  leaving.abort();
  expect((await events.next()).done).toBe(true);
});

test('waits between attempts grow, have a bound, and differ between clients', async () => {
  for (const [failures, most] of [
    [1, 1_000],
    [2, 2_000],
    [5, 16_000],
    [6, 30_000],
    [2_000, 30_000],
  ] as const) {
    const waits = Array.from({ length: 50 }, () => backoffMilliseconds(failures, 30));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(most / 2);
    expect(Math.max(...waits)).toBeLessThanOrEqual(most);
    expect(new Set(waits).size).toBeGreaterThan(10);
  }
});

test('a stream without a sign of life is taken for broken', async () => {
  const losses: Disconnection[] = [];
  const leaving = new AbortController();
  // Less than the gateway's pause between two signs of life.
  const client = createClient({ url: world.url, headers, timeoutMilliseconds: 100 });
  const events = client.subscribe(
    'subscription { marginsChanged(everySeconds: 3600) { account { id } } }',
    {},
    {
      signal: leaving.signal,
      onDisconnect: (loss) => {
        losses.push(loss);
        leaving.abort();
      },
    },
  );
  for await (const { ok } of events) expect(ok).toBe(true);
  expect(losses.map(({ error }) => error.code)).toEqual(['TIMED_OUT']);
});

test('a loop that is left ends the subscription at the gateway', async () => {
  const clock = new TestClock();
  const followed = await startWorld({ clock });
  const client = createClient({ url: followed.url, headers });
  for await (const { data } of client.subscribe<Event>(document)) {
    expect(data).not.toBeNull();
    // The poller of the gateway waits for its next turn.
    await expect.poll(() => clock.waiting).toBe(1);
    break;
  }
  await expect.poll(() => clock.waiting).toBe(0);
});

test('a signal that is aborted during the wait ends the iteration', async () => {
  const gateway = await serve(0);
  const leaving = new AbortController();
  const client = createClient({ url: `http://127.0.0.1:${gateway.port}/graphql`, headers });
  const events = client.subscribe(
    document,
    {},
    {
      signal: leaving.signal,
      onDisconnect: () => queueMicrotask(() => leaving.abort()),
    },
  );
  await events.next();
  const next = events.next();
  await gateway.stop();
  expect(await next).toEqual({ done: true, value: undefined });
});

test('a stream ends when every account has sent its last event', async () => {
  await world.reset();
  const events = createClient({ url: world.url, headers }).subscribe<Event>(document);
  await events.next();
  await world.advance(86_400);
  expect((await events.next()).value?.error?.code).toBe('SESSION_EXPIRED');
  expect((await events.next()).done).toBe(true);
  await world.reset();
});

test.each([
  ['client', (ms: number, { signal }: AbortController) => pause(ms, signal)],
  ['gateway', (ms: number, { signal }: AbortController) => machineClock.wait(ms, signal)],
])('a wait of the %s beyond what a timer holds does not end at once', async (_whose, wait) => {
  const controller = new AbortController();
  let isOver = false;
  const waiting = wait(3_000_000_000, controller).then(() => {
    isOver = true;
  });
  // Timers that are over by then come first.
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isOver).toBe(false);
  controller.abort();
  await waiting;
});
