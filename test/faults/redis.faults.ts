// Redis under the sessions of browsers: killed, silent, read-only, out of memory.
import { randomBytes } from 'node:crypto';
import { createClient } from '@redis/client';
import { expect, onTestFinished, test } from 'vitest';
import { isLongFaults } from '../support/processes/environment.ts';
import { startRedis } from '../support/servers/redis-server.ts';
import { isRedisMissing } from '../support/servers/with-redis.ts';
import { brokerSettings, startGateway, startSimulatorProcess } from './gateways/processes.ts';
import { sufferStore } from './gateways/stores.ts';

/** Longer than a silent connection is kept. */
const silence = isLongFaults ? 30 : 7;

test.skipIf(isRedisMissing)(
  'while Redis is killed, silent, read-only or full, no session is lost, no token is left over, and queries by header go on',
  async () => {
    const redis = await startRedis();
    onTestFinished(() => redis[Symbol.asyncDispose]());
    const simulator = await startSimulatorProcess({
      SIMULATOR_RATE_LIMIT: '0',
      SIMULATOR_ACCOUNTS: '1000',
    });
    const gateway = await startGateway({
      env: {
        ...brokerSettings(simulator),
        KEYRING_STORE: redis.url,
        KEYRING_KEYS: randomBytes(32).toString('base64'),
        LIMIT_REVOCATION_SWEEP_SECONDS: '1',
        LIMIT_REVOCATION_CLAIM_SECONDS: '1',
      },
    });
    const admin = async (...words: readonly string[]) => {
      const client = await createClient({ url: redis.url }).connect();
      const answer = await client.sendCommand([...words]);
      client.destroy();
      return answer;
    };
    await sufferStore({ simulator, gateway }, [
      {
        name: 'Redis killed, and started with what it had saved',
        spoil: async () => {
          await admin('SAVE');
          await redis.stop();
        },
        mend: redis.start,
        seconds: 2,
      },
      { name: 'Redis silent', spoil: redis.pause, mend: redis.resume, seconds: silence },
      {
        name: 'Redis read-only',
        spoil: () => admin('REPLICAOF', '127.0.0.1', '1'),
        mend: () => admin('REPLICAOF', 'NO', 'ONE'),
        seconds: 2,
      },
      {
        name: 'Redis out of memory',
        spoil: () => admin('CONFIG', 'SET', 'maxmemory', '1'),
        mend: () => admin('CONFIG', 'SET', 'maxmemory', '0'),
        seconds: 2,
      },
    ]);
    expect(await admin('PING')).toBe('PONG');
  },
);
