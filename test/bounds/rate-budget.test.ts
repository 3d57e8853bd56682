// The rate budget, seen from both ends: what callers get, and what arrives at Kite.
import { expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { requestTokenOf } from '../support/login.ts';
import { fullestWindow, users } from '../support/windows.ts';
import { startWorld, tokens } from '../support/world.ts';

const names = graphql(`query Names { accounts { user { userId } } }`);
const equities = graphql(`query Equities { accounts { margins { equity { net } } } }`);
const exchange = graphql(`
  mutation QuickExchange($input: ExchangeTokenInput!) {
    exchangeToken(input: $input) { __typename ... on ApiError { code } }
  }
`);
const logout = graphql(`
  mutation LogoutInTime {
    logout { loggedOut failures { error { code retryable ... on UpstreamError { retryAfterSeconds } } } }
  }
`);

// Calls through an app that is not configured leave the budget of the others alone.
const limited = { kiteRateLimit: 10, headerCredentials: 'any' } as const;
const crowd = await startWorld(limited, { accounts: 70, rateLimit: 10 });
const hurried = await startWorld(
  { ...limited, operationTimeoutMilliseconds: 600 },
  { accounts: 40 },
);
const scolded = await startWorld({ ...limited, headerCredentials: 'any' });
const slow = await startWorld({ kiteRateLimit: 1 });

test.concurrent('sixty accounts keep to the limit, and every account is answered', async () => {
  const requestToken = await requestTokenOf(crowd.simulator, 'SIM0065');
  const whole = crowd.ask(names, { authorization: tokens(...users(60)) });
  // The queue is long by now: its first ten calls have arrived.
  await expect.poll(() => crowd.arrived(), { interval: 10 }).toBeGreaterThanOrEqual(10);
  const single = crowd.ask(names, { authorization: tokens('SIM0061') });
  const another = crowd.ask(names, { authorization: tokens('SIM0062') });
  const login = crowd.ask(exchange, {
    variables: { input: { requestToken, apiKey: 'simulator' } },
  });

  expect((await login).data?.exchangeToken?.__typename).toBe('Session');
  expect((await single).data?.accounts?.[0]?.user?.userId).toBe('SIM0061');
  expect((await another).data?.accounts?.[0]?.user?.userId).toBe('SIM0062');
  const { data, errors } = await whole;
  expect(errors).toEqual([]);
  expect(data?.accounts?.map((account) => account?.user?.userId)).toEqual(users(60));

  const calls = await crowd.calls();
  expect(calls).toHaveLength(63);
  expect(calls.filter(({ status }) => status !== 200)).toEqual([]);
  expect(fullestWindow(calls)).toBe(10);
  // The login came last and all three small ones had their turns in the next window.
  const second = calls.slice(10, 20).map(({ path, userId }) => `${path} ${userId}`);
  expect(second).toContain('/session/token SIM0065');
  expect(second).toContain('/user/profile SIM0061');
  expect(second).toContain('/user/profile SIM0062');
});

test.concurrent('a call that has no turn before the deadline is RATE_LIMITED', async () => {
  const authorization = tokens(...users(25));
  // The first query of a process takes its time, of which there is little here; it goes through another app.
  await hurried.ask(names, { authorization: 'token simulator-two:SIM0001-token' });
  await hurried.calls();
  const { data, errors } = await hurried.ask(names, { authorization });
  expect(data?.accounts?.filter((account) => account?.user)).toHaveLength(10);
  expect(errors).toHaveLength(15);
  for (const { extensions } of errors) {
    expect(extensions).toMatchObject({
      code: 'RATE_LIMITED',
      retryable: true,
      retryAfterSeconds: expect.any(Number),
    });
    expect(extensions.retryAfterSeconds).toBeGreaterThanOrEqual(1);
    expect(extensions).not.toHaveProperty('kite');
  }
  const left = await hurried.ask(logout, { authorization: tokens('SIM0001') });
  expect(left.data?.logout).toEqual({
    loggedOut: [],
    // Kite has not heard of it, so it may be asked again.
    failures: [{ error: { code: 'RATE_LIMITED', retryable: true, retryAfterSeconds: 1 } }],
  });
  expect(await hurried.calls()).toHaveLength(10);

  // With 400 ms of the window left there is hope, until twelve others are before it.
  await new Promise((resolve) => setTimeout(resolve, 650));
  const crowded = hurried.ask(names, { authorization: tokens(...users(12, 20)) });
  const answers = await crowded;
  expect(answers.errors.map(({ extensions }) => extensions.code)).toEqual([
    'RATE_LIMITED',
    'RATE_LIMITED',
  ]);
});

test.concurrent('a 429 closes the window of its app for a second, and of no other', async () => {
  await scolded.fault({ kind: 'too-many-requests', times: 1 });
  const first = await scolded.ask(names, { authorization: tokens('SIM0001') });
  expect(first.errors[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 1 });
  const other = await scolded.ask(names, {
    authorization: 'token simulator-two:SIM0001-token',
  });
  expect(other.errors).toEqual([]);
  const second = await scolded.ask(names, { authorization: tokens('SIM0002') });
  expect(second.errors).toEqual([]);
  const [refused, unconcerned, next] = await scolded.calls();
  const after = (call: typeof next) =>
    (call?.monotonicMilliseconds ?? 0) - (refused?.monotonicMilliseconds ?? 0);
  expect(after(unconcerned)).toBeLessThan(500);
  expect(after(next)).toBeGreaterThanOrEqual(990);
});

test.concurrent('a second attempt waits for a turn as the first one did', async () => {
  await slow.fault({ kind: 'bad-gateway-html', times: 1 });
  const { errors } = await slow.ask(equities, { authorization: tokens('SIM0001') });
  expect(errors).toEqual([]);
  const calls = await slow.calls();
  expect(calls.map(({ status }) => status)).toEqual([502, 200]);
  expect(fullestWindow(calls)).toBe(1);
});
