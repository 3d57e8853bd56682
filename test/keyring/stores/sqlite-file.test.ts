// The SQLite file among other processes and operators: it is locked, deleted, linked to.
import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, test } from 'vitest';
import { openKeyringStore } from '../../../src/keyring/stores/open-store.ts';
import { KeyringStoreError } from '../../../src/keyring/stores/store.ts';
import { keyringsOver, login, opened } from '../fixtures.ts';

const now = () => new Date();
const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a lock of another process fails what needs the store, and never stops the event loop', async () => {
  const file = join(folder, 'locked.db');
  const store = await openKeyringStore(`sqlite:${file}`, now);
  const { keyrings } = keyringsOver(store, now);
  const added = await keyrings.add(null, login('AB0001'), null);
  const other = new DatabaseSync(file);
  other.exec('BEGIN IMMEDIATE');
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  const ready = expect(keyrings.ready()).rejects.toEqual(new KeyringStoreError('SQLITE_BUSY'));
  // A reader needs no lock, also while a write waits for one.
  expect((await keyrings.open(added.cookie, null))?.sessions).toHaveLength(1);
  await ready;
  clearInterval(timer);
  expect(turns).toBeGreaterThan(20);
  other.exec('COMMIT');
  await keyrings.ready();
  other.exec('BEGIN IMMEDIATE');
  const waiting = keyrings.ready();
  other.exec('COMMIT');
  await waiting;
  other.close();
  await keyrings.close();
});

test('many writes at once are one another’s company, each with its own outcome', async () => {
  const store = await openKeyringStore(`sqlite:${join(folder, 'many.db')}`, now);
  const at = Date.now();
  const create = (id: string) => store.createKeyring({ id, createdAt: at, expiresAt: at + 60_000 });
  const outcomes = await Promise.allSettled(['a', 'b', 'a', 'c'].map(create));
  expect(outcomes.map(({ status }) => status).sort()).toEqual([
    'fulfilled',
    'fulfilled',
    'fulfilled',
    'rejected',
  ]);
  for (const id of ['a', 'b', 'c']) expect((await store.openKeyring(id))?.id).toBe(id);
  await store.close();
});

test('a file that is deleted or replaced is created anew, so that later logins outlive the process', async () => {
  const file = join(folder, 'deleted.db');
  const store = await openKeyringStore(`sqlite:${file}`, now);
  const { keyrings } = keyringsOver(store, now);
  const gone = await keyrings.add(null, login('AB0001'), null);
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  await keyrings.ready();
  expect(await keyrings.open(gone.cookie, null)).toBeNull();
  const added = await keyrings.add(gone.cookie, login('AB0002'), null);
  await keyrings.close();
  const again = keyringsOver(await openKeyringStore(`sqlite:${file}`, now), now).keyrings;
  expect((await opened(again, added)).sessions).toHaveLength(1);
  await again.close();
});

test('a store whose folder was deleted is not ready', async () => {
  const inner = mkdtempSync(join(folder, 'inner-'));
  const store = await openKeyringStore(`sqlite:${join(inner, 'file.db')}`, now);
  const { keyrings } = keyringsOver(store, now);
  await keyrings.ready();
  rmSync(inner, { recursive: true });
  await expect(keyrings.ready()).rejects.toBeInstanceOf(KeyringStoreError);
  await keyrings.close().catch(() => undefined);
});

test('the target of a symbolic link keeps its mode', async () => {
  const [target, link] = [join(folder, 'target.db'), join(folder, 'link.db')];
  writeFileSync(target, '');
  chmodSync(target, 0o640);
  symlinkSync(target, link);
  const store = await openKeyringStore(`sqlite:${link}`, now);
  expect(statSync(target).mode & 0o777).toBe(0o640);
  await store.close();
});
