// The keyrings' connection to Redis: each run succeeds or fails within its time, as a KeyringStoreError.
import { createRedisClient, redisCause } from '../../../brokers/upstream/redis-client.ts';
import { KeyringStoreError } from '../store.ts';

/** Runs scripts on one Redis. */
export interface RedisConnection {
  /** Runs a script atomically; throws KeyringStoreError where that takes too long or fails. */
  run(script: string, keys: string[], args: string[]): Promise<unknown>;
  /** Cuts the connection; every later run throws. A second close does nothing. */
  close(): void;
}

/**
 * Connects to Redis.
 * @param url `redis://` or `rediss://`.
 * @param patience how long anything may take before Redis counts as down, in milliseconds.
 * @throws TypeError where the URL is none; KeyringStoreError where Redis does not answer in that time.
 */
export async function connectRedis(url: string, patience: number): Promise<RedisConnection> {
  const client = createRedisClient(url);
  // Without a listener Node would end the process. A caller learns of it by a KeyringStoreError with this cause:
  // the client tries to connect again and again, and rejects nothing in time.
  let lastError: unknown;
  client.on('error', (error) => {
    lastError = error;
  });
  client.on('ready', () => {
    lastError = undefined;
  });
  const close = () => {
    if (client.isOpen) client.destroy();
  };
  try {
    await withPatience(client.connect(), patience, () => lastError);
  } catch (error) {
    close();
    throw error;
  }
  return {
    run: (script, keys, args) =>
      withPatience(client.eval(script, { keys, arguments: args }), patience, () => lastError),
    close,
  };
}

/** @param lastError what the connection suffers from meanwhile, which the work itself does not know. */
function withPatience<Value>(
  work: Promise<Value>,
  patience: number,
  lastError: () => unknown,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) =>
      reject(new KeyringStoreError(redisCause(error) ?? redisCause(lastError()) ?? 'ETIMEDOUT'));
    const timer = setTimeout(fail, patience);
    work.then(resolve, fail).finally(() => clearTimeout(timer));
  });
}
