// The thread of a SQLite store ends by itself: the gateway goes on with a new one.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Worker } from 'node:worker_threads';
import { afterAll, expect, test, vi } from 'vitest';
import { generateKey } from '../../../src/keyring/crypto/keys.ts';
import { openKeyringStore } from '../../../src/keyring/stores/open-store.ts';
import { KeyringStoreError } from '../../../src/keyring/stores/store.ts';
import { withDefaultLimits } from '../../../src/limits.ts';
import { readableLog } from '../../support/readable-log.ts';
import { Visitor } from '../../support/visitor.ts';
import { startWorld } from '../../support/world.ts';

const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-thread-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Every thread that a store of this file has started, in order. */
const threads: Worker[] = [];
const note = (worker: Worker) => void threads.push(worker);
process.on('worker', note);
afterAll(() => void process.off('worker', note));

async function endThread(): Promise<void> {
  const thread = threads.at(-1);
  const ended = thread && once(thread, 'exit');
  await thread?.terminate();
  await ended;
}

let milliseconds = 0;
const open = (name: string) =>
  openKeyringStore(
    `sqlite:${join(folder, name)}`,
    () => new Date(),
    () => milliseconds,
  );

test('a store whose thread has ended starts another with the next call, and has lost nothing', async () => {
  const store = await open('next.db');
  const at = Date.now();
  await store.createKeyring({ id: 'a', createdAt: at, expiresAt: at + 60_000 });
  const before = threads.length;
  await endThread();
  const found = await Promise.all([store.openKeyring('a'), store.openKeyring('a')]);
  expect(found.map((keyring) => keyring?.id)).toEqual(['a', 'a']);
  expect(threads.length - before).toBe(1);
  await store.close();
});

test('a thread that ends again and again is started once in a pause', async () => {
  const store = await open('again.db');
  await endThread();
  expect(await store.openKeyring('a')).toBeNull();
  await endThread();
  const before = threads.length;
  const failed = new KeyringStoreError('SQLITE_THREAD_ENDED');
  for (let times = 0; times < 10; times += 1) {
    await expect(store.openKeyring('a')).rejects.toEqual(failed);
  }
  expect(threads.length).toBe(before);
  milliseconds += withDefaultLimits().storeRestartSeconds * 1_000;
  expect(await store.openKeyring('a')).toBeNull();
  expect(threads.length - before).toBe(1);
  await store.close();
  await expect(store.openKeyring('a')).rejects.toEqual(new KeyringStoreError());
});

test('a file that a new thread cannot open fails its calls with the cause', async () => {
  const inner = mkdtempSync(join(folder, 'inner-'));
  const store = await openKeyringStore(`sqlite:${join(inner, 'file.db')}`, () => new Date());
  await endThread();
  rmSync(inner, { recursive: true });
  await expect(store.openKeyring('a')).rejects.toEqual(new KeyringStoreError('ENOENT'));
  await store.close();
});

test('what is in flight when the thread ends is KEYRING_UNAVAILABLE, one warning, and no token is spent', async () => {
  const file = join(folder, 'gateway.db');
  const keyringStore = await openKeyringStore(
    `sqlite:${file}`,
    () => new Date(),
    () => milliseconds,
    { ...withDefaultLimits(), storeSeconds: 60 },
  );
  const { logger, lines } = readableLog();
  const options = { exposeTokens: false, keyringStore, keyringKeys: [generateKey()], logger };
  const world = await startWorld(options);
  const { origin } = new URL(world.url);
  const visitors = [new Visitor(origin), new Visitor(origin)];
  const callbacks = await Promise.all(
    visitors.map((visitor) => visitor.logInAtKite(`${origin}/login?app=simulator`, 'SIM0001')),
  );
  await world.calls();
  const visit = (index: number) => visitors[index]?.visit(callbacks[index] ?? '');

  const other = new DatabaseSync(file);
  other.exec('BEGIN IMMEDIATE');
  const proofs = vi.spyOn(keyringStore, 'proveWrite');
  const visits = [visit(0), visit(1)];
  await expect.poll(() => proofs.mock.calls.length).toBe(2);
  await endThread();
  for (const answer of await Promise.all(visits)) {
    expect([answer?.status, answer?.location]).toEqual([503, null]);
    expect(answer?.text).toContain('KEYRING_UNAVAILABLE');
  }
  const warnings = lines.filter(({ msg }) => msg.startsWith('The store of browser sessions'));
  expect(warnings).toMatchObject([{ level: 40, cause: 'SQLITE_THREAD_ENDED' }]);
  expect(await world.calls()).toEqual([]);

  other.exec('COMMIT');
  other.close();
  for (const index of [0, 1]) expect((await visit(index))?.status).toBe(303);
  expect((await world.calls()).map(({ path, status }) => [path, status])).toEqual(
    Array(2).fill(['/session/token', 200]),
  );
});
