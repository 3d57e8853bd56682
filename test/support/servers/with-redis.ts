// Suites that need a real Redis: skipped by name on a machine without one, and failing where everything must run.
import { afterAll, describe, expect, test } from 'vitest';
import { isCi } from '../processes/environment.ts';
import { hasRedis, type RedisServer, startRedis } from './redis-server.ts';

/** Whether suites that need a Redis are to be skipped here. */
export const isRedisMissing = !hasRedis() && !isCi;

/** Describes a suite with a Redis of its own, which is started before the suite is read. */
export function describeWithRedis(suite: (redis: RedisServer) => void | Promise<void>): void {
  if (isRedisMissing) test.skip('with Redis (no redis-server on this machine)', () => {});
  else if (!hasRedis()) test('redis-server is there', () => expect.fail('It is not'));
  else {
    describe('with Redis', async () => {
      const redis = await startRedis();
      afterAll(() => redis[Symbol.asyncDispose]());
      await suite(redis);
    });
  }
}
