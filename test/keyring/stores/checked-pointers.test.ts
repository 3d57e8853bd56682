// Pointers in a SQLite file are checked without its thread while no process writes to it, and with the next write anew.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Worker } from 'node:worker_threads';
import { afterAll, expect, test } from 'vitest';
import { openKeyringStore } from '../../../src/keyring/stores/open-store.ts';
import { CheckedPointers } from '../../../src/keyring/stores/sqlite/checked-pointers.ts';
import { type KeyringStore, KeyringStoreError } from '../../../src/keyring/stores/store.ts';
import { withDefaultLimits } from '../../../src/limits.ts';
import { createClock, day, minute } from '../fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-checked-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Every thread that a store of this file has started, in order. */
const threads: Worker[] = [];
const note = (worker: Worker) => void threads.push(worker);
process.on('worker', note);
afterAll(() => void process.off('worker', note));

/** A store with one keyring and its pointer, both for a day. */
async function begun(name: string, limits = withDefaultLimits()) {
  const clock = createClock();
  const file = join(folder, name);
  const open = () => openKeyringStore(`sqlite:${file}`, clock.now, clock.monotonic, limits);
  const store = await open();
  const createdAt = clock.now().getTime();
  const fill = async (into: KeyringStore) => {
    await into.createKeyring({ id: 'a', createdAt, expiresAt: createdAt + day });
    await into.writePointer({ name: 'p', target: 't', expiresAt: createdAt + day }, 'a');
  };
  await fill(store);
  const check = () => store.checkPointer(['none', 'p'], 'a');
  return { clock, file, open, store, createdAt, fill, check };
}

