// The rate budget of two gateways on one Redis: together they keep to what one alone must.
import { afterAll, describe, expect, test } from 'vitest';
import { startSimulator } from '../src/simulator/simulator.ts';
import { graphql } from './generated/gql.ts';
import { hasRedis, type RedisServer, startRedis } from './support/redis-server.ts';
import { fullestWindow, users } from './support/windows.ts';
import { startOfTime, startWorld, tokens } from './support/world.ts';

const names = graphql(`query NamesOfMany { accounts { user { userId } } }`);

// biome-ignore lint/style/noProcessEnv: CI is the test runner's environment, no setting of the gateway
const isCi = process.env.CI === 'true';

describe.skipIf(!hasRedis() && !isCi)('with Redis', async () => {
  if (!hasRedis() && isCi) {
    test('redis-server is there', () => expect.fail('It is not'));
    return;
  }
  const redis = await startRedis();
  afterAll(() => redis[Symbol.asyncDispose]());

  test('two replicas share the limit: no 429, and no window above it', async () => {
    const simulator = await startSimulator({
      port: 0,
      accounts: 40,
      rateLimit: 10,
      now: startOfTime,
    });
    const [one, two] = await twoOn(redis, simulator.url);
    const [odd, even] = [users(13), users(13, 14)];
    const answers = await Promise.all([
      one.ask(names, { authorization: tokens(...odd) }),
      two.ask(names, { authorization: tokens(...even) }),
    ]);
    for (const [index, ids] of [odd, even].entries()) {
      expect(answers[index]?.errors).toEqual([]);
      expect(answers[index]?.data?.accounts?.map((account) => account?.user?.userId)).toEqual(ids);
    }
    const { requests } = await (await fetch(`${simulator.url}/simulator/requests`)).json();
    await simulator.close();
    expect(requests).toHaveLength(26);
    expect(fullestWindow(requests)).toBe(10);
  });

  test('a Redis that hangs, crashes and comes back holds nobody up, and the limit holds all along', async () => {
    const world = await startWorld(
      { kiteRateLimit: 5, redisUrl: redis.url },
      { accounts: 40, rateLimit: 5 },
    );
    const ask = (from: number) =>
      world.ask(names, { authorization: tokens(...users(3, from)) }).then(({ errors }) => errors);
    expect(await ask(1)).toEqual([]);
    redis.pause();
    expect(await ask(4)).toEqual([]);
    redis.resume();
    await redis.stop();
    expect(await ask(7)).toEqual([]);
    await redis.start();
    expect(await ask(10)).toEqual([]);
    const calls = await world.calls();
    expect(calls.map(({ status }) => status)).toEqual(Array(12).fill(200));
    expect(fullestWindow(calls)).toBeLessThanOrEqual(5);
  });
});

async function twoOn(redis: RedisServer, kiteBaseUrl: string) {
  const options = { kiteRateLimit: 10, redisUrl: redis.url, kiteBaseUrl };
  return [await startWorld(options), await startWorld(options)] as const;
}
