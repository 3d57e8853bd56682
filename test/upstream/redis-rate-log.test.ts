// The rate log in Redis, where replicas meet: what they share, what they leave behind, what they do without it.
import { createClient } from '@redis/client';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { openRateLog } from '../../src/brokers/upstream/budget/rate-log/open-rate-log.ts';
import type { Start } from '../../src/brokers/upstream/budget/rate-log/rate-log.ts';
import { RedisCounts } from '../../src/brokers/upstream/budget/rate-log/redis-counts.ts';
import {
  createRedisRateLog,
  type SharedState,
} from '../../src/brokers/upstream/budget/rate-log/redis-rate-log.ts';
import { createRedisClient } from '../../src/brokers/upstream/redis-client.ts';
import { startTcpProxy } from '../support/servers/tcp-proxy.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';

describeWithRedis(async (redis) => {
  const client = createClient({ url: redis.url });
  await client.connect();
  const scripts = createRedisClient(redis.url, 1);
  await scripts.connect();
  afterAll(() => {
    client.destroy();
    scripts.destroy();
  });
  const replica = (limit: number) => {
    const log = createRedisRateLog(scripts, {
      limit,
      patienceMilliseconds: 250,
      shareMilliseconds: 60_000,
      maxReplicas: 20,
    });
    // Else the next test would leave its share free.
    onTestFinished(() => log.leave());
    return log;
  };
  /** Sends and ends a start: one that is not sent counts for as long as its process lives. */
  const finish = (start: Start | number) => {
    if (typeof start === 'number') expect.fail('no start');
    start.sent();
    start.ended();
  };

  test('replicas share the starts of an app, and no app those of another', async () => {
    const [one, two] = [replica(2), replica(2)];
    const first = await one.start('shared');
    expect(first).toHaveProperty('sent');
    const second = await two.start('shared');
    expect(second).toHaveProperty('sent');
    const wait = await two.start('shared');
    expect(wait).toBeGreaterThan(900);
    expect(wait).toBeLessThanOrEqual(1_005);
    const other = await one.start('other');
    expect(other).toHaveProperty('sent');
    for (const start of [first, second, other]) finish(start);
  });

  test('a closing closes the window of all replicas, and a shorter one does not open it', async () => {
    const [one, two] = [replica(5), replica(5)];
    one.close('scolded', 3_000);
    one.close('scolded', 1_000);
    await client.ping();
    const wait = await two.start('scolded');
    expect(wait).toBeGreaterThan(2_000);
    expect(wait).toBeLessThanOrEqual(3_000);
  });

  test('keys name no app, and vanish when nothing happens', async () => {
    const log = replica(1);
    const start = await log.start('my-api-key');
    finish(start);
    await client.ping();
    const keys = await client.keys('*');
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) {
      expect(key).toMatch(/^kite-graphql:rate:/);
      expect(key).not.toContain('my-api-key');
    }
    const left = () => client.keys('kite-graphql:rate:{*');
    await expect.poll(left, { timeout: 4_000, interval: 100 }).toEqual([]);
  });

  test('a row that no replica can have written stops no start for longer, and adds none', async () => {
    const table = 'kite-graphql:rate:replicas';
    const log = replica(2);
    finish(await log.start('first'));
    const soon = Date.now() + 30_000;
    await client.hSet(table, {
      'for ever': '2|0|9999999999999999|1|0',
      'in turns': `2|${soon + 1}|${soon}|1|0`,
      text: 'text',
    });
    await log.beat();
    expect(await client.hLen(table)).toBe(1);
    finish(await log.start('false rows'));
    finish(await log.start('false rows'));
    const rows = Array.from({ length: 30 }, (_, n) => [`row ${n}`, `0|0|${soon}|1|0`]);
    await client.hSet(table, Object.fromEntries(rows));
    await log.beat();
    expect(await client.hLen(table)).toBe(1);

    // A share that Redis cannot answer as a number would add to the limit.
    await client.hSet(table, 'boundless', `99999999999999999999|0|${soon}|1|0`);
    await log.beat();
    expect(await log.start('boundless')).toBeTypeOf('number');
    await client.hDel(table, 'boundless');
  });

  test('a refusal by Redis is not counted here', async () => {
    const [one, two] = [replica(1), replica(1)];
    await one.start('counted');
    expect(await two.start('counted')).toBeTypeOf('number');
    expect(await two.start('counted')).toBeTypeOf('number');
    await client.flushAll();
    expect(await two.start('counted')).toHaveProperty('sent');
  });
});

