// Three hundred accounts of one app: the limit holds in every window, and a query over one account is not kept waiting.
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';
import { fullestWindow, users } from '../support/windows.ts';
import { startWorld, tokens, type UpstreamCall } from '../support/world.ts';

const funds = graphql(`
  query FundsOfCrowd { combinedMargins { accounts { id } failures { error { code } } } }
`);
const one = graphql(`query OneBesideCrowd { account { user { userId } } }`);

/** Ten times Kite's own, so that thirty seconds of it pass in three. */
const limit = 100;

/** A call as it left this process. When that is held up, calls arrive together that were sent apart. */
interface SentCall {
  readonly authorization: string;
  readonly monotonicMilliseconds: number;
}

/** By the address of the broker. */
const sent = new Map<string, SentCall[]>();
subscribe('undici:client:sendHeaders', (message) => {
  const { request, headers } = message as {
    readonly request: { readonly origin: string; readonly path: string };
    readonly headers: string;
  };
  if (!request.path.startsWith('/user/')) return;
  const authorization = /^authorization: (.*?)\r?$/im.exec(headers)?.[1] ?? '';
  const calls = sent.get(`${request.origin}`) ?? [];
  sent.set(`${request.origin}`, calls);
  calls.push({ authorization, monotonicMilliseconds: performance.now() });
});

/** How many calls had been sent to each broker when a gateway received a query, by the port and the credentials of that. */
const sentBefore = new Map<string, ReadonlyMap<string, number>>();
subscribe('http.server.request.start', (message) => {
  const { url, headers, socket } = (message as { readonly request: IncomingMessage }).request;
  if (url !== '/graphql') return;
  const counts = [...sent].map(([broker, calls]) => [broker, calls.length] as const);
  sentBefore.set(`${socket.localPort} ${headers.authorization}`, new Map(counts));
});

const alone = await startCrowd(1);
test.concurrent('through one gateway', () => ask(alone));

describeWithRedis(async (redis) => {
  const together = await startCrowd(2, redis.url);
  test.concurrent('through two gateways', () => ask(together));
});

/** Gateways beside each other on one simulator. */
async function startCrowd(replicas: number, redisUrl?: string) {
  const limits = { kiteRateLimit: limit, ...(redisUrl !== undefined && { redisUrl }) };
  // The broker refuses nothing: when this process is held up, calls arrive together that were sent apart.
  const first = await startWorld(limits, { accounts: 2_400 });
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
  // Twenty seconds of calls, so that others wait as long as the single queries take, and no longer.
  const answered = new AbortController();
  const others = [400, 1_400].map((from, index) => {
    const world = worlds[index % worlds.length] ?? expect.fail();
    const authorization = tokens(...users(1_000, from));
    return world.ask(funds, { authorization, signal: answered.signal }).catch(() => null);
  });
  await expect
    .poll(async () => (await arrived()).length, { timeout: 20_000 })
    .toBeGreaterThanOrEqual(limit);

  const singles = users(2, 301);
  const calls = () => sent.get(simulator.url) ?? expect.fail();
  for (const [index, user] of singles.entries()) {
    const authorization = tokens(user);
    const world = worlds[index % worlds.length] ?? expect.fail();
    const { data, errors } = await world.ask(one, { authorization });
    expect(errors).toEqual([]);
    expect(data?.account?.user?.userId).toBe(user);
    // Others are still waiting.
    expect(calls().length).toBeLessThan(300 + 2_000);
    const place = calls().findIndex((call) => call.authorization === authorization);
    expect(place).toBeGreaterThan(0);
    const then = sentBefore.get(`${new URL(world.url).port} ${authorization}`);
    const before = then?.get(simulator.url) ?? expect.fail();
    // A second's worth of calls at most was let in before it.
    expect(place - before).toBeLessThanOrEqual(limit);
  }
  answered.abort();
  expect(await Promise.all(others)).toEqual([null, null]);

  for (const { data, errors } of await Promise.all(crowds)) {
    expect(errors).toEqual([]);
    expect(data?.combinedMargins?.failures).toEqual([]);
    expect(data?.combinedMargins?.accounts).toHaveLength(share);
  }
  const asked = new Set([...users(300), ...singles]);
  const all = await arrived();
  const own = all.filter(({ userId }) => userId !== null && asked.has(userId));
  expect(own).toHaveLength(asked.size);
  // What was cancelled on its way has no status.
  expect(own.filter(({ status }) => status !== 200)).toEqual([]);
  expect(all.filter(({ status }) => status !== 200 && status !== null)).toEqual([]);
  expect(fullestWindow(calls())).toBeLessThanOrEqual(limit);
}
