// The start with keys that do not open what the store holds.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Secret } from '../../src/brokers/upstream/secret.ts';
import { createEncryptedChallenges } from '../../src/keyring/crypto/encrypted-challenges.ts';
import { createEncrypter } from '../../src/keyring/crypto/encrypter.ts';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { openKeyringStore } from '../../src/keyring/stores/open-store.ts';
import { withDefaultLimits } from '../../src/limits.ts';
import { watchKeys } from '../../src/process/key-watch.ts';
import { keyringsOver, login } from '../keyring/fixtures.ts';
import { emptyFolder, startCommand } from '../support/processes/command.ts';
import { readableLog } from '../support/readable-log.ts';
import { TestClock } from '../support/values/test-clock.ts';

const ended = AbortSignal.abort();

/** A store with the sessions of three browsers. */
async function storeWith(key: Uint8Array) {
  const url = `sqlite:${join(emptyFolder(), 'keyrings.db')}`;
  const now = () => new Date();
  const store = await openKeyringStore(url, now);
  const { keyrings } = keyringsOver(store, now, createEncrypter([key]));
  for (const userId of ['ONE', 'TWO', 'THREE']) await keyrings.add(null, login(userId), null);
  await keyrings.settled();
  return { url, store, close: () => keyrings.close() };
}

test('a start with another key warns once, and names the setting', {
  timeout: 60_000,
}, async () => {
  const { url, close } = await storeWith(generateKey());
  await close();
  const env = {
    KEYRING_STORE: url,
    KEYRING_KEYS: Buffer.from(generateKey()).toString('base64'),
    LOG_FORMAT: 'json',
  };
  const command = await startCommand({ env });
  const text = await command.said(/cannot be decrypted with KEYRING_KEYS/, 'stderr');
  const lines = text.split('\n').filter((line) => line.includes('KEYRING_KEYS'));
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ tried: 3, unreadable: 3 }]);
});

test('no line is written where one of the keys opens them, and as many are tried as the limit says', async () => {
  const [right, wrong] = [generateKey(), generateKey()];
  const { store, close } = await storeWith(right);
  const { lines, logger } = readableLog();
  const limits = withDefaultLimits({ triedKeyrings: 2 });
  await watchKeys(store, [wrong, right], limits, logger, ended);
  expect(lines).toEqual([]);
  await watchKeys(store, [wrong], limits, logger, ended);
  expect(lines).toMatchObject([{ tried: 2, unreadable: 2 }]);
  await close();
});

test('the line comes again every hour with the count of then, until a key opens them', async () => {
  const [right, wrong] = [generateKey(), generateKey()];
  const { store, close } = await storeWith(right);
  const { lines, logger } = readableLog();
  const clock = new TestClock();
  const ending = new AbortController();
  await watchKeys(store, [wrong], withDefaultLimits(), logger, ending.signal, clock);
  expect(lines).toMatchObject([{ tried: 3, unreadable: 3 }]);
  clock.advance(3_599);
  expect(clock.waiting).toBe(1);
  expect(lines).toHaveLength(1);
  const here = keyringsOver(store, () => new Date(), createEncrypter([wrong])).keyrings;
  await here.add(null, login('FOUR'), null);
  clock.advance(1);
  await expect.poll(() => lines).toHaveLength(2);
  expect(lines[1]).toMatchObject({ tried: 4, unreadable: 3 });
  ending.abort();
  await expect.poll(() => clock.waiting).toBe(0);
  await close();
});

test('a login that waits for its second step is no browser that cannot be decrypted', async () => {
  const key = generateKey();
  const { store, close } = await storeWith(key);
  const now = new Date();
  const begun = {
    userId: 'SIMK01',
    oneTimeToken: new Secret('one-time'),
    baseUrl: 'https://a.example',
    passwordAt: now,
    sentTo: [],
  };
  const challenge = { apiKey: 'an-app', begun, isOfBrowser: true };
  const challenges = createEncryptedChallenges(store, createEncrypter([key]), () => now);
  await challenges.keep('an-id', { ...challenge, expiresAt: now.getTime() + 600_000 });
  const { lines, logger } = readableLog();
  await watchKeys(store, [key], withDefaultLimits({}), logger, ended);
  expect(lines).toEqual([]);
  await close();
});