/** Another process with the file, which runs statements of SQL. */
async function otherProcess(file: string) {
  const script = `
    const { createInterface } = require('node:readline');
    const database = new (require('node:sqlite').DatabaseSync)(${JSON.stringify(file)});
    createInterface({ input: process.stdin }).on('line', (line) => {
      database.exec(line);
      console.log('done');
    }).on('close', () => database.close());
    console.log('open');`;
  const child = spawn(process.execPath, ['--no-warnings', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return {
    async run(sql: string) {
      child.stdin.write(`${sql}\n`);
      expect((await lines.next()).value).toBe('done');
    },
    async end() {
      child.stdin.end();
      await once(child, 'exit');
    },
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

test('while no process writes, a pointer is checked without the thread', async () => {
  const { store, check } = await begun('still.db');
  const first = await check();
  expect(first).toMatchObject({ pointer: { name: 'p' }, revision: 0 });
  const thread = threads.at(-1);
  const ended = thread && once(thread, 'exit');
  await thread?.terminate();
  await ended;
  const before = threads.length;
  expect([await check(), await check()]).toEqual([first, first]);
  expect(threads.length).toBe(before);
  await store.close();
  await expect(check()).rejects.toEqual(new KeyringStoreError());
});

test('no answer is kept where no keyring may be', async () => {
  const { store, check } = await begun('none.db', { ...withDefaultLimits(), cachedKeyrings: 0 });
  await check();
  const before = threads.length;
  const thread = threads.at(-1);
  const ended = thread && once(thread, 'exit');
  await thread?.terminate();
  await ended;
  expect(await check()).toMatchObject({ revision: 0 });
  expect(threads.length).toBe(before + 1);
  await store.close();
});

test('an answer whose time is over is asked for once more, also where there is room for no other', async () => {
  const { file, store } = await begun('full.db');
  const checked = new CheckedPointers(file, 1);
  const asked: string[] = [];
  const check = (question: string, now: number) =>
    checked.check(question, now, async () => {
      asked.push(`${question} at ${now}`);
      const pointer = { name: question, target: 't', expiresAt: now + day, retired: false };
      return { pointer, revision: 0, endsAt: now + minute };
    });
  for (const now of [0, 1, minute, minute + 1]) await check('p', now);
  for (const now of [minute + 2, minute + 3]) await check('q', now);
  expect(asked).toEqual(['p at 0', `p at ${minute}`, `q at ${minute + 2}`, `q at ${minute + 3}`]);
  checked.close();
  await store.close();
});

test('each write of another process is seen by the next check, and none that it never committed', async () => {
  const { file, store, check, createdAt } = await begun('written.db');
  const other = await otherProcess(file);
  const end = createdAt + 2 * day;
  const changes = [
    ["UPDATE keyrings_2 SET revision = 7 WHERE id = 'a'", { revision: 7 }],
    [`UPDATE pointers_2 SET expires_at = ${end}`, { pointer: { expiresAt: end }, revision: 7 }],
    ['UPDATE pointers_2 SET retired = 1', { pointer: { retired: true } }],
    ["UPDATE pointers_2 SET target = 'u'", { pointer: { target: 'u' } }],
    ['PRAGMA wal_checkpoint(TRUNCATE)', { pointer: { target: 'u' }, revision: 7 }],
    ["UPDATE keyrings_2 SET revision = 8 WHERE id = 'a'", { revision: 8 }],
    ["DELETE FROM keyrings_2 WHERE id = 'a'", { revision: null }],
    ["INSERT INTO keyrings_2 VALUES ('a', 1, 1e15, 9)", { revision: 9 }],
  ] as const;
  for (const [sql, expected] of changes) {
    await check();
    await other.run(sql);
    expect(await check(), sql).toMatchObject(expected);
  }
  await other.run('BEGIN IMMEDIATE');
  await other.run('UPDATE keyrings_2 SET revision = 100');
  expect(await check()).toMatchObject({ revision: 9 });
  await other.kill();
  expect(await check()).toMatchObject({ revision: 9 });
  const next = await otherProcess(file);
  await next.run('DELETE FROM pointers_2');
  expect(await check()).toBeNull();
  await next.kill();
  await store.close();
});

test('an answer lasts as long as the keyring and the pointer by the clock, and comes back with it', async () => {
  const { store, clock, check, createdAt } = await begun('clock.db');
  const first = await check();
  clock.jump(day);
  expect(await check()).toBeNull();
  clock.jump(-day);
  expect(await check()).toEqual(first);
  await store.writePointer({ name: 'q', target: 't', expiresAt: createdAt + 3 * day }, 'a');
  await store.retirePointer('p', createdAt + minute);
  expect(await check()).toMatchObject({ pointer: { retired: true } });
  clock.advance(minute);
  expect(await check()).toBeNull();
  await store.close();
});

test('a file that was deleted or replaced is read anew by the next check', async () => {
  const { store, check, file, fill } = await begun('gone.db');
  expect(await check()).not.toBeNull();
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  expect(await check()).toBeNull();
  await fill(store);
  expect(await check()).toMatchObject({ revision: 0 });
  const another = await begun('another.db');
  await another.store.deleteKeyring('a', 0);
  await another.store.close();
  for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
  renameSync(another.file, file);
  expect(await check()).toMatchObject({ pointer: { name: 'p' }, revision: null });
  await store.close();
});

test('a store beside another one in the same process leaves it its locks', async () => {
  const { store, check, open, file, createdAt } = await begun('beside.db');
  await check();
  const beside = await open();
  await beside.close();
  // The other process must not take itself for the last one with the file, and delete its journal at the end.
  const other = await otherProcess(file);
  await other.run('UPDATE keyrings_2 SET revision = 3');
  await other.end();
  expect(await check()).toMatchObject({ revision: 3 });
  await store.touchPointer('p', 'a', createdAt + 2 * day);
  const next = await otherProcess(file);
  await next.run("UPDATE pointers_2 SET target = 'u'");
  await next.end();
  const expected = { target: 'u', expiresAt: createdAt + 2 * day };
  expect(await check()).toMatchObject({ pointer: expected, revision: 3 });
  await store.close();
});
