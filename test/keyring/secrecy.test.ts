// What lies in a store: nothing readable, nothing that opens anywhere else, nothing that outlives its time.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createClient } from '@redis/client';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/brokers/upstream/secret.ts';
import { createEncrypter } from '../../src/keyring/crypto/encrypter.ts';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import type { KeyringStore } from '../../src/keyring/stores/store.ts';
import {
  apiKey,
  createClock,
  day,
  keyringsOver,
  login,
  minute,
  only,
  opened,
  sessionsOf,
  unended,
} from './fixtures.ts';
import { describeStore, describeStores, type Place } from './stores/stores.ts';

/** A text as it stands, and as it would look in hex and in both base64 alphabets, wherever it began. */
function disguises(text: string): string[] {
  const aligned = [0, 1, 2].map((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), Buffer.from(text)]);
    const first = shift === 0 ? 0 : shift + 1;
    return whole.toString('base64').slice(first, Math.floor((whole.length * 4) / 3));
  });
  const url = aligned.map((one) => one.replaceAll('+', '-').replaceAll('/', '_'));
  return [text, Buffer.from(text).toString('hex'), ...aligned, ...url];
}

/** Every byte that a store has written, as latin1. */
async function bytesOf(place: Place): Promise<string> {
  if (place.kind === 'redis') {
    const client = createClient({ url: place.url() });
    await client.connect();
    await client.sendCommand(['SAVE']);
    client.destroy();
    return readFileSync(place.redis().dump, 'latin1');
  }
  const file = place.url().slice('sqlite:'.length);
  const names = readdirSync(dirname(file)).filter((name) => name.startsWith(basename(file)));
  expect(names).toContain(`${basename(file)}-wal`);
  return names.map((name) => readFileSync(join(dirname(file), name), 'latin1')).join('\0');
}

describe('what is stored', () => {
  const suite = (place: Place) =>
    test('names no token, user, app or cookie', async () => {
      const clock = createClock();
      const { keyrings } = keyringsOver(await place.open(clock.now), clock.now);
      const secrets = ['access-token-0123456789', 'USER0123456789', 'refresh-token-0123456789'];
      const [token = '', userId = '', refresh = ''] = secrets;
      const { session } = login(userId, token);
      const renewable = { ...session, refreshToken: new Secret(refresh) };
      const device = { ipAddress: '192.0.2.123', userAgent: 'A browser of this kind' };
      const first = await keyrings.add(
        null,
        { broker: 'KITE', apiKey, session: renewable },
        device,
      );
      const next = await keyrings.add(first.cookie, login(userId, token), device);
      clock.advance(minute);
      const record = only(unended(await opened(keyrings, next)));
      await keyrings.markExpired(next.keyringId, record);

      const bytes = await bytesOf(place);
      // A user and an app cannot be looked up without the keys.
      const guess = ['kite-graphql record', next.keyringId, apiKey, userId].join('\0');
      expect(bytes).not.toContain(createHash('sha256').update(guess).digest('base64url'));
      expect(bytes).toContain(next.keyringId);
      expect(bytes).toContain(record.key);
      // The header of an encrypted value has the keyring in base64: a search that finds this would find a secret too.
      const found = disguises(next.keyringId)
        .slice(2)
        .filter((text) => bytes.includes(text));
      expect(found).not.toEqual([]);
      const cookies = [first.cookie.reveal(), next.cookie.reveal()];
      const raw = cookies.map((one) => Buffer.from(one, 'base64url').toString('latin1'));
      const names = [apiKey, record.accountId, record.sessionId, ...Object.values(device)];
      const hidden = [...secrets, ...names, ...cookies].flatMap(disguises).concat(raw);
      expect(hidden.filter((text) => bytes.includes(text))).toEqual([]);
    });
  describeStore('sqlite', suite);
  describeStore('redis', suite);
});

