// The store of many machines: one Redis that every replica of the gateway shares. Redis 7.0 suffices.
import { z } from 'zod';
import type { Limits } from '../../../limits.ts';
import { newId } from '../../crypto/names.ts';
import { createClockCheck } from '../clock-check.ts';
import {
  type CheckedPointer,
  type ConvertKeyring,
  type KeyringStore,
  KeyringStoreError,
  type NewKeyring,
  type NewPointer,
  type RecordWrite,
  type StoredKeyring,
  type StoredPointer,
  type StoredRecord,
  type WriteOutcome,
} from '../store.ts';
import { connectRedis, type RedisConnection } from './connection.ts';
import { createRedisListing } from './listing.ts';
import { createRedisNotices, type RedisNotices } from './notices.ts';
import { createRedisRevocations } from './revocations.ts';
import * as scripts from './scripts.ts';
import { keyringKey, pointerKey, proofKey, rowPrefix } from './scripts.ts';
import { upgradeRedis } from './upgrade.ts';
import { createRedisUsers } from './users.ts';

const number = z.string().regex(/^\d+$/).transform(Number);
const pointerFields = [z.number(), z.string(), number, z.enum(['0', '1'])] as const;
const pointerReply = z.tuple(pointerFields).nullable();
const checkReply = z.tuple([...pointerFields, number.nullable()]).nullable();
const keyringReply = z.array(z.string()).nullable();
const fieldsOfKeyring = z.object({ createdAt: number, revision: number });
const rowReply = z.string().nullable();
const outcomesReply = z.array(z.enum(['written', 'conflict', 'full', 'gone']));
const rowPattern = /^(?<version>\d+)\|(?<expiresAt>\d*)\|(?<encrypted>.+)$/;
/** A proof that was left behind goes away by itself. */
const proofLifetime = 10_000;

/**
 * A store in Redis.
 * @param url `redis://` or `rediss://`, with user, password and database number where needed.
 * @param now tells the time by which things expire; Redis counts the same spans by its own clock.
 * @param monotonic milliseconds of a clock that only runs forward.
 * @throws TypeError for an invalid URL; KeyringStoreError if Redis does not answer within about a second.
 */
export async function openRedisStore(
  url: string,
  now: () => Date,
  monotonic: () => number,
  { storeSeconds, redisConnectSeconds }: Limits,
): Promise<KeyringStore> {
  return new RedisStore(
    await connectRedis(url, storeSeconds * 1_000, redisConnectSeconds),
    createRedisNotices(url, redisConnectSeconds),
    now,
    monotonic,
  );
}

class RedisStore implements KeyringStore {
  readonly #redis: RedisConnection;
  readonly #now: () => Date;
  readonly #isClockSound: (now: number) => boolean;
  readonly revocations = createRedisRevocations(
    'revocations',
    (script, keys, args) => this.#run(script, keys, args),
    () => this.#mayPurge(),
  );
  readonly deliveries = createRedisRevocations(
    'deliveries',
    (script, keys, args) => this.#run(script, keys, args),
    () => this.#mayPurge(),
  );
  readonly users = createRedisUsers(
    (script, keys, args) => this.#run(script, keys, args),
    () => this.#mayPurge(),
  );

