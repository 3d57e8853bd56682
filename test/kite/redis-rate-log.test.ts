// The rate log in Redis, where replicas meet: what they share, what they leave behind, what they do without it.
import { createClient } from '@redis/client';
import { afterAll, expect, test } from 'vitest';
import { openRateLog } from '../../src/kite/open-rate-log.ts';
import { createRedisRateLog } from '../../src/kite/redis-rate-log.ts';
import { describeWithRedis } from '../support/with-redis.ts';

describeWithRedis(async (redis) => {
  const client = createClient({ url: redis.url });
  await client.connect();
  afterAll(() => client.destroy());
  const replica = (limit: number) => createRedisRateLog(client, { limit });

  test('replicas share the starts of an app, and no app those of another', async () => {
    const [one, two] = [replica(2), replica(2)];
    const first = await one.start('shared');
    expect(first).toHaveProperty('sent');
    expect(await two.start('shared')).toHaveProperty('sent');
    const wait = await two.start('shared');
    expect(wait).toBeGreaterThan(900);
    expect(wait).toBeLessThanOrEqual(1_005);
    expect(await one.start('other')).toHaveProperty('sent');
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
    if (typeof start === 'number') throw new Error('no start');
    start.sent();
    start.ended();
    await client.ping();
    const keys = await client.keys('*');
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) {
      expect(key).toMatch(/^kite-graphql:rate:/);
      expect(key).not.toContain('my-api-key');
    }
    await expect.poll(() => client.dbSize(), { timeout: 4_000, interval: 100 }).toBe(0);
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

test('a Redis that is not there is done without, said once, and let go of', async () => {
  const said: boolean[] = [];
  const { log, close } = openRateLog({
    limit: 2,
    redisUrl: 'redis://127.0.0.1:9',
    onReachable: (isReachable) => said.push(isReachable),
  });
  const begun = performance.now();
  expect(await log.start('app')).toHaveProperty('sent');
  expect(await log.start('app')).toHaveProperty('sent');
  expect(await log.start('app')).toBeTypeOf('number');
  expect(performance.now() - begun).toBeLessThan(600);
  expect(said).toEqual([false]);
  await close();
});
