// Every layout that a store has had is read without losing a session. earlier-layouts.jsonl has what the code of each time
// wrote, by the same logins: a browser with four sessions, of which one has expired and one is being ended, and another one.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createClient } from '@redis/client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../../src/brokers/upstream/secret.ts';
import { createEncryptedRevocations } from '../../../src/keyring/crypto/encrypted-revocations.ts';
import { createEncrypter } from '../../../src/keyring/crypto/encrypter.ts';
import { openKeyringStore } from '../../../src/keyring/stores/open-store.ts';
import { describeWithRedis } from '../../support/servers/with-redis.ts';
import { day, keyringsOver, kiteSession, minute, only, opened, sessionsOf } from '../fixtures.ts';

type Value = string | number | null;

interface Layout {
  readonly layout: string;
  /** When it was written, in milliseconds since the epoch. */
  readonly now: number;
  readonly cookies: { readonly last: string; readonly other: string };
  /** What the code of that time said of the sessions of the first browser. */
  readonly states: Readonly<Record<string, string>>;
}

interface SqliteLayout extends Layout {
  readonly kind: 'sqlite';
  readonly data: {
    readonly schema: readonly string[];
    readonly rows: Readonly<Record<string, readonly Readonly<Record<string, Value>>[]>>;
  };
}

interface RedisLayout extends Layout {
  readonly kind: 'redis';
  /** Hashes, and sorted sets as their members with scores. */
  readonly data: Readonly<Record<string, Record<string, string> | [string, number][]>>;
}

const layouts = readFileSync(new URL('earlier-layouts.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line): SqliteLayout | RedisLayout => JSON.parse(line));
/** The key of the one who wrote them. */
const key = Buffer.from('UHJ4m0a1bW1hZ2ljLWtleS1vZi10aGUtdGVzdHMtMDE=', 'base64');
const encrypter = createEncrypter([new Uint8Array(key)]);
const kite = (userId: string) => ({ broker: 'KITE', userId }) as const;

async function expectNothingLost(url: string, layout: SqliteLayout | RedisLayout): Promise<void> {
  const { now: at, cookies, states, data } = layout;
  const held = 'rows' in data ? data.rows : data;
  const hasList = Object.keys(held).some((name) => name.includes('revocations'));
  const now = () => new Date(at + minute);
  const store = await openKeyringStore(url, now);
  const { keyrings, reports } = keyringsOver(store, now, encrypter);
  onTestFinished(() => keyrings.close());
  const cookie = new Secret(cookies.last);
  const first = await opened(keyrings, { cookie });
  const found = Object.fromEntries(first.sessions.map(({ userId, state }) => [userId, state]));
  expect(found).toEqual(states);
  const ofUser = (userId: string) => only(first.sessions.filter((one) => one.userId === userId));
  for (const userId of ['AB0001', 'AB0002']) {
    expect(ofUser(userId)).toMatchObject({ broker: 'KITE', apiKey: 'simulator', label: null });
    expect(ofUser(userId).accessToken?.reveal()).toBe(`token-of-${userId}`);
  }
  expect(ofUser('AB0002').refreshToken?.reveal()).toBe('refresh-of-AB0002');
  expect(ofUser('AB0003').accessToken).toBeNull();
  // What is being ended keeps what has to be ended, in its row or, since there is one, in the list.
  if (states.AB0004 === 'REVOKING') {
    expect(ofUser('AB0004').accessToken?.reveal()).toBe('token-of-AB0004');
    const list = createEncryptedRevocations(store, encrypter, () => expect.fail('unreadable'));
    const claimed = await list.claim(at + day, 10);
    expect(claimed).toHaveLength(hasList ? 1 : 0);
    for (const { revocation } of claimed)
      expect(revocation.tokens.accessToken?.reveal()).toBe('token-of-AB0004');
  }
  const other = await opened(keyrings, { cookie: new Secret(cookies.other) });
  expect(only(other.sessions).accessToken?.reveal()).toBe('token-of-AB0001');

  // Each browser that comes back is in the index of users, and its next login meets the earlier one.
  expect(await sessionsOf(keyrings, kite('AB0001'))).toHaveLength(2);
  const session = kiteSession('AB0001', 'next');
  const again = { broker: 'KITE', apiKey: 'simulator', session } as const;
  const added = await keyrings.add(cookie, again, null);
  expect(added.record.accountId).toBe(ofUser('AB0001').accountId);
  expect(added.replaced?.accessToken?.reveal()).toBe('token-of-AB0001');
  const renewed = await keyrings.renew(added.keyringId, ofUser('AB0002'), kiteSession('AB0002'));
  expect(renewed.record?.state).toBe('ACTIVE');
  expect(reports).toEqual([]);
}

describe('an SQLite file', () => {
  const files = layouts.filter((one) => one.kind === 'sqlite');
  test.each(files)('of the layout “$layout” keeps every session', async (layout) => {
    const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-layout-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'keyrings.db');
    const database = new DatabaseSync(file);
    database.exec(layout.data.schema.join(';'));
    for (const [table, rows] of Object.entries(layout.data.rows)) {
      for (const row of rows) {
        const names = Object.keys(row);
        const places = names.map(() => '?').join(', ');
        database
          .prepare(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${places})`)
          .run(...Object.values(row));
      }
    }
    database.close();
    await expectNothingLost(`sqlite:${file}`, layout);
  });
});

describeWithRedis((redis) => {
  const databases = layouts.filter((one) => one.kind === 'redis');
  test.each(databases)('of the layout “$layout” keeps every session', async (layout) => {
    const client = await createClient({ url: redis.url }).connect();
    await client.flushAll();
    for (const [name, value] of Object.entries(layout.data)) {
      if (Array.isArray(value)) {
        await client.zAdd(
          name,
          value.map(([member, score]) => ({ value: member, score })),
        );
      } else await client.hSet(name, value);
    }
    client.destroy();
    await expectNothingLost(redis.url, layout);
  });
});
