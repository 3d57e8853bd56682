// One budget over replicas of which one loses Redis: together they never start more than the limit in any window.
import { afterAll, expect, test } from 'vitest';
import { openRateLog } from '../../src/brokers/upstream/budget/rate-log/open-rate-log.ts';
import type { RateLog } from '../../src/brokers/upstream/budget/rate-log/rate-log.ts';
import type { SharedState } from '../../src/brokers/upstream/budget/rate-log/redis-rate-log.ts';
import { startTcpProxy } from '../support/servers/tcp-proxy.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';

const limit = 10;

/** Starts whatever a log allows until it is stopped; when each start was. */
function hammer(log: RateLog) {
  const times: number[] = [];
  let isOver = false;
  const done = (async () => {
    while (!isOver) {
      const start = await log.start('app');
      if (typeof start !== 'number') {
        start.sent();
        times.push(performance.now());
        start.ended();
      } else await new Promise((resolve) => setTimeout(resolve, Math.min(start, 20)));
    }
  })();
  return {
    times,
    stop() {
      isOver = true;
      return done;
    },
  };
}

/** The most of the times in any window of a second. */
function fullest(times: readonly number[]): number {
  const most = times.map((from) => times.filter((at) => at >= from && at < from + 1_000).length);
  return Math.max(0, ...most);
}

describeWithRedis(async (redis) => {
  const proxy = await startTcpProxy(redis.port);
  afterAll(() => proxy[Symbol.asyncDispose]());

  test('a replica that Redis is late for goes on with its share, which the others leave free until it is over', async () => {
    const told: SharedState[] = [];
    const limits = { redisShareSeconds: 6 };
    const near = openRateLog({ limit, redisUrl: redis.url, limits, onReachable() {} });
    const far = openRateLog({
      limit,
      redisUrl: `redis://127.0.0.1:${proxy.port}`,
      limits,
      onReachable: (state) => told.push(state),
    });
    const [one, other] = [hammer(near.log), hammer(far.log)];
    // Both have their shares, and count together.
    await expect.poll(() => one.times.length, { timeout: 20_000 }).toBeGreaterThan(10);
    await expect.poll(() => other.times.length, { timeout: 20_000 }).toBeGreaterThan(0);
    proxy.hold();
    await expect
      .poll(() => told.at(-1), { timeout: 10_000 })
      .toMatchObject({
        isReachable: false,
        replicas: 2,
        limit: 3,
      });
    const heldAt = performance.now();
    const since = (times: readonly number[], from: number) =>
      times.filter((at) => at > from).length;
    await expect.poll(() => since(other.times, heldAt), { timeout: 20_000 }).toBeGreaterThan(5);
    expect(since(one.times, heldAt)).toBeGreaterThan(5);
    // Its share is over: it starts nothing, and the other one has the whole limit again.
    await expect.poll(() => fullest(one.times.slice(-limit)), { timeout: 30_000 }).toBe(limit);
    const before = other.times.length;
    await expect
      .poll(() => since(one.times, heldAt), { timeout: 20_000 })
      .toBeGreaterThan(since(one.times, heldAt) + limit);
    expect(other.times.length).toBe(before);
    // All that it sent meanwhile comes at once.
    proxy.release();
    await expect.poll(() => told.at(-1)?.isReachable, { timeout: 20_000 }).toBe(true);
    await expect.poll(() => other.times.length, { timeout: 20_000 }).toBeGreaterThan(before);
    await Promise.all([one.stop(), other.stop()]);
    await Promise.all([near.close(), far.close()]);
    expect(fullest([...one.times, ...other.times].sort((a, b) => a - b))).toBeLessThanOrEqual(
      limit,
    );
  });

  test('a Redis that crashes and comes back empty at once doubles no budget', async () => {
    const told: SharedState[] = [];
    const logs = [1, 2].map(() =>
      openRateLog({ limit, redisUrl: redis.url, onReachable: (state) => told.push(state) }),
    );
    const all = logs.map(({ log }) => hammer(log));
    const count = () => all.map(({ times }) => times.length);
    await expect.poll(() => Math.min(...count()), { timeout: 20_000 }).toBeGreaterThan(10);
    await redis.stop();
    await redis.start();
    const before = count();
    const after = () => count().map((each, index) => each - (before[index] ?? 0));
    await expect.poll(() => Math.min(...after()), { timeout: 30_000 }).toBeGreaterThan(10);
    await Promise.all(all.map(({ stop }) => stop()));
    await Promise.all(logs.map(({ close }) => close()));
    expect(fullest(all.flatMap(({ times }) => times))).toBeLessThanOrEqual(limit);
    expect(told.at(-1)).toMatchObject({ isReachable: true, replicas: 2 });
  });
});
