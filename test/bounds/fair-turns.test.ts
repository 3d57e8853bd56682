// What a caller notices of others who ask for more than Kite answers: a turn of each, and nothing else.
import { expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { users } from '../support/windows.ts';
import { startWorld, tokens } from '../support/world.ts';

const both = graphql(`
  query WholeAccounts { accounts { user { userId } margins { equity { net } commodity { net } } } }
`);
const one = graphql(`query OneAmongStrangers { account { user { userId } } }`);
const logout = graphql(`mutation LogoutOfStrangers { logout { loggedOut } }`);

const from = (address: string) => ({ 'x-forwarded-for': address });
const invented = (count: number, apiKey = 'simulator') =>
  Array.from({ length: count }, (_, n) => `token ${apiKey}:invented-${n}`).join(', ');

test('of a query that asks for more than there is time for, as many accounts as possible are whole', async () => {
  const limit = 50;
  const world = await startWorld(
    { kiteRateLimit: limit, headerCredentials: 'any', operationTimeoutMilliseconds: 3_000 },
    { accounts: 300 },
  );
  // The first query of a process takes its time, of which there is little here; it goes through another app.
  await world.ask(one, { authorization: 'token simulator-two:SIM0001-token' });
  await world.calls();
  const { data } = await world.ask(both, { authorization: tokens(...users(300)) });
  const calls = await world.calls();
  const accounts = data?.accounts ?? [];
  const whole = accounts.filter((account) => account?.user && account.margins?.equity);
  const begun = accounts.filter((account) => account?.user || account?.margins?.equity);
  expect(calls.length).toBeGreaterThanOrEqual(2 * limit);
  // What was sent just before the deadline has no answer in time, on a busy machine for half a second.
  const late = limit / 2;
  expect(begun.length - whole.length).toBeLessThanOrEqual(late);
  expect(2 * whole.length).toBeGreaterThanOrEqual(calls.length - 2 * late);
});

test('operations of two calls are answered whole although far more come than Kite answers', async () => {
  const world = await startWorld(
    { kiteRateLimit: 50, headerCredentials: 'any', operationTimeoutMilliseconds: 2_000 },
    { accounts: 300 },
  );
  await world.ask(one, { authorization: 'token simulator-two:SIM0001-token' });
  await world.calls();
  const answers = await Promise.all(
    users(300).map((user) => world.ask(both, { authorization: tokens(user) })),
  );
  const calls = await world.calls();
  const whole = answers.filter(({ errors }) => errors.length === 0);
  expect((2 * whole.length) / calls.length).toBeGreaterThanOrEqual(0.7);
});

test('logouts and reads of a thousand invented tokens keep a user waiting for a turn alone', {
  timeout: 30_000,
}, async () => {
  const world = await startWorld({ kiteRateLimit: 10, trustProxy: true }, { accounts: 3 });
  const controller = new AbortController();
  // One who has been there before, and who will come from the very address of the strangers.
  await world.ask(one, { authorization: tokens('SIM0001'), headers: from('192.0.2.66') });
  await world.calls();
  const flood = [logout.toString(), both.toString()].map((query) =>
    world
      .askRaw(query, {
        authorization: invented(1_000),
        headers: from('192.0.2.66'),
        signal: controller.signal,
      })
      .catch(() => null),
  );
  const singles = Array.from({ length: 200 }, (_, n) =>
    world
      .ask(one, {
        authorization: `token simulator:random-${n}`,
        headers: from('192.0.2.66'),
        signal: controller.signal,
      })
      .catch(() => null),
  );
  await expect
    .poll(() => world.arrived(), { interval: 10, timeout: 10_000 })
    .toBeGreaterThanOrEqual(9);
  for (const [user, address] of [
    ['SIM0001', '192.0.2.66'],
    ['SIM0002', '198.51.100.2'],
  ] as const) {
    const before = await world.arrived();
    const { data, errors } = await world.ask(one, {
      authorization: tokens(user),
      headers: from(address),
    });
    expect(errors).toEqual([]);
    expect(data?.account?.user?.userId).toBe(user);
    expect((await world.arrived()) - before).toBeLessThanOrEqual(15);
  }
  controller.abort();
  await Promise.all([...flood, ...singles]);
});
