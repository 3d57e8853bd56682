// Keyrings as earlier versions of the gateway left them in SQLite and Redis: plain hashes, pointers that name a keyring.
import { createHash, randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { createClient } from '@redis/client';
import { Secret } from '../../../src/brokers/upstream/secret.ts';
import { loggedIn } from '../../../src/keyring/login.ts';
import { recordJson } from '../../../src/keyring/session-record.ts';
import { apiKey, day, laptop, login, oneKey } from '../fixtures.ts';
import type { Place } from './stores.ts';

const digest = (...parts: string[]) =>
  createHash('sha256').update(parts.join('\0')).digest('base64url');

/** What records of that time did not have. */
const laterFields = [
  'revokingSince',
  'updatedAt',
  'endReason',
  'createdFrom',
  'authenticationMethods',
  'label',
];

/** One keyring in an earlier layout, with a cookie that opens it and one that a login has replaced. */
export interface OldKeyringFixture {
  readonly id: string;
  readonly cookie: Secret;
  readonly hash: string;
  readonly retiredHash: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly rows: readonly { readonly key: string; readonly encrypted: string }[];
}

/** A keyring of these users in the earlier layout. */
export async function oldKeyring(userIds: readonly string[], at: Date): Promise<OldKeyringFixture> {
  const id = randomBytes(16).toString('base64url');
  const cookie = randomBytes(32).toString('base64url');
  const encrypt = async (userId: string) => {
    const key = digest('kite-graphql record', id, apiKey, userId);
    const record = loggedIn(key, login(userId), null, laptop, at);
    const json = Object(recordJson(record));
    for (const name of laterFields) delete json[name];
    return { key, encrypted: await oneKey.encrypt(['record', id, key], json) };
  };
  return {
    id,
    cookie: new Secret(cookie),
    hash: digest('kite-graphql cookie', cookie),
    retiredHash: digest('kite-graphql cookie', randomBytes(32).toString('base64url')),
    createdAt: at.getTime(),
    expiresAt: at.getTime() + 7 * day,
    rows: await Promise.all(userIds.map(encrypt)),
  };
}

/** Writes keyrings into a place as the earlier version did. */
export async function writeOldLayout(
  place: Place,
  keyrings: readonly OldKeyringFixture[],
): Promise<void> {
  if (place.kind === 'redis') await writeRedis(place.url(), keyrings);
  else writeSqlite(place.url().slice('sqlite:'.length), keyrings);
}

function writeSqlite(file: string, keyrings: readonly OldKeyringFixture[]): void {
  const database = new DatabaseSync(file);
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS keyrings (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
      revision INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS keyrings_by_end ON keyrings (expires_at);
    CREATE TABLE IF NOT EXISTS pointers (hash TEXT PRIMARY KEY, keyring_id TEXT NOT NULL REFERENCES keyrings (id)
      ON DELETE CASCADE, expires_at INTEGER NOT NULL, retired INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS records (keyring_id TEXT NOT NULL REFERENCES keyrings (id) ON DELETE CASCADE,
      key TEXT NOT NULL, sealed TEXT NOT NULL, version INTEGER NOT NULL, expires_at INTEGER,
      PRIMARY KEY (keyring_id, key)) STRICT;`);
  const insert = (table: string, ...values: (string | number | null)[]) =>
    database
      .prepare(`INSERT INTO ${table} VALUES (${values.map(() => '?').join(', ')})`)
      .run(...values);
  for (const { id, hash, retiredHash, createdAt, expiresAt, rows } of keyrings) {
    insert('keyrings', id, createdAt, expiresAt, rows.length);
    insert('pointers', hash, id, expiresAt, 0);
    insert('pointers', retiredHash, id, expiresAt, 1);
    for (const [index, { key, encrypted }] of rows.entries())
      insert('records', id, key, encrypted, index + 1, null);
  }
  database.close();
}

async function writeRedis(url: string, keyrings: readonly OldKeyringFixture[]): Promise<void> {
  const client = await createClient({ url }).connect();
  for (const { id, hash, retiredHash, createdAt, expiresAt, rows } of keyrings) {
    const write = async (key: string, fields: Record<string, string>) => {
      await client.hSet(`kite-graphql:${key}`, { ...fields, expiresAt: `${expiresAt}` });
      await client.pExpire(`kite-graphql:${key}`, 7 * day);
    };
    const entries = rows.map(({ key, encrypted }, index) => [
      `r:${key}`,
      `${index + 1}||${encrypted}`,
    ]);
    const revision = `${rows.length}`;
    await write(`keyring:${id}`, {
      createdAt: `${createdAt}`,
      revision,
      ...Object.fromEntries(entries),
    });
    await write(`pointer:${hash}`, { keyring: id, retired: '0' });
    await write(`pointer:${retiredHash}`, { keyring: id, retired: '1' });
  }
  client.destroy();
}
