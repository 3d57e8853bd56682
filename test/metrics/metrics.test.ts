// Metrics: what they count of operations, calls, the budget, sessions and streams, and what no label ever holds.
import { Registry } from 'prom-client';
import { beforeEach, describe, expect, test } from 'vitest';
import { createMetrics } from '../../src/metrics/prometheus.ts';
import type { GatewayOptions } from '../../src/options.ts';
import { follow } from '../support/follower.ts';
import { readMetrics } from '../support/values/metric-values.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld, tokens } from '../support/world.ts';

const home = 'http://localhost:4000';

/** A gateway with metrics of its own. */
async function measured(options: GatewayOptions = {}) {
  const metrics = createMetrics({ registry: new Registry(), limits: options.limits ?? {} });
  const world = await startWorld({ metrics, headerCredentials: 'any', ...options });
  return { ...world, metrics, read: () => readMetrics(metrics) };
}

const world = await measured({ maxAgeSeconds: 60, limits: { metricOperations: 50 } });
const authorization = tokens('SIM0001');

beforeEach(() => {
  world.metrics.registry.resetMetrics();
});

describe('operations', () => {
  test('are counted by name and by the code of their first error', async () => {
    await world.askRaw('query Mine { account { user { userId } } }', { authorization });
    await world.askRaw('query Mine { account { user { userId } } }');
    await world.askRaw('{ apps { apiKey } }');
    await world.askRaw('query Broken { nothing }');
    const read = await world.read();
    expect(read('operations_total')).toEqual({
      'operation=Mine,code=OK': 1,
      'operation=Mine,code=UNAUTHENTICATED': 1,
      'operation=anonymous,code=OK': 1,
      'operation=none,code=BAD_USER_INPUT': 1,
    });
    expect(read('errors_total')).toEqual({ 'code=UNAUTHENTICATED': 1, 'code=BAD_USER_INPUT': 1 });
    expect(read('operation_duration_seconds_count')).toEqual({
      'operation=Mine': 2,
      'operation=anonymous': 1,
      'operation=none': 1,
    });
  });

  test('invented names become no more labels than the limit allows, however many come', async () => {
    const names = Array.from({ length: 300 }, (_, index) => `Invented${index}`);
    for (let from = 0; from < names.length; from += 50) {
      const batch = names.slice(from, from + 50);
      await Promise.all(batch.map((name) => world.askRaw(`query ${name} { __typename }`)));
    }
    for (let index = 0; index < 10_000; index += 1) {
      const about = { codes: [`CODE${index}`], milliseconds: 1, isSubscription: false };
      world.metrics.operation({ name: `More${index}`, ...about });
    }
    const read = await world.read();
    const series = read('operations_total');
    const labels = (name: string) =>
      new Set(Object.keys(series).map((key) => new RegExp(`${name}=(\\w+)`).exec(key)?.[1]));
    expect(labels('operation').size).toBeLessThanOrEqual(51);
    expect(labels('code').size).toBeLessThanOrEqual(65);
    expect(Object.values(series).reduce((sum, count) => sum + count, 0)).toBe(10_300);
    expect(series['operation=other,code=OK']).toBeGreaterThanOrEqual(250);
  });
});

describe('calls to a broker', () => {
  test('are measured by broker, endpoint and outcome, and the wait for a turn apart', async () => {
    await world.askRaw('{ account { user { userId } margins { equity { net } } } }', {
      authorization,
    });
    await world.fault({ kind: 'internal-error', path: '/user/profile', times: 1 });
    await world.askRaw('{ account { user { userId } } }', { authorization });
    const read = await world.read();
    expect(read('upstream_call_duration_seconds_count')).toEqual({
      'broker=KITE,endpoint=GET /user/profile,code=ok': 1,
      'broker=KITE,endpoint=GET /user/margins/equity,code=ok': 1,
      'broker=KITE,endpoint=GET /user/profile,code=unavailable': 1,
    });
    expect(read('upstream_wait_seconds_count')).toEqual({ 'broker=KITE': 3 });
    expect(read('upstream_starts_total')).toEqual({ 'broker=KITE,app=simulator': 3 });
  });

  test('a second attempt is a start of its own, in one call', async () => {
    await world.fault({ kind: 'service-unavailable', path: '/user/profile', times: 1 });
    await world.askRaw('{ account { user { userId } } }', { authorization });
    const read = await world.read();
    expect(read('upstream_starts_total')).toEqual({ 'broker=KITE,app=simulator': 2 });
    expect(read('upstream_call_duration_seconds_count')).toEqual({
      'broker=KITE,endpoint=GET /user/profile,code=ok': 1,
    });
  });

  test('apps that are not configured share one label', async () => {
    const others = Array.from({ length: 20 }, (_, index) => `token foreign${index}:token`);
    await world.askRaw('{ accounts { user { userId } } }', { authorization: others.join(', ') });
    const read = await world.read();
    expect(read('upstream_starts_total')).toEqual({ 'broker=KITE,app=other': 20 });
  });
});

