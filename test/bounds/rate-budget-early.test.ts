// More than an app has calls for, seen by the clients: who can have no turn in time is told at once, and the others are
// answered as if they were alone.
import { expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { allOf, askInParts, fragmentsOf } from '../support/parts.ts';
import { users } from '../support/windows.ts';
import { startWorld, tokens } from '../support/world.ts';

const one = graphql(`query OneOfTooMany { account { user { userId } } }`);
const deferred = graphql(`
  query DeferredOfTooMany { accounts { apiKey ... @defer { user { userId } } } }
`);
const sum = graphql(`
  query SumOfTooMany {
    combinedMargins { accounts { id } failures { error { code ... on UpstreamError { retryAfterSeconds } } } }
  }
`);

const limit = 10;
const options = { kiteRateLimit: limit, operationTimeoutMilliseconds: 3_000 };
const flooded = await startWorld(options, { accounts: 150 });
const inParts = await startWorld(options, { accounts: 100 });
const summed = await startWorld(options, { accounts: 100 });

/** The most calls that start in three seconds. */
const most = 3 * limit;

test('of five times as many queries as there is time for, those without a turn are refused before the others are answered', async () => {
  const order: string[] = [];
  const answers = await Promise.all(
    users(150).map(async (user) => {
      const answer = await flooded.ask(one, { authorization: tokens(user) });
      order.push(answer.errors.length === 0 ? 'right' : 'refused');
      return { user, ...answer };
    }),
  );
  const calls = await flooded.calls();
  const right = answers.filter(({ errors }) => errors.length === 0);
  for (const { user, data } of right) expect(data?.account?.user?.userId).toBe(user);
  // What is refused costs the broker nothing; what is sent in the last window may be answered too late.
  expect(calls.length).toBeLessThanOrEqual(right.length + limit);
  const others = answers.filter((answer) => !right.includes(answer));
  const late = others.filter(({ errors }) => errors[0]?.extensions.code === 'UPSTREAM_TIMEOUT');
  expect(late.length).toBeLessThanOrEqual(limit);
  for (const { status, data, errors } of others.filter((answer) => !late.includes(answer))) {
    expect(status).toBe(200);
    expect(data).toEqual({ account: { user: null } });
    expect(errors[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryable: true });
    expect(errors[0]?.extensions.retryAfterSeconds).toBeGreaterThanOrEqual(1);
  }
  // Before the answers of the last window, most are refused; at their deadline all would be later.
  const lastWindow = order.flatMap((what, place) => (what === 'right' ? [place] : [])).at(-limit);
  const refused = order.slice(0, lastWindow).filter((what) => what === 'refused');
  expect(refused.length).toBeGreaterThan((150 - right.length) / 2);
});

test.concurrent('with @defer, the accounts without a turn are told before the others', async () => {
  const { parts } = await askInParts(inParts.url, deferred, {
    authorization: tokens(...users(100)),
  });
  const fragments = fragmentsOf((await allOf(parts)).slice(1));
  const codes = fragments.map(({ errors }) => errors?.[0]?.extensions?.code ?? 'right');
  expect(codes).toHaveLength(100);
  const refused = codes.flatMap((code, place) => (code === 'RATE_LIMITED' ? [place] : []));
  expect(refused.length).toBeGreaterThanOrEqual(100 - most);
  const before = codes.slice(0, refused[100 - most - 1]).filter((code) => code === 'right');
  expect(before.length).toBeLessThanOrEqual(limit);
  // The first ones are answered: an operation begins with its first accounts.
  const first = fragments.filter(({ errors }) => errors === undefined).map(({ path }) => path[1]);
  expect(Math.max(...first.map(Number))).toBeLessThan(most);
});

test.concurrent('a sum is over as many accounts as there is time for, and names the others', async () => {
  const { data, errors } = await summed.ask(sum, { authorization: tokens(...users(100)) });
  expect(errors).toEqual([]);
  const { accounts = [], failures = [] } = data?.combinedMargins ?? {};
  expect(accounts.length + failures.length).toBe(100);
  const calls = await summed.calls();
  expect(accounts.length).toBeGreaterThanOrEqual(calls.length - limit);
  for (const { error } of failures) expect(error).toMatchObject({ code: 'RATE_LIMITED' });
});
