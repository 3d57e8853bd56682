// The client package against a gateway on the simulator: operations, errors, retries, answers in parts.
import { expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../src/client/client.ts';
import { graphql } from '../generated/index.ts';
import { startWorld, tokens } from '../support/world.ts';

const world = await startWorld();
const client = createClient({ url: world.url, headers: { authorization: tokens('SIM0001') } });

const names = graphql(/* GraphQL */ `
  query ClientNames {
    accounts {
      user {
        userId
      }
      margins {
        equity {
          net
        }
      }
    }
  }
`);

test('a query answers with typed data', async () => {
  const result = await client.query(names);
  expect(result).toMatchObject({ ok: true, error: null, errors: [] });
  expect(result.data?.accounts?.[0]?.user?.userId).toBe('SIM0001');
});

test('a failed field is null beside its error, and the other fields keep their data', async () => {
  await world.fault({ kind: 'internal-error', path: '/user/margins/equity' });
  onTestFinished(async () => {
    await world.clearFaults();
  });
  const { ok, data, error } = await client.query(names);
  expect(ok).toBe(false);
  expect(data?.accounts?.[0]).toEqual({ user: { userId: 'SIM0001' }, margins: { equity: null } });
  expect(error).toMatchObject({
    code: 'UPSTREAM_UNAVAILABLE',
    path: ['accounts', 0, 'margins', 'equity'],
    httpStatus: 200,
    requestId: expect.any(String),
    broker: { name: 'KITE', status: 500 },
  });
});

test('an answer in parts grows, and ends with everything', async () => {
  const seen = [];
  const query =
    '{ accounts { apiKey ... @defer { user { userId } } ... @defer { margins { equity { net } } } } }';
  for await (const { ok, data, hasNext } of client.parts(query)) seen.push({ ok, data, hasNext });
  expect(seen[0]).toEqual({
    ok: true,
    data: { accounts: [{ apiKey: 'simulator' }] },
    hasNext: true,
  });
  expect(seen.at(-1)).toEqual({
    ok: true,
    data: {
      accounts: [
        {
          apiKey: 'simulator',
          user: { userId: 'SIM0001' },
          margins: { equity: { net: expect.any(Number) } },
        },
      ],
    },
    hasNext: false,
  });
});

test('a subscription yields the present state, then changes, and ends with its signal', async () => {
  const leaving = new AbortController();
  const events = client.subscribe<{ marginsChanged: { margins: { equity: { net: number } } } }>(
    'subscription { marginsChanged(everySeconds: 1) { margins { equity { net } } } }',
    {},
    { signal: leaving.signal },
  );
  const first = (await events.next()).value?.data?.marginsChanged.margins.equity.net ?? 0;
  const { net } = await world.payIn('SIM0001', 'equity', 250);
  expect(net).not.toBe(first);
  expect((await events.next()).value?.data?.marginsChanged.margins.equity.net).toBe(net);
  leaving.abort();
  expect(await events.next()).toEqual({ done: true, value: undefined });
});

test('a refused subscription yields its error and ends', async () => {
  const events = createClient({ url: world.url }).subscribe(
    'subscription { marginsChanged { account { id } } }',
  );
  const seen = [];
  for await (const { data, error } of events) seen.push([data, error?.code]);
  expect(seen).toEqual([[null, 'UNAUTHENTICATED']]);
});

test('the address of a login leads to the page of the app, and back', async () => {
  const returnTo = 'http://localhost:3000/a?b=c';
  const back = 'returnTo=http%3A%2F%2Flocalhost%3A3000%2Fa%3Fb%3Dc';
  const { origin } = new URL(world.url);
  const expected = `${origin}/login?app=simulator&${back}`;
  // A key, an account or session, and an error: each names the app.
  expect(client.loginUrl({ app: 'simulator', returnTo })).toBe(expected);
  expect(client.loginUrl({ app: { apiKey: 'simulator' }, returnTo })).toBe(expected);
  await world.fault({ kind: 'error-envelope', errorType: 'TokenException', status: 403, times: 2 });
  const { error } = await client.query(names);
  if (error === null) throw new Error('It did not fail');
  const again = new URL(client.loginUrl({ app: error, returnTo }));
  expect(again.pathname + again.search).toBe(`/login?app=simulator&${back}`);
  // What the schema says of an app is taken as it is.
  const query = `{ apps { apiKey loginUrl(returnTo: "http://localhost:4000/graphql") } }`;
  const { data } = await client.query<{ apps: { apiKey: string; loginUrl: string }[] }>(query);
  const [app] = data?.apps ?? [];
  if (app === undefined) throw new Error('There is no app');
  expect(client.loginUrl({ app })).toBe(app.loginUrl);
  // Below a path, as behind a proxy; and without an app where there is only one.
  const below = createClient({ url: 'https://example.com/kite/graphql' });
  expect(below.loginUrl()).toBe('https://example.com/kite/login');
});