describe('the budget', () => {
  test('tells its limit, what is used, what waits, what was refused and what a 429 closed', async () => {
    const clock = new TestClock();
    const tight = await measured({
      kiteRateLimit: 2,
      clock,
      operationTimeoutMilliseconds: 600_000,
      limits: { waitingCallsPerCaller: 1 },
    });
    await tight.fault({ kind: 'hang', times: 2 });
    const query = '{ account { user { userId } } }';
    const leaving = new AbortController();
    const users = ['SIM0001', 'SIM0002', 'SIM0003'];
    const asked = users.map((user) =>
      tight
        .askRaw(query, { authorization: tokens(user), signal: leaving.signal })
        .catch(() => null),
    );
    await expect
      .poll(async () => (await tight.read())('budget_waiting'))
      .toMatchObject({ 'broker=KITE,app=simulator,lane=other': 1 });
    const refused = await tight.askRaw(query, { authorization: tokens('SIM0004') });
    expect(refused.errors[0]?.extensions.code).toBe('RATE_LIMITED');
    const read = await tight.read();
    expect(read('budget_limit')).toMatchObject({ 'broker=KITE,app=simulator': 2 });
    expect(read('budget_used')).toMatchObject({ 'broker=KITE,app=simulator': 2 });
    expect(read('budget_refused_total')).toEqual({ 'broker=KITE,app=simulator': 1 });
    leaving.abort();
    await Promise.all(asked);
  });

  test('a 429 closes it, and is counted', async () => {
    const closed = await measured({ kiteRateLimit: 10 });
    await closed.fault({ kind: 'too-many-requests', times: 1 });
    await closed.askRaw('{ account { user { userId } } }', { authorization });
    const read = await closed.read();
    expect(read('budget_closings_total')).toEqual({ 'broker=KITE,app=simulator': 1 });
    expect(read('budget_closed_seconds')['broker=KITE,app=simulator']).toBeGreaterThan(0);
  });
});

describe('sessions', () => {
  test('logins are counted by outcome, the store is measured, and sessions are counted by state', async () => {
    const clock = new TestClock();
    const now = () => new Date(startOfTime.getTime() + clock.milliseconds());
    const own = await measured({ clock, now });
    const origin = new URL(own.url).origin;
    const browser = new Visitor(origin, home);
    await browser.logIn(`${origin}/login?app=simulator`, 'SIM0001');
    await new Visitor(origin, home).visit(`${origin}/callback?status=success&request_token=x`);
    await own.fault({ kind: 'internal-error', method: 'DELETE' });
    await browser.askRaw('mutation Leave { logout { loggedOut } }');
    await expect.poll(async () => (await own.read())('revocations_pending')).toEqual({ '': 1 });
    await expect
      .poll(async () => {
        clock.advance(60);
        return (await own.read())('sessions');
      })
      .toEqual({ 'state=ACTIVE': 0, 'state=EXPIRED': 0, 'state=REVOKING': 1, 'state=REVOKED': 0 });
    const read = await own.read();
    expect(read('store_counted')).toEqual({ '': 1 });
    expect(read('store_queue')).toEqual({ 'list=revocations': 1, 'list=deliveries': 0 });
    const events = read('audit_events_total');
    expect(events['event=login,outcome=completed,code=']).toBe(1);
    expect(
      Object.keys(events).filter((key) => key.startsWith('event=login,outcome=failed')),
    ).toHaveLength(1);
    const measuredMethods = Object.keys(read('store_duration_seconds_count'));
    expect(measuredMethods).toContain('operation=writeRecords');
    expect(measuredMethods).toContain('operation=revocations.add');
  });
});

describe('streams', () => {
  test('are counted while they are open', async () => {
    const live = await follow(
      world.url,
      'subscription Live { marginsChanged { margins { equity { net } } } }',
      {
        authorization,
      },
    );
    await live.next();
    expect((await world.read())('streams_open')).toEqual({ 'kind=subscription': 1 });
    live.leave();
    await expect
      .poll(async () => (await world.read())('streams_open'))
      .toEqual({ 'kind=subscription': 0 });
    expect((await world.read())('operation_duration_seconds_count')).toEqual({});
  });
});

test('no metric holds a token, a user or an account', async () => {
  const origin = new URL(world.url).origin;
  const browser = new Visitor(origin, home);
  await browser.logIn(`${origin}/login?app=simulator`, 'SIM0001');
  const { data } = await browser.askRaw<{ accounts: { id: string }[] }>('{ accounts { id } }');
  await world.askRaw('{ accounts { id user { userId } } }', { authorization: tokens('SIM0001') });
  const text = await world.metrics.text();
  for (const secret of [
    'SIM0001',
    '-token',
    data?.accounts[0]?.id ?? '?',
    ...browser.cookies.values(),
  ]) {
    expect(text).not.toContain(secret);
  }
});

test('the metrics of the process are beside those of the gateway, in a registry of their own', async () => {
  const text = await createMetrics().text();
  for (const name of [
    'nodejs_eventloop_lag_seconds',
    'process_resident_memory_bytes',
    'nodejs_active_handles',
  ]) {
    expect(text).toContain(`# TYPE ${name} `);
  }
});
