// From an operator's words to a store, and what is said where they make no sense.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { openKeyringStore } from '../../../src/keyring/stores/open-store.ts';
import { KeyringStoreError } from '../../../src/keyring/stores/store.ts';
import { createSweep } from '../../../src/keyring/stores/sweep.ts';

const now = () => new Date();
const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-open-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  '',
  'memory',
  'sqlite:',
  'hunter2',
  'postgres://user:hunter2@host/db',
  'redis://user:hunter2@host:port',
  'redis://user:hunter2@host/not-a-number',
  'redis:hunter2',
])('refuses what names no store, without quoting it (%#)', async (url) => {
  const error = await openKeyringStore(url, now).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TypeError);
  expect(inspect(error, { depth: 9 }).replace(/\n\s+at .*/g, '')).not.toMatch(/hunter2|host:port/);
});

test('a file that cannot be opened, or is something else, is an unavailable store', async () => {
  const file = join(folder, 'letter.txt');
  writeFileSync(file, 'Dear Sir or Madam, '.repeat(100));
  for (const path of [file, folder, join(folder, 'missing', 'file.db')]) {
    const store = openKeyringStore(`sqlite:${path}`, now);
    await expect(store).rejects.toBeInstanceOf(KeyringStoreError);
  }
});

test('a Redis that is not there is an unavailable store', async () => {
  const store = openKeyringStore('redis://:hunter2@127.0.0.1:1', now);
  await expect(store).rejects.toEqual(new KeyringStoreError('ECONNREFUSED'));
});

test('the memory store loads neither SQLite nor Redis', () => {
  const address = new URL('../../../src/keyring/stores/open-store.ts', import.meta.url).href;
  const script = `
    import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) {
      if (/sqlite|redis(\\/|$)/.test(name)) process.exitCode = 9;
      return next(name, context);
    } });
    const { openKeyringStore } = await import('${address}');
    await openKeyringStore('memory:', () => new Date());
  `;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  expect([status, stderr.toString()]).toEqual([0, '']);
});

test('sweeping keeps a map bounded, a few entries at a time', () => {
  const map = new Map<number, { isOver: boolean }>();
  const sweep = createSweep(map);
  for (let index = 0; index < 1_000; index += 1) {
    map.set(index, { isOver: true });
    sweep(({ isOver }) => isOver);
    expect(map.size).toBeLessThan(25);
  }
});