describe('a row', () => {
  describeStores((place) => {
    async function twoKeyrings() {
      const clock = createClock();
      const store = await place.open(clock.now);
      const { keyrings, reports } = keyringsOver(store, clock.now);
      const mine = await keyrings.add(null, login('AB0001'), null);
      const theirs = await keyrings.add(null, login('AB0002'), null);
      return { clock, store, keyrings, reports, mine, theirs };
    }

    async function copy(store: KeyringStore, from: [string, string], to: [string, string]) {
      const encrypted = (await store.readRecord(...from))?.encrypted ?? '';
      const expectedVersion = (await store.readRecord(...to))?.version ?? null;
      const write = { key: to[1], encrypted, expiresAt: null, expectedVersion };
      expect(await store.writeRecords(to[0], [write], 10)).toEqual(['written']);
    }

    test('copied to another keyring or key does not open there', async () => {
      const { store, keyrings, reports, mine, theirs } = await twoKeyrings();
      const from: [string, string] = [theirs.keyringId, theirs.record.key];
      await copy(store, from, [mine.keyringId, mine.record.key]);
      await copy(store, from, [mine.keyringId, theirs.record.key]);
      await copy(store, from, [theirs.keyringId, mine.record.key]);
      expect((await opened(keyrings, mine)).sessions).toEqual([]);
      expect(only((await opened(keyrings, theirs)).sessions).userId).toBe('AB0002');
      const report = { kind: 'unreadable-records', reason: 'elsewhere' };
      expect(reports).toEqual([
        { ...report, keyringId: mine.keyringId, count: 2 },
        { ...report, keyringId: theirs.keyringId, count: 1 },
      ]);
      expect(await keyrings.markRevoked(mine.keyringId, mine.record)).toBe(false);
    });

    test('opens with an old key beside the new one, and not with the new one only', async () => {
      const { clock, store } = await twoKeyrings();
      const [older, newer] = [generateKey(), generateKey()];
      const before = keyringsOver(store, clock.now, createEncrypter([older])).keyrings;
      const added = await before.add(null, login('AB0001'), null);

      const rotated = keyringsOver(store, clock.now, createEncrypter([newer]));
      expect(await rotated.keyrings.open(added.cookie, null)).toBeNull();

      const both = keyringsOver(store, clock.now, createEncrypter([newer, older])).keyrings;
      expect((await opened(both, added)).sessions).toHaveLength(1);
      const user = { broker: 'KITE', userId: 'AB0001' } as const;
      expect((await sessionsOf(both, user)).map(({ record }) => record.key)).toEqual([
        added.record.key,
      ]);
      // The next login finds the user's row by its older name, and its cookie is named by the new key.
      const again = await both.add(added.cookie, login('AB0001'), null);
      expect(again.record.accountId).toBe(added.record.accountId);
      expect(only(unended(await opened(both, again))).accountId).toBe(added.record.accountId);
      expect(unended(await opened(rotated.keyrings, again))).toHaveLength(1);
      expect(await sessionsOf(rotated.keyrings, user)).toHaveLength(2);
    });

    test('that cannot be read is replaced by the next login', async () => {
      const { store, keyrings, mine } = await twoKeyrings();
      const { version } = (await store.readRecord(mine.keyringId, mine.record.key)) ?? {};
      const { key } = mine.record;
      const write = {
        key,
        encrypted: 'garbage',
        expiresAt: null,
        expectedVersion: version ?? null,
      };
      await store.writeRecords(mine.keyringId, [write], 10);
      expect((await opened(keyrings, mine)).sessions).toEqual([]);
      const next = await keyrings.add(mine.cookie, login('AB0001'), null);
      expect((await opened(keyrings, next)).sessions).toHaveLength(1);
    });
  });
});

describe('a SQLite file', () => {
  describeStore('sqlite', (place) => {
    test('is its owner’s alone', async () => {
      await place.open();
      const file = place.url().slice('sqlite:'.length);
      const modes = ['', '-wal', '-shm'].map((suffix) => statSync(file + suffix).mode & 0o777);
      expect(modes).toEqual([0o600, 0o600, 0o600]);
    });

    test('loses what has expired after a later write', async () => {
      const clock = createClock();
      const { keyrings } = keyringsOver(await place.open(clock.now, clock.monotonic), clock.now);
      const gone = await keyrings.add(null, login('AB0001'), null);
      const kept = await keyrings.add(null, login('AB0002'), null);
      await keyrings.markRevoked(gone.keyringId, gone.record);
      clock.advance(6 * day);
      await opened(keyrings, kept);
      clock.advance(day);
      await keyrings.add(null, login('AB0003'), null);
      const database = new DatabaseSync(place.url().slice('sqlite:'.length), { readOnly: true });
      const ids = (sql: string) => database.prepare(sql).all().flatMap(Object.values);
      // A few rows at a time, after the write is answered.
      await expect.poll(() => ids('SELECT id FROM keyrings_2')).not.toContain(gone.keyringId);
      expect(ids('SELECT id FROM keyrings_2')).toContain(kept.keyringId);
      expect(
        ids('SELECT expires_at FROM pointers_2').every((end) => Number(end) > +clock.now()),
      ).toBe(true);
      expect(ids('SELECT keyring_id FROM records_2')).not.toContain(gone.keyringId);
      database.close();
    });
  });
});

describe('a Redis key', () => {
  describeStore('redis', (place) =>
    test('begins with our name and ends by itself', async () => {
      const clock = createClock();
      const { keyrings } = keyringsOver(await place.open(clock.now), clock.now);
      const first = await keyrings.add(null, login('AB0001'), null);
      clock.advance(minute);
      await keyrings.add(first.cookie, login('AB0002'), null);
      const client = createClient({ url: place.url() });
      await client.connect();
      const keys = await client.keys('*');
      expect(keys.every((key) => key.startsWith('kite-graphql:'))).toBe(true);
      const spanOf = (key: string) => client.pTTL(key);
      const isUser = (key: string) => key.includes(':user:');
      const users = await Promise.all(keys.filter(isUser).map(spanOf));
      const spans = await Promise.all(keys.filter((key) => !isUser(key)).map(spanOf));
      client.destroy();
      expect(users).toHaveLength(2);
      for (const span of users) {
        expect(span).toBeGreaterThan(30 * day - 2 * minute);
        expect(span).toBeLessThanOrEqual(30 * day);
      }
      const [retired, ...others] = spans.sort((one, other) => one - other);
      expect(retired).toBeGreaterThan(0);
      expect(retired).toBeLessThanOrEqual(minute);
      expect(others).toHaveLength(2);
      for (const span of others) {
        expect(span).toBeGreaterThan(7 * day - minute);
        expect(span).toBeLessThanOrEqual(7 * day);
      }
    }),
  );
});
