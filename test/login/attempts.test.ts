// How many attempts to redeem request tokens one address has: in a minute by a clock that never jumps, over all replicas.
import { expect, test } from 'vitest';
import { createAttempts } from '../../src/http/limits/attempts.ts';
import { MinuteLimits } from '../../src/http/limits/minute-limits.ts';
import { withDefaultLimits } from '../../src/limits.ts';
import { graphql } from '../generated/gql.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';
import { startWorld } from '../support/world.ts';

test('an address has so many attempts in a minute, and an IPv6 network counts as one', () => {
  let now = 0;
  const minutes = new MinuteLimits({
    clock: { milliseconds: () => now },
    limits: withDefaultLimits(),
  });
  const attempt = createAttempts(minutes, 2);
  expect([attempt('192.0.2.1'), attempt('192.0.2.1')]).toEqual([0, 0]);
  expect(attempt('::ffff:192.0.2.1')).toBe(60);
  expect(attempt('192.0.2.2')).toBe(0);
  expect([attempt('2001:db8::1'), attempt('2001:db8::2')]).toEqual([0, 0]);
  expect(attempt('2001:db8::3')).toBe(60);
  now = 58_500;
  expect(attempt('192.0.2.1')).toBe(2);
  now = 60_000;
  expect(attempt('192.0.2.1')).toBe(0);
});

test('the address whose minute began first is forgotten where there are too many', () => {
  const minutes = new MinuteLimits({
    clock: { milliseconds: () => 0 },
    limits: withDefaultLimits({ countedAddresses: 2 }),
  });
  const attempt = createAttempts(minutes, 1);
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) expect(attempt(address)).toBe(0);
  expect(attempt('192.0.2.3')).toBe(60);
  expect(attempt('192.0.2.1')).toBe(0);
});

const exchange = graphql(`
  mutation Attempt($input: ExchangeTokenInput!) {
    exchangeToken(input: $input) { ... on ApiError { code message } ... on UpstreamError { retryAfterSeconds } }
  }
`);
const input = { requestToken: 'guessed', apiKey: 'simulator' };

test('a system clock that is set back prolongs no refusal', async () => {
  let wall = new Date('2026-01-05T15:30:00+05:30');
  let monotonic = 0;
  const clock = { milliseconds: () => monotonic, wait: async () => {} };
  const world = await startWorld({ now: () => wall, clock, limits: { loginAttempts: 1 } });
  const attempt = async () => (await world.ask(exchange, { variables: { input } })).data;
  expect(await attempt()).toMatchObject({ exchangeToken: { code: 'TOKEN_REJECTED' } });
  wall = new Date(wall.getTime() - 3_600_000);
  monotonic = 45_000;
  expect(await attempt()).toMatchObject({
    exchangeToken: { code: 'RATE_LIMITED', retryAfterSeconds: 15 },
  });
  monotonic = 60_000;
  expect(await attempt()).toMatchObject({ exchangeToken: { code: 'TOKEN_REJECTED' } });
});

describeWithRedis((redis) => {
  test('replicas on one Redis count the attempts of an address together', async () => {
    const options = { redisUrl: redis.url, limits: { loginAttempts: 3 } };
    const worlds = [await startWorld(options), await startWorld(options)];
    // A replica that is not connected yet counts by itself; connected, it finds what the other one counted.
    const codes = async () => {
      const found: unknown[] = [];
      for (const world of worlds) {
        const { data } = await world.ask(exchange, { variables: { input } });
        found.push(data?.exchangeToken);
      }
      return found;
    };
    const refused = { code: 'RATE_LIMITED', retryAfterSeconds: expect.any(Number) };
    await expect.poll(codes).toMatchObject([refused, refused]);
    const calls = await Promise.all(worlds.map((world) => world.calls()));
    // Each by itself would have had three.
    expect(calls.flat().length).toBeLessThan(6);
  });

  test('while Redis does not answer, each replica counts by itself', async () => {
    const world = await startWorld({ redisUrl: redis.url, limits: { loginAttempts: 2 } });
    redis.pause();
    try {
      for (const code of ['TOKEN_REJECTED', 'TOKEN_REJECTED', 'RATE_LIMITED']) {
        const { data } = await world.ask(exchange, { variables: { input } });
        expect(data).toMatchObject({ exchangeToken: { code } });
      }
    } finally {
      redis.resume();
    }
  });
});