describeWithRedis(async (redis) => {
  test('without Redis each gateway keeps to its share of what was last known, and says so', async () => {
    const said: SharedState[] = [];
    const open = () =>
      openRateLog({
        limit: 10,
        redisUrl: redis.url,
        // A busy machine answers late; only a Redis that is gone counts here.
        limits: { redisAnswerMilliseconds: 10_000 },
        onReachable: (state) => said.push(state),
      });
    const gateways = [open(), open(), open()];
    onTestFinished(async () => {
      for (const { close } of gateways) await close();
    });
    const client = createClient({ url: redis.url });
    // It only looks; that Redis goes away is what is tested.
    client.on('error', () => {});
    await client.connect();
    onTestFinished(() => client.destroy());
    await expect.poll(() => client.hLen('kite-graphql:rate:replicas')).toBe(3);
    // A share that shrinks is free for others once its replica has said so.
    for (let round = 0; round < 4; round += 1) {
      for (const { log } of gateways) await beat(log);
    }

    // One gateway has used the whole limit when Redis is lost.
    const starts: { readonly at: number }[] = [];
    const startAll = async () => {
      for (const { log } of gateways) {
        for (let tries = 0; tries < 10; tries += 1) {
          const start = await log.start('app');
          if (typeof start === 'number') break;
          start.sent();
          start.ended();
          starts.push({ at: performance.now() });
        }
      }
    };
    await startAll();
    expect(starts).toHaveLength(10);
    await redis.stop();
    // Ten of the one that had them all, and then two of each in two windows.
    await expect
      .poll(
        async () => {
          await startAll();
          return starts.length;
        },
        { interval: 20, timeout: 20_000 },
      )
      .toBeGreaterThanOrEqual(10 + 6 + 6);
    expect(said).toMatchObject(Array(3).fill({ isReachable: false, replicas: 3, limit: 2 }));
    const fullest = starts.map(
      ({ at }) => starts.filter((other) => other.at >= at && other.at < at + 1_000).length,
    );
    expect(Math.max(...fullest)).toBeLessThanOrEqual(10);
    await redis.start();
  });

  test('a start that Redis was too late for is not counted once it is there', async () => {
    await redis.stop();
    const said: SharedState[] = [];
    const { log, close } = openRateLog({
      limit: 5,
      redisUrl: redis.url,
      onReachable: (state) => said.push(state),
    });
    onTestFinished(close);
    expect(await log.start('late')).toBeTypeOf('number');
    expect(await log.start('late')).toBeTypeOf('number');
    await redis.start();
    await expect.poll(() => said.at(-1)?.isReachable, { timeout: 10_000 }).toBe(true);
    const client = createClient({ url: redis.url });
    await client.connect();
    expect(await client.keys('kite-graphql:rate:{*')).toEqual([]);
    client.destroy();
  });
});

describeWithRedis(async (redis) => {
  const patience = { timeout: 20_000 };

  test('a start that is not sent yet counts for all gateways when Redis has lost its memory', async () => {
    const open = (onReachable: (state: SharedState) => void) => {
      const { log, close } = openRateLog({
        limit: 4,
        redisUrl: redis.url,
        limits: { redisAnswerMilliseconds: 10_000 },
        onReachable,
      });
      onTestFinished(close);
      return log;
    };
    const said: SharedState[] = [];
    const [one, other] = [open(() => {}), open((state) => said.push(state))];
    await Promise.all([one, other].map(beat));
    const granted: Start[] = [];
    for (let tries = 0; tries < 4; tries += 1) {
      const start = await one.start('app');
      if (typeof start !== 'number') granted.push(start);
    }
    expect(granted).toHaveLength(4);
    // Their connections to the broker are still being made.
    await redis.stop();
    await redis.start();
    await expect
      .poll(() => said.map(({ isReachable }) => isReachable), patience)
      .toEqual([false, true]);
    await expect.poll(() => other.usage('app'), patience).toMatchObject({ used: 4 });
    expect(await other.start('app')).toBeTypeOf('number');
    for (const start of granted) start.sent();
    for (const start of granted) start.ended();
    // Nothing brings them back.
    await expect.poll(() => other.usage('app'), patience).toMatchObject({ used: 0 });
    expect(await other.start('app')).toHaveProperty('sent');
  });

  test.each([
    ['not sent', (_: Start) => {}],
    ['sent', (start: Start) => start.sent()],
    [
      'sent and ended',
      (start: Start) => {
        start.sent();
        start.ended();
      },
    ],
  ])('a start that is %s while Redis is away counts there once it is back', async (_, proceed) => {
    await using proxy = await startTcpProxy(redis.port);
    const client = createRedisClient(`redis://127.0.0.1:${proxy.port}`, 1);
    // That Redis goes away is what is tested.
    client.on('error', () => {});
    await client.connect();
    onTestFinished(() => client.destroy());
    const counts = new RedisCounts(client, {
      limit: 5,
      patienceMilliseconds: 10_000,
      shareMilliseconds: 60_000,
      maxReplicas: 20,
      onLost: () => {},
    });
    const usage = () => counts.usage('away');
    expect(await usage()).toMatchObject({ used: 0 });
    proxy.cut();
    const start = await new Promise<Start>((resolve) => {
      const noted = counts.note('away', () => resolve(noted));
    });
    // Redis is not told of one that is sent at once.
    const grantedAt = performance.now();
    await expect.poll(() => performance.now() - grantedAt).toBeGreaterThan(5);
    proceed(start);
    proxy.mend();
    await expect.poll(usage, { ...patience, interval: 20 }).toMatchObject({ used: 1 });
    start.ended();
    await expect.poll(usage, patience).toMatchObject({ used: 0 });
  });
});

/** Resolves once a gateway has said that it is there, and heard of the others. */
async function beat(log: object): Promise<void> {
  if ('beat' in log && typeof log.beat === 'function') await log.beat();
}

test('a gateway that has never reached Redis starts nothing, says so once and closes the connection', async () => {
  const said: SharedState[] = [];
  const { log, close } = openRateLog({
    limit: 2,
    redisUrl: 'redis://127.0.0.1:9',
    onReachable: (state) => said.push(state),
  });
  // Others may be using the whole limit.
  expect(await log.start('app')).toBeTypeOf('number');
  expect(await log.start('app')).toBeTypeOf('number');
  expect(said).toEqual([{ isReachable: false, cause: 'ECONNREFUSED', replicas: 1, limit: 0 }]);
  await close();
});
