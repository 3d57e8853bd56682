// What an operation cost: told where the request asks for it, by app; and what is left of the budget.
import { describe, expect, onTestFinished, test } from 'vitest';
import { createMetrics } from '../../src/metrics/prometheus.ts';
import { graphql } from '../generated/gql.ts';
import { readEvents } from '../support/follower.ts';
import { startGate } from '../support/gate.ts';
import { readMetrics } from '../support/values/metric-values.ts';
import { apps, kotakApp, kotakTokens, startWorld, tokens } from '../support/world.ts';

const world = await startWorld({ apps: [...apps, kotakApp], kiteRateLimit: 100 });
const authorization = tokens('SIM0001');
const asking = { 'x-operation-cost': 'true' };
const query = graphql(`
  query CostOfBoth { account { user { userId } margins { equity { net } commodity { net } } } }
`);
const budget = graphql(`query BudgetOfApps { apps { apiKey budget { limit remaining waiting } } }`);
const costIn = (text: string) => JSON.parse(text).extensions?.cost;

describe('extensions.cost', () => {
  test('counts the calls of each app, and tells what is left of its budget', async () => {
    const both = `${tokens('SIM0001', 'SIM0002')}, ${kotakTokens('SIMK01')}`;
    const text = '{ accounts { user { userId } kotakMargins { __typename } } }';
    const answer = await world.askRaw(text, { authorization: both, headers: asking });
    expect(costIn(answer.text)).toEqual({
      apps: [
        {
          broker: 'KITE',
          apiKey: 'simulator',
          calls: 2,
          shared: 0,
          held: 0,
          waitedMilliseconds: 0,
          budgetRemaining: expect.any(Number),
        },
        expect.objectContaining({ broker: 'KOTAK', apiKey: 'simulator-kotak', calls: 1 }),
      ],
    });
    expect(costIn(answer.text).apps[0].budgetRemaining).toBeLessThanOrEqual(98);
  });

  test('counts answers that another operation called for, and those that were held', async () => {
    const gate = await startGate(world.simulator.url);
    onTestFinished(() => gate.close());
    const metrics = createMetrics();
    const gated = await startWorld({ kiteBaseUrl: gate.url, metrics });
    const text = '{ account { user { userId } } }';
    const holding = gate.holdNext('before-kite');
    const first = gated.askRaw(text, { authorization, headers: asking });
    const held = await holding;
    const second = gated.askRaw(text, { authorization, headers: asking });
    const shared = async () => (await readMetrics(metrics))('reads_total')['source=shared'];
    await expect.poll(shared).toBe(1);
    held.release();
    expect(costIn((await first).text).apps[0]).toMatchObject({ calls: 1, shared: 0, held: 0 });
    expect(costIn((await second).text).apps[0]).toMatchObject({ calls: 0, shared: 1, held: 0 });
    const headers = { ...asking, 'cache-control': 'max-age=60' };
    const third = await gated.askRaw(text, { authorization, headers });
    expect(costIn(third.text).apps[0]).toMatchObject({ calls: 0, shared: 0, held: 1 });
    expect((await readMetrics(metrics))('reads_total')).toEqual({
      'source=call': 1,
      'source=shared': 1,
      'source=held': 1,
    });
  });

  test('counts a second attempt', async () => {
    await world.fault({ kind: 'service-unavailable', path: '/user/profile', times: 1 });
    const { text } = await world.askRaw('{ account { user { userId } } }', {
      authorization,
      headers: asking,
    });
    expect(costIn(text).apps[0]).toMatchObject({ calls: 2 });
  });

  test('is empty for an operation that reads no account, and absent where it was not asked for', async () => {
    const empty = await world.ask(budget, { headers: asking });
    expect(costIn(empty.text)).toEqual({ apps: [] });
    const silent = await world.ask(query, { authorization });
    expect(silent.text).not.toContain('extensions');
    const other = await world.ask(query, { authorization, headers: { 'x-operation-cost': '1' } });
    expect(other.text).not.toContain('extensions');
  });

  test('is the same by Yoga’s own way, where the request is not plain', async () => {
    const search = new URLSearchParams({ query: '{ account { user { userId } } }' });
    const response = await fetch(`${world.url}?${search}`, {
      headers: { authorization, accept: 'application/graphql-response+json', ...asking },
    });
    const { extensions } = JSON.parse(await response.text());
    expect(extensions.cost.apps[0]).toMatchObject({ apiKey: 'simulator', calls: 1 });
  });

  test('lists no more apps than the limit allows', async () => {
    const small = await startWorld({ headerCredentials: 'any', limits: { costApps: 3 } });
    const many = Array.from({ length: 10 }, (_, index) => `token foreign${index}:token`).join(', ');
    const answer = await small.askRaw('{ accounts { user { userId } } }', {
      authorization: many,
      headers: asking,
    });
    expect(costIn(answer.text).apps).toHaveLength(3);
  });

  test('may be asked for by pages of allowed origins', async () => {
    const open = await startWorld({ allowedOrigins: ['http://app.localhost:4000'] });
    const preflight = await fetch(open.url, {
      method: 'OPTIONS',
      headers: { origin: 'http://app.localhost:4000', 'access-control-request-method': 'POST' },
    });
    expect(preflight.headers.get('access-control-allow-headers')).toContain('x-operation-cost');
  });

  test('is left out of an answer in parts', async () => {
    const response = await fetch(world.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization,
        ...asking,
      },
      body: JSON.stringify({ query: '{ account { id ... @defer { user { userId } } } }' }),
    });
    const events = readEvents(response, () => undefined);
    expect(await events.next()).not.toHaveProperty('extensions');
  });
});

describe('App.budget', () => {
  test('tells the limit, what is left of it and what waits, without a call', async () => {
    await world.calls();
    const { data } = await world.ask(budget);
    expect(data?.apps[0]).toEqual({
      apiKey: 'simulator',
      budget: { limit: 100, remaining: expect.any(Number), waiting: 0 },
    });
    expect(await world.calls()).toEqual([]);
  });

  test('has nothing left while the broker refuses calls', async () => {
    const closed = await startWorld({ kiteRateLimit: 10 });
    await closed.fault({ kind: 'too-many-requests', times: 1 });
    const text = '{ account { user { userId } } apps { budget { remaining } } }';
    await closed.askRaw(text, { authorization });
    const { data } = await closed.ask(budget);
    expect(data?.apps[0]?.budget?.remaining).toBe(0);
  });

  test('has no limit where the gateway sets none', async () => {
    const free = await startWorld({ kiteRateLimit: 0 });
    const { data } = await free.ask(budget);
    expect(data?.apps[0]?.budget).toEqual({ limit: null, remaining: null, waiting: 0 });
  });
});
