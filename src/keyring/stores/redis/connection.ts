// The keyrings' connection to Redis: a run fails, as a KeyringStoreError, where Redis falls silent.
import { createRedisClient, redisCause } from '../../../brokers/upstream/redis-client.ts';
import { KeyringStoreError } from '../store.ts';

/** Runs scripts on one Redis. */
export interface RedisConnection {
  /**
   * Runs a script atomically; throws KeyringStoreError where that fails, or where Redis answers nothing for too long. It
   * answers in turn: behind a thousand others a run takes its time, and is no failure.
   */
  run(script: string, keys: string[], args: string[]): Promise<unknown>;
  /** Cuts the connection; every later run throws. A second close does nothing. */
  close(): void;
}

/**
 * Connects to Redis.
 * @param url `redis://` or `rediss://`.
 * @param patience how long Redis may answer nothing before it counts as down, in milliseconds.
 * @param connectSeconds how long one connection may take, and the longest pause before the next one.
 * @throws TypeError for an invalid URL; KeyringStoreError if Redis does not answer in that time.
 */
export async function connectRedis(
  url: string,
  patience: number,
  connectSeconds: number,
): Promise<RedisConnection> {
  const client = createRedisClient(url, connectSeconds);
  // Without a listener Node would end the process. A caller learns of it by a KeyringStoreError with this cause:
  // the client tries to connect again and again, and rejects nothing in time.
  let lastError: unknown;
  client.on('error', (error) => {
    lastError = error;
  });
  client.on('ready', () => {
    lastError = undefined;
  });
  let answeredAt = performance.now();
  const answered = <Value>(work: Promise<Value>) =>
    new Promise<Value>((resolve, reject) => {
      const askedAt = performance.now();
      const left = () => Math.max(askedAt, answeredAt) + patience - performance.now();
      const fail = (error: unknown) =>
        reject(new KeyringStoreError(redisCause(error) ?? redisCause(lastError) ?? 'ETIMEDOUT'));
      let isSettled = false;
      let timer: NodeJS.Timeout;
      const judge = () => {
        if (isSettled) return;
        if (left() > 0) wait();
        else fail(undefined);
      };
      // What came while this process was busy is read before anything is judged.
      const wait = () => {
        timer = setTimeout(() => setImmediate(judge), Math.max(1, left()));
      };
      wait();
      work
        .then((value) => {
          answeredAt = performance.now();
          resolve(value);
        }, fail)
        .finally(() => {
          isSettled = true;
          clearTimeout(timer);
        });
    });
  const close = () => {
    if (client.isOpen) client.destroy();
  };
  try {
    await answered(client.connect());
  } catch (error) {
    close();
    throw error;
  }
  return {
    run: (script, keys, args) => answered(client.eval(script, { keys, arguments: args })),
    close,
  };
}
