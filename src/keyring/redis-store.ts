// The store of many machines: one Redis that every replica of the gateway shares. Redis 7.0 suffices.
import { z } from 'zod';
import { connectRedis, type RedisConnection } from './redis-connection.ts';
import * as scripts from './redis-scripts.ts';
import { keyringKey, pointerKey, rowPrefix } from './redis-scripts.ts';
import {
  type KeyringStore,
  KeyringStoreError,
  type NewKeyring,
  type RecordWrite,
  type StoredKeyring,
  type StoredRecord,
  type WriteOutcome,
} from './store.ts';

const number = z.string().regex(/^\d+$/).transform(Number);
const openReply = z.tuple([z.string(), number, z.enum(['0', '1']), z.array(z.string())]).nullable();
const fieldsOfKeyring = z.object({ createdAt: number, revision: number });
const rowReply = z.string().nullable();
const outcomesReply = z.array(z.enum(['written', 'conflict', 'full', 'gone']));
const rowPattern = /^(?<version>\d+)\|(?<expiresAt>\d*)\|(?<sealed>.+)$/;

/**
 * A store in Redis.
 * @param url `redis://` or `rediss://`, with user, password and database number where needed.
 * @param now tells the time by which things expire; Redis counts the same spans by its own clock.
 * @throws TypeError where the URL is none; KeyringStoreError where Redis does not answer within about a second.
 */
export async function openRedisStore(url: string, now: () => Date): Promise<KeyringStore> {
  return new RedisStore(await connectRedis(url), now);
}

class RedisStore implements KeyringStore {
  readonly #redis: RedisConnection;
  readonly #now: () => Date;

  constructor(redis: RedisConnection, now: () => Date) {
    this.#redis = redis;
    this.#now = now;
  }

  async open(pointer: string): Promise<StoredKeyring | null> {
    const reply = await this.#run(scripts.open, [pointerKey(pointer)], [keyringKey('')]);
    const opened = parsed(openReply, reply);
    if (opened === null) return null;
    const [id, expiresAt, retired, fields] = opened;
    const entries = new Map<string, string>();
    for (let i = 0; i + 1 < fields.length; i += 2)
      entries.set(fields[i] ?? '', fields[i + 1] ?? '');
    const { createdAt, revision } = parsed(fieldsOfKeyring, Object.fromEntries(entries));
    const records = [...entries]
      .filter(([field]) => field.startsWith(rowPrefix))
      .map(([field, row]) => this.#record(field.slice(rowPrefix.length), row))
      .filter((record) => record !== null);
    return { id, createdAt, revision, pointer: { expiresAt, retired: retired === '1' }, records };
  }

  async readRecord(keyringId: string, key: string): Promise<StoredRecord | null> {
    const keys = [keyringKey(keyringId)];
    const row = parsed(rowReply, await this.#run(scripts.readRecord, keys, [rowPrefix + key]));
    return row === null ? null : this.#record(key, row);
  }

  async createKeyring({ id, createdAt, expiresAt }: NewKeyring): Promise<void> {
    await this.#run(scripts.createKeyring, [keyringKey(id)], [createdAt, expiresAt]);
  }

  async writeRecords(
    keyringId: string,
    writes: readonly RecordWrite[],
    capacity: number,
  ): Promise<readonly WriteOutcome[]> {
    const rows = writes.flatMap(({ key, expectedVersion, expiresAt, sealed }) => [
      rowPrefix + key,
      expectedVersion ?? '',
      expiresAt ?? '',
      sealed,
    ]);
    const reply = this.#run(scripts.writeRecords, [keyringKey(keyringId)], [capacity, ...rows]);
    return parsed(outcomesReply, await reply);
  }

  async writePointer(pointer: string, keyringId: string, expiresAt: number): Promise<boolean> {
    const keys = [pointerKey(pointer), keyringKey(keyringId)];
    return (await this.#run(scripts.writePointer, keys, [keyringId, expiresAt])) === 1;
  }

  async touchPointer(pointer: string, expiresAt: number): Promise<void> {
    await this.#run(scripts.touchPointer, [pointerKey(pointer)], [keyringKey(''), expiresAt]);
  }

  async retirePointer(pointer: string, expiresAt: number): Promise<void> {
    await this.#run(scripts.retirePointer, [pointerKey(pointer)], [expiresAt]);
  }

  async deleteKeyring(keyringId: string, revision: number): Promise<boolean> {
    return (await this.#run(scripts.deleteKeyring, [keyringKey(keyringId)], [revision])) === 1;
  }

  async close(): Promise<void> {
    this.#redis.close();
  }

  #run(script: string, keys: string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#redis.run(script, keys, [String(this.#now().getTime()), ...args.map(String)]);
  }

  #record(key: string, row: string): StoredRecord | null {
    const { version, expiresAt, sealed } = rowPattern.exec(row)?.groups ?? {};
    if (version === undefined || sealed === undefined) throw new KeyringStoreError();
    if (expiresAt && Number(expiresAt) <= this.#now().getTime()) return null;
    return { key, sealed, version: Number(version) };
  }
}

/** What Redis answered, if it is what these scripts answer: anything else is somebody else's data. */
function parsed<Value>(shape: z.ZodType<Value>, reply: unknown): Value {
  const result = shape.safeParse(reply);
  if (!result.success) throw new KeyringStoreError();
  return result.data;
}
