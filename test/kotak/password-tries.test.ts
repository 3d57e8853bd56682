// How often passwords are tried over replicas on one Redis: counted together, under names that tell no user id.
import { createClient } from '@redis/client';
import { afterAll, describe, expect, test } from 'vitest';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { graphql } from '../generated/gql.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';
import { apps, kotakApp, startWorld } from '../support/world.ts';

const begin = graphql(`
  mutation TryPassword($input: BeginLoginInput!) {
    beginLogin(input: $input) { ... on ApiError { code } ... on UpstreamError { retryAfterSeconds } }
  }
`);

describeWithRedis(async (redis) => {
  const keyringKeys = [generateKey()];
  const client = await createClient({ url: redis.url }).connect();
  afterAll(() => client.destroy());
  let users = 0;

  /** Two replicas that are both connected: one that is not yet counts by itself. */
  async function startReplicas(limits: { passwordTries: number; passwordTriesPerUser: number }) {
    const start = () =>
      startWorld({
        apps: [...apps, kotakApp],
        trustProxy: true,
        redisUrl: redis.url,
        keyringKeys,
        // Redis is not away where this machine is slow.
        limits: { ...limits, redisAnswerMilliseconds: 10_000 },
      });
    const replicas = [await start(), await start()] as const;
    const tryAt = async (replica: 0 | 1, userId: string, address: string) => {
      const { data } = await replicas[replica].ask(begin, {
        variables: { input: { userId, password: 'not-the-password' } },
        headers: { 'x-forwarded-for': address },
      });
      return data?.beginLogin;
    };
    for (const replica of [0, 1] as const) {
      await client.flushAll();
      await expect
        .poll(async () => {
          users += 1;
          await tryAt(replica, `X${users}`, `198.51.100.${users % 250}`);
          return client.keys('kite-graphql:password-tries*');
        })
        .not.toEqual([]);
    }
    await client.flushAll();
    for (const { calls } of replicas) await calls();
    return { replicas, tryAt };
  }

  const refused = { code: 'RATE_LIMITED', retryAfterSeconds: expect.any(Number) };

  describe.each([
    ['a user id', { passwordTries: 1_000, passwordTriesPerUser: 3 }],
    ['an address', { passwordTries: 3, passwordTriesPerUser: 1_000 }],
  ] as const)('tries of %s', (counted, limits) => {
    test('are counted together, and one too many makes no call at either replica', async () => {
      const { replicas, tryAt } = await startReplicas(limits);
      const tries = (replica: 0 | 1, count: number) =>
        counted === 'a user id'
          ? tryAt(replica, 'SIMK01', `192.0.2.${count}`)
          : tryAt(replica, `SIMK9${count}`, '192.0.2.1');
      for (const [count, replica] of ([0, 1, 0] as const).entries()) {
        expect(await tries(replica, count)).not.toMatchObject(refused);
      }
      for (const { calls } of replicas) expect(await calls()).not.toEqual([]);
      expect(await tries(1, 3)).toMatchObject(refused);
      expect(await tries(0, 4)).toMatchObject(refused);
      for (const { calls } of replicas) expect(await calls()).toEqual([]);
      const names = await client.keys('kite-graphql:password-tries*');
      expect(names.filter((name) => /SIMK/i.test(name))).toEqual([]);
    });
  });
});
