// The rate budget counted in a Redis that comes and goes.
import { expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';
import { fullestWindow, users } from '../support/windows.ts';
import { startWorld, tokens } from '../support/world.ts';

const names = graphql(`query NamesOfMany { accounts { user { userId } } }`);

describeWithRedis(async (redis) => {
  const world = await startWorld(
    { kiteRateLimit: 5, redisUrl: redis.url },
    { accounts: 40, rateLimit: 5 },
  );

  test('a Redis that hangs, crashes and returns fails no request, and the limit holds throughout', async () => {
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