  readonly listing = createRedisListing((script, keys, args) => this.#run(script, keys, args));
  readonly notices: RedisNotices;

  constructor(
    redis: RedisConnection,
    notices: RedisNotices,
    now: () => Date,
    monotonic: () => number,
  ) {
    this.#redis = redis;
    this.notices = notices;
    this.#now = now;
    this.#isClockSound = createClockCheck(monotonic);
  }

  async findPointer(names: readonly string[]): Promise<StoredPointer | null> {
    const reply = await this.#run(scripts.findPointer, names.map(pointerKey));
    const found = parsed(pointerReply, reply);
    return found && pointerOf(names, found);
  }

  async checkPointer(names: readonly string[], keyringId: string): Promise<CheckedPointer | null> {
    const keys = [...names.map(pointerKey), keyringKey(keyringId)];
    const found = parsed(checkReply, await this.#run(scripts.checkPointer, keys));
    const pointer = found && pointerOf(names, found);
    return pointer && { pointer, revision: found[4] };
  }

  async openKeyring(id: string): Promise<StoredKeyring | null> {
    const fields = parsed(keyringReply, await this.#run(scripts.openKeyring, [keyringKey(id)]));
    if (fields === null) return null;
    const entries = new Map<string, string>();
    for (let i = 0; i + 1 < fields.length; i += 2)
      entries.set(fields[i] ?? '', fields[i + 1] ?? '');
    const { createdAt, revision } = parsed(fieldsOfKeyring, Object.fromEntries(entries));
    const records = [...entries]
      .filter(([field]) => field.startsWith(rowPrefix))
      .map(([field, row]) => this.#record(field.slice(rowPrefix.length), row))
      .filter((record) => record !== null);
    return { id, createdAt, revision, records };
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
    const rows = writes.flatMap(({ key, expectedVersion, expiresAt, encrypted }) => [
      rowPrefix + key,
      expectedVersion ?? '',
      expiresAt ?? '',
      encrypted ?? '',
    ]);
    const reply = this.#run(
      scripts.writeRecords,
      [keyringKey(keyringId)],
      [this.#mayPurge(), capacity, ...rows],
    );
    return parsed(outcomesReply, await reply);
  }

  async writePointer(pointer: NewPointer, keyringId: string): Promise<boolean> {
    const { name, target, expiresAt } = pointer;
    const keys = [pointerKey(name), keyringKey(keyringId)];
    return (await this.#run(scripts.writePointer, keys, [target, expiresAt])) === 1;
  }

  async touchPointer(name: string, keyringId: string, expiresAt: number): Promise<void> {
    const keys = [pointerKey(name), keyringKey(keyringId)];
    await this.#run(scripts.touchPointer, keys, [this.#mayPurge(), expiresAt]);
  }

  async retirePointer(name: string, expiresAt: number): Promise<void> {
    await this.#run(scripts.retirePointer, [pointerKey(name)], [expiresAt]);
  }

  async deleteKeyring(keyringId: string, revision: number): Promise<boolean> {
    return (await this.#run(scripts.deleteKeyring, [keyringKey(keyringId)], [revision])) === 1;
  }

  async proveWrite(bytes: number): Promise<void> {
    const keys = [proofKey(newId())];
    await this.#run(scripts.writeProof, keys, [bytes, proofLifetime]);
    try {
      await this.#run(scripts.checkProof, keys);
    } catch (error) {
      await this.#run(scripts.deleteProof, keys).catch(() => undefined);
      throw error;
    }
  }

  async upgrade(convert: ConvertKeyring): Promise<void> {
    await upgradeRedis((script, keys, args) => this.#run(script, keys, args), convert);
  }

  async close(): Promise<void> {
    this.notices.close();
    this.#redis.close();
  }

  #run(script: string, keys: string[], args: readonly (string | number)[] = []): Promise<unknown> {
    return this.#redis.run(script, keys, [String(this.#now().getTime()), ...args.map(String)]);
  }

  #mayPurge(): string {
    return this.#isClockSound(this.#now().getTime()) ? '1' : '0';
  }

  #record(key: string, row: string): StoredRecord | null {
    const { version, expiresAt, encrypted } = rowPattern.exec(row)?.groups ?? {};
    if (version === undefined || encrypted === undefined) throw new KeyringStoreError();
    if (expiresAt && Number(expiresAt) <= this.#now().getTime()) return null;
    return { key, encrypted, version: Number(version) };
  }
}

function pointerOf(
  names: readonly string[],
  [place, target, expiresAt, retired, ..._]: readonly [
    number,
    string,
    number,
    '0' | '1',
    ...unknown[],
  ],
): StoredPointer | null {
  const name = names[place - 1];
  return name === undefined ? null : { name, target, expiresAt, retired: retired === '1' };
}

/** The answer of Redis, if it has the form of these scripts: any other data is not the gateway's. */
function parsed<Value>(shape: z.ZodType<Value>, reply: unknown): Value {
  const result = shape.safeParse(reply);
  if (!result.success) throw new KeyringStoreError();
  return result.data;
}
