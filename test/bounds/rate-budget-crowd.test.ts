// Three hundred accounts of one app: the limit holds in every window, and a query over one account is not kept waiting.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { longestWayMilliseconds } from '../../src/brokers/upstream/budget/rate-log/rate-log.ts';
import { graphql } from '../generated/gql.ts';
import { fullestWindow, users } from '../support/windows.ts';
import { describeWithRedis } from '../support/with-redis.ts';
import { startWorld, tokens, type UpstreamCall } from '../support/world.ts';

const funds = graphql(`
  query FundsOfCrowd { combinedMargins { accounts { id } failures { error { code } } } }
`);
const one = graphql(`query OneBesideCrowd { account { user { userId } } }`);

/** Ten times Kite's own, so that thirty seconds of it pass in three. */
const limit = 100;

/** The simulator runs in this process: a call that arrives while the process is held up is on its way meanwhile. */
const delays = monitorEventLoopDelay();
delays.enable();

const alone = await startCrowd(1);
test.concurrent('through one gateway', () => ask(alone));

describeWithRedis(async (redis) => {
  const together = await startCrowd(2, redis.url);
  test.concurrent('through two gateways', () => ask(together));
});

/** Gateways beside each other on one simulator. */
async function startCrowd(replicas: number, redisUrl?: string) {
  const limits = { kiteRateLimit: limit, ...(redisUrl !== undefined && { redisUrl }) };
  const first = await startWorld(limits, { accounts: 310, rateLimit: limit });
  const others = Array.from({ length: replicas - 1 }, () =>
    startWorld({ ...limits, kiteBaseUrl: first.simulator.url }),
  );
  return [first, ...(await Promise.all(others))] as const;
}

async function ask(worlds: Awaited<ReturnType<typeof startCrowd>>): Promise<void> {
  const [{ simulator }] = worlds;
  const arrived = async (): Promise<readonly UpstreamCall[]> =>
    (await (await fetch(`${simulator.url}/simulator/requests`)).json()).requests;
  const share = 300 / worlds.length;
  const crowds = worlds.map((world, index) =>
    world.ask(funds, { authorization: tokens(...users(share, 1 + index * share)) }),
  );
  await expect.poll(async () => (await arrived()).length).toBeGreaterThanOrEqual(limit);

  const singles = users(2, 301);
  for (const [index, user] of singles.entries()) {
    const before = (await arrived()).length;
    // Others are still waiting.
    expect(before).toBeLessThanOrEqual(250);
    const { data, errors } =
      (await worlds[index % worlds.length]?.ask(one, { authorization: tokens(user) })) ??
      expect.fail();
    expect(errors).toEqual([]);
    expect(data?.account?.user?.userId).toBe(user);
    const calls = await arrived();
    const place = calls.findIndex(({ userId }) => userId === user);
    // A second's worth of calls at most was let in before it.
    expect(place - before).toBeLessThanOrEqual(limit);
  }

  for (const { data, errors } of await Promise.all(crowds)) {
    expect(errors).toEqual([]);
    expect(data?.combinedMargins?.accounts).toHaveLength(share);
    expect(data?.combinedMargins?.failures).toEqual([]);
  }
  const calls = await arrived();
  expect(calls).toHaveLength(300 + singles.length);
  expect(calls.filter(({ status }) => status !== 200)).toEqual([]);
  // The limit holds for calls that are on their way no longer than the gateway assumes.
  const heldUp = Math.max(0, delays.max / 1e6 - longestWayMilliseconds);
  expect(fullestWindow(calls, 1_000 - heldUp)).toBeLessThanOrEqual(limit);
}
