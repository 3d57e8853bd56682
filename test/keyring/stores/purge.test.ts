// The clean-up of the SQLite file: in small transactions of its own, by indexes, and to the end.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { afterAll, expect, test, vi } from 'vitest';
import { openKeyringStore } from '../../../src/keyring/stores/open-store.ts';
import { SqliteFile } from '../../../src/keyring/stores/sqlite/file.ts';
import { maxRows, purgeOf } from '../../../src/keyring/stores/sqlite/purge.ts';
import { createClock, day, minute } from '../fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-purge-'));
afterAll(() => rmSync(folder, { recursive: true }));

const name = () => randomBytes(16).toString('base64url');
const tables = [
  'pointers_2',
  'keyrings_2',
  'records_2',
  'revocations_2',
  'deliveries_2',
  'users_2',
];
const [end, later] = [1_000, 1e12];

/** Begins a keyring of five rows with all that belongs to one, before anything has expired. */
function addKeyring(file: SqliteFile, expiresAt: number): string {
  const [id, moment] = [name(), { now: 0, mayPurge: true }];
  file.transaction('BEGIN IMMEDIATE', () => {
    file.createKeyring(moment, { id, createdAt: 0, expiresAt });
    const keys = Array.from({ length: 5 }, name);
    for (const key of keys) file.addPlaces(moment, name(), [{ keyringId: id, key, expiresAt }], 9);
    const row = { encrypted: 'encrypted', expiresAt: null, expectedVersion: null };
    file.writeRecords(
      moment,
      id,
      keys.map((key) => ({ key, ...row })),
      9,
    );
    file.writePointer(moment, { name: name(), target: id, expiresAt }, id);
    for (const list of ['revocations', 'deliveries'] as const)
      file.addDue(moment, list, { id: name(), encrypted: 'encrypted', dueAt: 0, expiresAt }, 1_000);
  });
  return id;
}

function countRows(database: DatabaseSync): number {
  const counts = tables.map((table) => `(SELECT count(*) FROM ${table})`).join(' + ');
  return Number(database.prepare(`SELECT ${counts} AS count`).get()?.count);
}

test('a purge deletes a few rows of all tables together, by few statements, until only live ones are left', () => {
  const path = join(folder, 'steps.db');
  const file = new SqliteFile(path);
  const reader = new DatabaseSync(path);
  for (let count = 0; count < 60; count += 1) addKeyring(file, end);
  for (let count = 0; count < 3; count += 1) addKeyring(file, later);
  const moment = { now: end, mayPurge: true };
  const runs = vi.spyOn(StatementSync.prototype, 'run');
  const deleted: number[] = [];
  for (let isMore = true; isMore; ) {
    const before = countRows(reader);
    runs.mockClear();
    isMore = file.purge(moment);
    expect(runs.mock.calls.length).toBeLessThanOrEqual(tables.length + 1);
    deleted.push(before - countRows(reader));
  }
  vi.restoreAllMocks();
  expect(Math.max(...deleted)).toBe(maxRows);
  // No transaction but the last ones is wasted.
  expect(deleted.length).toBeLessThanOrEqual(Math.ceil((60 * 14) / maxRows) + 2);
  expect(countRows(reader)).toBe(3 * 14);
  reader.close();
  file.close();
});

test('a write deletes nothing of what has expired: it waits for no purge', () => {
  const path = join(folder, 'writes.db');
  const file = new SqliteFile(path);
  for (let count = 0; count < 5; count += 1) addKeyring(file, end);
  const id = addKeyring(file, later);
  const before = countRows(file.connection.database);
  const moment = { now: end, mayPurge: true };
  file.transaction('BEGIN IMMEDIATE', () => {
    file.createKeyring(moment, { id: name(), createdAt: end, expiresAt: later });
    file.writePointer(moment, { name: name(), target: id, expiresAt: later }, id);
    file.touchPointer(moment, name(), id, later);
    file.claimDue(moment, 'deliveries', later, 1);
  });
  expect(countRows(file.connection.database)).toBe(before + 2);
  file.close();
});

test('every statement of a purge finds what has expired by an index', () => {
  const file = new SqliteFile(join(folder, 'plans.db'));
  const { database } = file.connection;
  const prepared = vi.spyOn(DatabaseSync.prototype, 'prepare');
  purgeOf(database);
  const texts = prepared.mock.calls.map(([text]) => text);
  vi.restoreAllMocks();
  expect(texts.length).toBeGreaterThanOrEqual(tables.length);
  for (const text of texts) {
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${text}`).all(end, 1);
    const tablesWalked = plan
      .map(({ detail }) => `${detail}`)
      .filter((step) => /^SCAN \w+_2\b/.test(step));
    expect(tablesWalked).toEqual([]);
    expect(plan.some(({ detail }) => /SEARCH .*_by_end \(expires_at<\?\)/.test(`${detail}`))).toBe(
      true,
    );
  }
  file.close();
});

test('a store deletes all that has expired after one write, without another one', async () => {
  const path = join(folder, 'idle.db');
  const clock = createClock();
  const file = new SqliteFile(path);
  const expiresAt = clock.now().getTime() + minute;
  for (let count = 0; count < 40; count += 1) addKeyring(file, expiresAt);
  file.close();
  const store = await openKeyringStore(`sqlite:${path}`, clock.now, clock.monotonic);
  await store.touchPointer('none', 'none', 0);
  clock.advance(11 * minute);
  const at = clock.now().getTime();
  await store.createKeyring({ id: 'live', createdAt: at, expiresAt: at + day });
  const reader = new DatabaseSync(path);
  await expect.poll(() => countRows(reader)).toBe(1);
  reader.close();
  await store.close();
});
