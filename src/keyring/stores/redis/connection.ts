// The keyrings' connection to Redis: a run fails, as a KeyringStoreError, where Redis falls silent.

import type { CommandOptions } from '../../../brokers/upstream/redis/commands.ts';
import { createRedisClient, redisCause } from '../../../brokers/upstream/redis-client.ts';
import type { RedisAddress } from '../../../shared/redis-address.ts';
import { KeyringStoreError } from '../store.ts';

/** Words behind the time. */
export type ScriptArguments = readonly (string | number)[];

/** Runs a script atomically; the time stands before its arguments. All keys must be on one server. */
export type RunScript = (
  script: string,
  keys: string[],
  args?: ScriptArguments,
) => Promise<unknown>;

/** Runs a script that does the same for each of its keys; answers a list with an entry for each. */
export type RunForEach = (
  script: string,
  keys: string[],
  args?: ScriptArguments,
) => Promise<unknown[]>;

/** Runs scripts on Redis. */
export interface RedisConnection {
  /**
   * Runs a script atomically; throws KeyringStoreError where that fails, or where Redis answers nothing for too long. It
   * answers in turn: behind a thousand others a run takes its time, and is no failure.
   */
  run(script: string, keys: string[], args: string[]): Promise<unknown>;
  /**
   * Runs a script that does the same for each of its keys, and answers a list with an entry for each: in one step where
   * the keys are on one server, else in a step for each key.
   */
  runForEach(script: string, keys: string[], args: string[]): Promise<unknown[]>;
  /** Runs a script without keys on one of `servers`. */
  runOn(server: string, script: string, args: string[]): Promise<unknown>;
  /** Names of the servers that hold keys. */
  readonly servers: readonly string[];
  /** Whether keys are spread over servers: then all keys of a run must be one, or have the same hash tag. */
  readonly isCluster: boolean;
  /** Cuts the connection; every later run throws. A second close does nothing. */
  close(): void;
}

/**
 * Connects to Redis.
 * @param patience how long Redis may answer nothing before it counts as down, in milliseconds.
 * @param connectSeconds how long one connection may take, and the longest pause before the next one.
 * @throws TypeError for an invalid URL; KeyringStoreError if Redis does not answer in that time.
 */
export async function connectRedis(
  address: string | RedisAddress,
  patience: number,
  connectSeconds: number,
): Promise<RedisConnection> {
  const client = createRedisClient(address, connectSeconds);
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
  const answered = <Value>(ask: (sending: CommandOptions) => Promise<Value>) =>
    new Promise<Value>((resolve, reject) => {
      const askedAt = performance.now();
      const left = () => Math.max(askedAt, answeredAt) + patience - performance.now();
      const late = client.mayWait ? new AbortController() : null;
      const fail = (error: unknown) => {
        reject(new KeyringStoreError(redisCause(error) ?? redisCause(lastError) ?? 'ETIMEDOUT'));
        late?.abort();
      };
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
      ask(late === null ? {} : { abortSignal: late.signal })
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
    await answered(() => client.connect());
  } catch (error) {
    close();
    throw error;
  }
  const run = (script: string, keys: string[], args: string[]) =>
    answered((sending) => client.eval(script, { keys, arguments: args }, sending));
  return {
    run,
    async runForEach(script, keys, args) {
      const parts = client.isCluster ? keys.map((key) => [key]) : [keys];
      const answers = await Promise.all(parts.map((part) => run(script, part, args)));
      if (!answers.every(Array.isArray)) throw new KeyringStoreError();
      return answers.flat();
    },
    runOn: (server, script, args) =>
      answered((sending) => client.evalOn(server, script, args, sending)),
    get servers() {
      return client.servers;
    },
    isCluster: client.isCluster,
    close,
  };
}
