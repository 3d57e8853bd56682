// Live margins under the rate limit: many accounts are polled less often, none fails, and no query waits for them.
import { expect, onTestFinished, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { follow } from '../support/follower.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { fullestWindow, users } from '../support/windows.ts';
import { startWorld, tokens } from '../support/world.ts';

const world = await startWorld({ kiteRateLimit: 10 }, { accounts: 41, rateLimit: 10 });

const followed = graphql(`
  subscription Followed {
    marginsChanged(everySeconds: 1) { margins { equity { net } } }
  }
`);
const asked = graphql(`query AskedMeanwhile { accounts { margins { equity { net } } } }`);

test('thirty accounts, each wanted every second, take turns: with each other, and as one with queries', {
  timeout: 30_000,
}, async () => {
  const live = await follow(world.url, followed, { authorization: tokens(...users(30)) });
  for (let account = 0; account < 30; account += 1) {
    expect((await live.next())?.errors).toBeUndefined();
  }
  // One account without subscribers, and one whose poll may be waiting already.
  for (const userId of ['SIM0035', 'SIM0017']) {
    const before = await world.arrived();
    const { errors } = await world.ask(asked, { authorization: tokens(userId) });
    expect(errors).toEqual([]);
    // It waited for the window, perhaps, and for a poll or two; not for thirty.
    expect((await world.arrived()) - before).toBeLessThanOrEqual(13);
  }
  await expect.poll(() => world.arrived(), { timeout: 10_000 }).toBeGreaterThanOrEqual(64);
  expect(live.unread).toBe(0);
  live.leave();
  const calls = await world.calls();
  expect(calls.filter(({ status }) => status !== 200 && status !== null)).toEqual([]);
  expect(fullestWindow(calls)).toBe(10);
  const polls = Map.groupBy(calls, ({ userId }) => userId ?? '');
  polls.delete('SIM0035');
  const counts = [...polls.values()].map(({ length }) => length);
  expect(counts).toHaveLength(30);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
});

test('an account whose call is a long query’s to make holds back no other', async () => {
  // Calls of other tests that were given up may still arrive, and count with the simulator.
  const own = await startWorld({ kiteRateLimit: 10 }, { accounts: 41, rateLimit: 10 });
  const query = own.ask(asked, { authorization: tokens(...users(40)) });
  const begun = expect.poll(() => own.arrived(), { interval: 10, timeout: 10_000 });
  await begun.toBeGreaterThanOrEqual(10);
  // The first is the last in that query, and its poll shares the call.
  const live = await follow(own.url, followed, { authorization: tokens('SIM0040', 'SIM0041') });
  expect((await live.next())?.errors).toBeUndefined();
  expect((await live.next())?.errors).toBeUndefined();
  live.leave();
  expect((await query).errors).toEqual([]);
  const order = (await own.calls()).map(({ userId }) => userId);
  expect(order.indexOf('SIM0041')).toBeLessThan(order.indexOf('SIM0040'));
});

test('one that hangs holds back no other', async () => {
  await world.fault({ kind: 'hang', userId: 'SIM0001' });
  onTestFinished(async () => {
    await world.clearFaults();
  });
  const live = await follow(world.url, followed, { authorization: tokens(...users(5)) });
  const events = await Promise.all(Array.from({ length: 4 }, () => live.next()));
  for (const event of events) expect(event?.errors).toBeUndefined();
  const before = await world.arrived();
  await expect.poll(() => world.arrived(), { timeout: 10_000 }).toBeGreaterThan(before + 4);
});

test('twenty thousand may be followed, the same one by many counted as often; then there is room again', async () => {
  const clock = new TestClock();
  const { url, fault, clearFaults } = await startWorld({ clock });
  // No subscriber gets an event, and no stream ends.
  await fault({ kind: 'hang' });
  const authorization = tokens(...users(1_000));
  const full = await Promise.all(
    Array.from({ length: 20 }, () => follow(url, followed, { authorization })),
  );
  const refused = await follow(url, followed, { authorization: tokens('SIM0001') });
  expect((await refused.next())?.errors?.[0]?.extensions).toMatchObject({
    code: 'RATE_LIMITED',
    retryable: true,
    retryAfterSeconds: 60,
  });
  expect(await refused.next()).toBeNull();
  for (const live of full) live.leave();
  await clearFaults();
  const follows = async () => {
    const live = await follow(url, followed, { authorization: tokens('SIM0001') });
    const event = await live.next();
    live.leave();
    return event?.data?.marginsChanged.margins?.equity?.net;
  };
  await expect.poll(follows).toBe(99725.05000000002);
});

test('subscriptions with a flood of invented tokens keep no first event away, from their own address or another', async () => {
  const besieged = await startWorld({ kiteRateLimit: 10, trustProxy: true }, { accounts: 5 });
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const invented = (flood: number) =>
    Array.from({ length: 300 }, (_, n) => `token simulator:invented-${flood}-${n}`).join(', ');
  const floods = await Promise.all(
    Array.from({ length: 8 }, (_, flood) =>
      follow(besieged.url, followed, {
        authorization: invented(flood),
        headers: from('192.0.2.66'),
      }),
    ),
  );
  await expect.poll(() => besieged.arrived(), { interval: 10 }).toBeGreaterThanOrEqual(10);
  for (const [user, address, bound] of [
    ['SIM0001', '198.51.100.1', 25],
    ['SIM0002', '192.0.2.66', 25],
  ] as const) {
    const before = await besieged.arrived();
    const live = await follow(besieged.url, followed, {
      authorization: tokens(user),
      headers: from(address),
    });
    expect((await live.next())?.errors).toBeUndefined();
    expect((await besieged.arrived()) - before).toBeLessThanOrEqual(bound);
    live.leave();
  }
  for (const live of floods) live.leave();
});
