// A store that takes no writes, for each real reason: a login spends no token meanwhile, and can be finished later.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { afterAll, describe, expect, test } from 'vitest';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { openKeyringStore } from '../../src/keyring/stores/open-store.ts';
import { graphql } from '../generated/gql.ts';
import { readableLog } from '../support/readable-log.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';
import { Visitor } from '../support/visitor.ts';
import { startWorld } from '../support/world.ts';

const exchange = graphql(`
  mutation StoreRefusesExchange($input: ExchangeTokenInput!) {
    exchangeToken(input: $input) { __typename ... on ApiError { code retryable } }
  }
`);

const gateway = 'http://localhost:4000';
const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-refuses-'));
const disk = mkdtempSync(join(tmpdir(), 'kite-graphql-disk-'));
const mounted =
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'kite-graphql-test', disk]).status === 0;
afterAll(() => {
  if (mounted) spawnSync('umount', ['--lazy', disk]);
  for (const path of [folder, disk]) rmSync(path, { recursive: true, force: true });
});

/** How a store is made to take no writes, what the log calls it, and how that ends. */
interface Trouble {
  readonly store: string;
  readonly cause: string;
  spoil(): unknown;
  mend(): unknown;
}

async function expectUnspent({ store, cause, spoil, mend }: Trouble): Promise<void> {
  const { logger, lines } = readableLog();
  const world = await startWorld({
    exposeTokens: false,
    keyringStore: await openKeyringStore(store, () => new Date()),
    keyringKeys: [generateKey()],
    logger,
  });
  const { origin } = new URL(world.url);
  const atKite = async (userId: string) => {
    const visitor = new Visitor(origin, gateway);
    const callback = await visitor.logInAtKite(
      `${origin}/login?app=simulator&returnTo=/app`,
      userId,
    );
    const { searchParams } = new URL(callback);
    const requestToken = searchParams.get('request_token') ?? '';
    return { visitor, callback, input: { requestToken, state: searchParams.get('state') ?? '' } };
  };
  const browser = await atKite('SIM0001');
  const page = await atKite('SIM0002');
  const redeemed = async () =>
    (await world.calls()).filter(({ path }) => path === '/session/token').length;
  await world.calls();

  await spoil();
  try {
    const refused = await browser.visitor.visit(browser.callback);
    expect([refused.status, refused.location]).toEqual([503, null]);
    expect(refused.text).toContain('KEYRING_UNAVAILABLE');
    const { data } = await page.visitor.ask(exchange, { input: page.input });
    expect(data?.exchangeToken).toMatchObject({ code: 'KEYRING_UNAVAILABLE', retryable: true });
    expect(await redeemed()).toBe(0);
    const warnings = lines.filter(({ msg }) => msg === 'The store of browser sessions failed');
    expect(warnings).toMatchObject([{ cause }]);
  } finally {
    await mend();
  }

  expect((await browser.visitor.visit(browser.callback)).status).toBe(303);
  const { data } = await page.visitor.ask(exchange, { input: page.input });
  expect(data?.exchangeToken).toMatchObject({ __typename: 'Session' });
  expect(await redeemed()).toBe(2);
}

describe('a login spends no token, and a reload finishes it, where SQLite', () => {
  test.skipIf(!mounted)('has a full disk', async () => {
    const filler = join(disk, 'filler');
    await expectUnspent({
      store: `sqlite:${join(disk, 'keyrings.db')}`,
      cause: 'SQLITE_FULL',
      spoil: () => {
        const file = openSync(filler, 'w');
        const block = Buffer.alloc(4_096);
        try {
          for (;;) writeSync(file, block);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ENOSPC' });
        } finally {
          closeSync(file);
        }
      },
      mend: () => rmSync(filler),
    });
  });

  test.skipIf(process.platform !== 'linux')('may not write more bytes to a file', async () => {
    const limit = (bytes: string) => {
      const { status } = spawnSync('prlimit', ['--pid', `${process.pid}`, `--fsize=${bytes}:`]);
      expect(status).toBe(0);
    };
    await expectUnspent({
      store: `sqlite:${join(folder, 'limited.db')}`,
      cause: 'SQLITE_IOERR',
      spoil: () => limit('1'),
      mend: () => limit('unlimited'),
    });
  });

  test('has a file that it may only read', async () => {
    const file = join(folder, 'read-only.db');
    const copy = `${file}-copy`;
    await expectUnspent({
      store: `sqlite:${file}`,
      cause: 'SQLITE_READONLY',
      spoil: () => {
        copyFileSync(file, copy);
        // Such a file format version SQLite reads and does not write (sqlite.org/fileformat.html).
        const opened = openSync(copy, 'r+');
        writeSync(opened, Buffer.of(3), 0, 1, 18);
        closeSync(opened);
        for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
        renameSync(copy, file);
      },
      mend: () => rmSync(file),
    });
  });
});

describeWithRedis((redis) => {
  test.each([
    [
      'is out of memory',
      'OOM',
      ['CONFIG', 'SET', 'maxmemory', '1mb'],
      ['CONFIG', 'SET', 'maxmemory', '0'],
    ],
    [
      'is demoted to a replica',
      'READONLY',
      ['REPLICAOF', '127.0.0.1', '1'],
      ['REPLICAOF', 'NO', 'ONE'],
    ],
  ] as const)(
    'a login spends no token, and a reload finishes it, where Redis %s',
    async (_, cause, spoil, mend) => {
      const admin = createClient({ url: redis.url }).on('error', () => undefined);
      await admin.connect();
      try {
        await expectUnspent({
          store: redis.url,
          cause,
          spoil: () => admin.sendCommand(spoil),
          mend: () => admin.sendCommand(mend),
        });
      } finally {
        admin.destroy();
      }
    },
  );
});
