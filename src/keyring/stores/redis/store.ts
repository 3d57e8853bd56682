// The store of many machines: one Redis, or one cluster, that every replica of the gateway shares. Redis 7.0 suffices.
import { z } from 'zod';
import type { Limits } from '../../../limits.ts';
import type { RedisAddress } from '../../../shared/redis-address.ts';
import { newId } from '../../crypto/names.ts';
import { createClockCheck } from '../clock-check.ts';
import type { RevocationList } from '../revocation-list.ts';
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
  type StoreListing,
  type WriteOutcome,
} from '../store.ts';
import type { UserIndex } from '../user-index.ts';
import { createClusterPointers } from './cluster-pointers.ts';
import {
  connectRedis,
  type RedisConnection,
  type RunForEach,
  type RunScript,
  type ScriptArguments,
} from './connection.ts';
import { createRedisListing } from './listing.ts';
import { createRedisNotices, type RedisNotices } from './notices.ts';
import { createServerPointers, number, parsed, type RedisPointers } from './pointers.ts';
import { createRedisRevocations } from './revocations.ts';
import * as scripts from './scripts.ts';
import { keyringKey, pointerKey, proofKey, rowPrefix } from './scripts.ts';
import { upgradeRedis } from './upgrade.ts';
import { createRedisUsers } from './users.ts';

const keyringReply = z.array(z.string()).nullable();
const fieldsOfKeyring = z.object({ createdAt: number, revision: number });
const rowReply = z.string().nullable();
const outcomesReply = z.array(z.enum(['written', 'conflict', 'full', 'gone']));
const rowPattern = /^(?<version>\d+)\|(?<expiresAt>\d*)\|(?<encrypted>.+)$/;
/** A proof that was left behind goes away by itself. */
const proofLifetime = 10_000;

/**
 * A store in Redis.
 * @param now tells the time by which things expire; Redis counts the same spans by its own clock.
 * @param monotonic milliseconds of a clock that only runs forward.
 * @throws TypeError for an invalid URL; KeyringStoreError if Redis does not answer within about a second.
 */
export async function openRedisStore(
  address: string | RedisAddress,
  now: () => Date,
  monotonic: () => number,
  { storeSeconds, redisConnectSeconds, storeTries }: Limits,
): Promise<KeyringStore> {
  return new RedisStore(
    await connectRedis(address, storeSeconds * 1_000, redisConnectSeconds),
    createRedisNotices(address, redisConnectSeconds),
    { now, monotonic, maxTries: storeTries },
  );
}

/** What a store goes by. */
interface Times {
  readonly now: () => Date;
  readonly monotonic: () => number;
  /** How often a change that meets another one is tried again. */
  readonly maxTries: number;
}

class RedisStore implements KeyringStore {
  readonly #redis: RedisConnection;
  readonly #now: () => Date;
  readonly #isClockSound: (now: number) => boolean;
  readonly revocations: RevocationList;
  readonly deliveries: RevocationList;
  readonly users: UserIndex;
  readonly listing: StoreListing;
  readonly notices: RedisNotices;
  readonly #pointers: RedisPointers;

  constructor(redis: RedisConnection, notices: RedisNotices, { now, monotonic, maxTries }: Times) {
    this.#redis = redis;
    this.notices = notices;
    this.#now = now;
    this.#isClockSound = createClockCheck(monotonic);
    const run: RunScript = (script, keys, args) => this.#run(script, keys, args);
    const runForEach: RunForEach = (script, keys, args) =>
      redis.runForEach(script, keys, this.#words(args));
    const mayPurge = () => this.#mayPurge();
    const pointers = redis.isCluster
      ? createClusterPointers(run, runForEach, mayPurge, maxTries)
      : createServerPointers(run, mayPurge);
    this.#pointers = pointers;
    this.revocations = createRedisRevocations('revocations', run, mayPurge);
    this.deliveries = createRedisRevocations('deliveries', run, mayPurge);
    this.users = createRedisUsers(run, runForEach, mayPurge);
    this.listing = createRedisListing({
      run,
      runOn: (server, script, args) => redis.runOn(server, script, this.#words(args)),
      get servers() {
        return redis.servers;
      },
      replacePointer: (name, target, next) => pointers.replace(name, target, next),
    });
  }

  findPointer(names: readonly string[]): Promise<StoredPointer | null> {
    return this.#pointers.find(names);
  }

  checkPointer(names: readonly string[], keyringId: string): Promise<CheckedPointer | null> {
    return this.#pointers.check(names, keyringId);
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

  writePointer(pointer: NewPointer, keyringId: string): Promise<boolean> {
    return this.#pointers.write(pointer, keyringId);
  }

  touchPointer(name: string, keyringId: string, expiresAt: number): Promise<void> {
    return this.#pointers.touch(name, keyringId, expiresAt);
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
    // No earlier version could use a cluster.
    if (this.#redis.isCluster) return;
    await upgradeRedis((script, keys, args) => this.#run(script, keys, args), convert);
  }

  async close(): Promise<void> {
    this.notices.close();
    this.#redis.close();
  }

  #run(script: string, keys: string[], args?: ScriptArguments): Promise<unknown> {
    return this.#redis.run(script, keys, this.#words(args));
  }

  #words(args: ScriptArguments = []): string[] {
    return [String(this.#now().getTime()), ...args.map(String)];
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
