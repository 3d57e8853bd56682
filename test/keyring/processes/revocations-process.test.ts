// A logout that the broker has not confirmed when the gateway stops or is killed: the next gateway on the store ends it.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openKeyringStore } from '../../../src/keyring/stores/open-store.ts';
import { type Simulator, startSimulator } from '../../../src/simulator/simulator.ts';
import { graphql } from '../../generated/gql.ts';
import {
  emptyFolder,
  freePorts,
  simulatorSettings,
  startCommand,
} from '../../support/processes/command.ts';
import { type RedisServer, startRedis } from '../../support/servers/redis-server.ts';
import { isRedisMissing } from '../../support/servers/with-redis.ts';
import { Visitor } from '../../support/visitor.ts';
import type { UpstreamCall } from '../../support/world.ts';

const logout = graphql(`
  mutation RevocationsProcessLogout { logout { loggedOut failures { error { code } } } }
`);
const day = 86_400_000;

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ port: 0, rateLimit: 0 });
});
afterAll(() => simulator.close());

async function control(method: string, path: string, body?: unknown) {
  const response = await fetch(`${simulator.url}/simulator/${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  return response.status === 204 ? null : response.json();
}

async function deletes(): Promise<readonly UpstreamCall[]> {
  const { requests } = (await control('GET', 'requests')) as { requests: UpstreamCall[] };
  return requests.filter(({ method }) => method === 'DELETE');
}

for (const [name, isMissing] of [
  ['SQLite', false],
  ['Redis', isRedisMissing],
] as const) {
  describe.skipIf(isMissing)(`on ${name}`, () => {
    let redis: RedisServer | null = null;
    beforeAll(async () => {
      if (name === 'Redis') redis = await startRedis();
    });
    afterAll(() => redis?.[Symbol.asyncDispose]());

    test.each(['SIGTERM', 'SIGKILL'] as const)(
      'a gateway ended by %s leaves its logouts to those that start later, of which one ends each',
      async (signal) => {
        const store = redis?.url ?? `sqlite:${join(emptyFolder(), 'keyring.sqlite')}`;
        const keys = randomBytes(32).toString('base64');
        const start = async () => {
          const [port = 0] = await freePorts(1);
          const command = await startCommand({
            env: {
              PORT: `${port}`,
              ...simulatorSettings(simulator.url),
              KEYRING_STORE: store,
              KEYRING_KEYS: keys,
              LIMIT_REVOCATION_SWEEP_SECONDS: '1',
              LIMIT_REVOCATION_CLAIM_SECONDS: '1',
            },
          });
          return { ...command, origin: `http://localhost:${port}` };
        };
        const first = await start();
        const { origin } = first;
        const visitor = new Visitor(origin);
        await visitor.logIn(`${origin}/login`, 'SIM0001');
        await control('POST', 'faults', { kind: 'service-unavailable', method: 'DELETE' });
        const { data } = await visitor.ask(logout);
        expect(data?.logout?.failures).toMatchObject([{ error: { code: 'UPSTREAM_UNAVAILABLE' } }]);
        first.process.kill(signal);
        await first.ended;
        await control('DELETE', 'faults');
        await control('DELETE', 'requests');

        const later = await Promise.all([start(), start()]);
        await expect.poll(async () => (await deletes()).length, { timeout: 20_000 }).toBe(1);
        const again = await openKeyringStore(store, () => new Date(Date.now() + day));
        await expect
          .poll(() => again.revocations?.claim(Date.now() + day, 10), { timeout: 5_000 })
          .toEqual([]);
        await again.close();
        for (const gateway of later) gateway.process.kill('SIGTERM');
        for (const gateway of later) expect(await gateway.ended).toMatchObject({ code: 0 });
        expect(await deletes()).toMatchObject([{ status: 200, userId: 'SIM0001' }]);
      },
      60_000,
    );
  });
}
