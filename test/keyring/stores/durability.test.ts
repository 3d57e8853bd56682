// What happens to keyrings when a process dies, or the store does.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { Secret } from '../../../src/brokers/upstream/secret.ts';
import { createEncrypter } from '../../../src/keyring/crypto/encrypter.ts';
import { generateKey } from '../../../src/keyring/crypto/keys.ts';
import { KeyringStoreError } from '../../../src/keyring/stores/store.ts';
import {
  createClock,
  keyringsOver,
  laptop,
  login,
  minute,
  only,
  opened,
  sessionsOf,
} from '../fixtures.ts';
import { describeStore, describeStores, type Place } from './stores.ts';

const now = () => new Date();

describe('a process killed right after a login', () => {
  const suite = (place: Place) =>
    test('loses nothing', async () => {
      const key = generateKey();
      const script = fileURLToPath(new URL('log-in-and-wait.ts', import.meta.url));
      const text = Buffer.from(key).toString('base64url');
      const child = spawn(process.execPath, [script, place.url(), text], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [cookie] = await once(child.stdout.setEncoding('utf8'), 'data');
      child.kill('SIGKILL');
      await once(child, 'exit');
      const { keyrings } = keyringsOver(await place.open(now), now, createEncrypter([key]));
      const keyring = await opened(keyrings, { cookie: new Secret(String(cookie)) });
      expect(only(keyring.sessions).accessToken?.reveal()).toBe('token-of-AB0001');
    });
  describeStore('sqlite', suite);
  describeStore('redis', suite);
});

describe('a process killed in the middle of a change', () => {
  const suite = (place: Place) => {
    /** What a new process finds after one was killed at a step of what it did to a keyring. */
    const killedAfter = async (step: string, userId: string, deed = 'log in') => {
      const key = generateKey();
      const script = fileURLToPath(new URL('log-in-and-stop.ts', import.meta.url));
      const text = Buffer.from(key).toString('base64url');
      const child = spawn(process.execPath, [script, place.url(), text, step, deed, userId], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const lines: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        lines.push(line);
        if (line === 'stopped') break;
      }
      child.kill('SIGKILL');
      if (child.signalCode === null) await once(child, 'exit');
      const { keyrings, reports } = keyringsOver(
        await place.open(now),
        now,
        createEncrypter([key]),
      );
      const cookie = new Secret(lines[0] ?? '');
      const sessions = async () => (await opened(keyrings, { cookie })).sessions;
      const elsewhere = async (user: string) =>
        (await sessionsOf(keyrings, { broker: 'KITE', userId: user })).map(({ record }) => record);
      const logInAgain = () => keyrings.add(cookie, { ...login(userId), apiKey: 'app' }, null);
      const found = () => keyrings.open(cookie, null);
      return { sessions, elsewhere, logInAgain, found, reports };
    };
    const usersOf = (records: readonly { readonly userId: string | null }[]) =>
      records.map(({ userId }) => userId).sort();

    test.each([
      ['the entry of the index', 'users.add', ['AB0001']],
      ['the row', 'writeRecords', ['AB0001', 'AB0002']],
      ['the pointer', 'writePointer', ['AB0001', 'AB0002']],
      ['the end of the cookie before', 'retirePointer', ['AB0001', 'AB0002']],
    ])(
      'of a login, after %s: the earlier sessions are there, the index finds what is there, and the next login works',
      async (_name, step, found) => {
        const { sessions, elsewhere, logInAgain, reports } = await killedAfter(step, 'AB0002');
        expect(usersOf(await sessions())).toEqual(found);
        expect(usersOf(await elsewhere('AB0001'))).toEqual(['AB0001']);
        expect(usersOf(await elsewhere('AB0002'))).toEqual(found.slice(1));
        const { record } = await logInAgain();
        expect((await sessions()).map(({ sessionId }) => sessionId)).toContain(record.sessionId);
        const again = await elsewhere('AB0002');
        expect(again.filter(({ state }) => state === 'ACTIVE')).toMatchObject([
          { sessionId: record.sessionId },
        ]);
        expect(reports).toEqual([]);
      },
    );

    test('of a login of a user who is there, after the row: the later session is there, once', async () => {
      const { sessions, elsewhere } = await killedAfter('writeRecords', 'AB0001');
      expect(await sessions()).toMatchObject([{ state: 'ACTIVE', userId: 'AB0001' }]);
      expect(await elsewhere('AB0001')).toMatchObject([{ state: 'ACTIVE' }]);
    });

    test.each([
      ['the keyring', 'createKeyring'],
      ['the row', 'writeRecords'],
    ])(
      'of a login in another browser, after %s: the first browser has what it had',
      async (_, step) => {
        const { sessions, elsewhere, logInAgain } = await killedAfter(
          step,
          'AB0002',
          'log in elsewhere',
        );
        expect(usersOf(await sessions())).toEqual(['AB0001']);
        const ofAnother = step === 'writeRecords' ? 1 : 0;
        expect(await elsewhere('AB0002')).toHaveLength(ofAnother);
        await logInAgain();
        expect(usersOf(await sessions())).toEqual(['AB0001', 'AB0002']);
      },
    );

    test.each([
      ['a renewal', 'renew', 'token-of-the-renewal', { state: 'ACTIVE' }],
      ['an end', 'end', 'token-of-AB0001', { state: 'REVOKING', endReason: 'LOGGED_OUT' }],
    ])('of %s, after the row: all of it is there', async (_, deed, token, expected) => {
      const { sessions } = await killedAfter('writeRecords', 'AB0001', deed);
      const session = only(await sessions());
      expect(session).toMatchObject(expected);
      expect(session.accessToken?.reveal()).toBe(token);
    });

    test('of the end of a keyring: it is gone, and the next login begins another one', async () => {
      const { found, logInAgain } = await killedAfter('deleteKeyring', 'AB0001', 'forget');
      expect(await found()).toBeNull();
      expect((await logInAgain()).hasNewCookie).toBe(true);
    });
  };
  describeStore('sqlite', suite);
  describeStore('redis', suite);
});

describe('a store that is closed', () => {
  describeStores((place) =>
    test('is one error to every caller', async () => {
      const { keyrings } = keyringsOver(await place.open(now), now);
      const added = await keyrings.add(null, login('AB0001'), null);
      await keyrings.close();
      const error = await keyrings.open(added.cookie, null).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(KeyringStoreError);
      expect(error).toMatchObject({
        code: 'unavailable',
        message: expect.not.stringMatching(/\d/),
      });
      expect(error).not.toHaveProperty('cause');
      for (const call of [
        () => keyrings.add(added.cookie, login('AB0001'), null),
        () => keyrings.markExpired(added.keyringId, added.record),
        () => keyrings.renew(added.keyringId, added.record, login('AB0001').session),
        () => keyrings.forgetIfEmpty(added.cookie),
      ]) {
        await expect(call()).rejects.toBeInstanceOf(KeyringStoreError);
      }
    }),
  );
});

describe('a Redis', () => {
  describeStore('redis', (place) => {
    test('that is stopped is an error at once, and is found again', async () => {
      const { keyrings } = keyringsOver(await place.open(now), now);
      const added = await keyrings.add(null, login('AB0001'), null);
      await place.redis().stop();
      for (let tries = 0; tries < 3; tries += 1) {
        await expect(keyrings.open(added.cookie, null)).rejects.toBeInstanceOf(KeyringStoreError);
      }
      await expect(place.open(now)).rejects.toBeInstanceOf(KeyringStoreError);

      await place.redis().start();
      const again = await vi.waitFor(() => keyrings.add(null, login('AB0001'), null), 5_000);
      expect((await opened(keyrings, again)).sessions).toHaveLength(1);
    });

    test('that hangs is an error, while it still hangs', async () => {
      const { keyrings } = keyringsOver(await place.open(now), now);
      const added = await keyrings.add(null, login('AB0001'), null);
      place.redis().pause();
      await expect(keyrings.open(added.cookie, null)).rejects.toBeInstanceOf(KeyringStoreError);
      place.redis().resume();
      await vi.waitFor(() => opened(keyrings, added), 5_000);
    });
  });
});

describe('a background write that fails', () => {
  describeStore('memory', (place) =>
    test('is reported and fails neither an opening nor a login', async () => {
      const clock = createClock();
      const store = await place.open(clock.now);
      const down = async () => Promise.reject(new KeyringStoreError());
      const failing = {
        findPointer: store.findPointer.bind(store),
        checkPointer: store.checkPointer.bind(store),
        openKeyring: store.openKeyring.bind(store),
        proveWrite: store.proveWrite.bind(store),
        readRecord: store.readRecord.bind(store),
        createKeyring: store.createKeyring.bind(store),
        writeRecords: store.writeRecords.bind(store),
        writePointer: store.writePointer.bind(store),
        deleteKeyring: store.deleteKeyring.bind(store),
        close: store.close.bind(store),
        touchPointer: down,
        retirePointer: down,
      };
      const { keyrings, reports } = keyringsOver(failing, clock.now);
      const first = await keyrings.add(null, login('AB0001'), null);
      clock.advance(minute);
      expect((await opened(keyrings, first)).sessions).toHaveLength(1);
      const failed = { kind: 'upkeep-failed', keyringId: first.keyringId };
      expect(reports).toEqual([failed]);
      const next = await keyrings.add(first.cookie, login('AB0002'), laptop);
      expect(reports).toEqual([failed, failed]);
      expect((await keyrings.open(next.cookie, null))?.sessions).toHaveLength(2);
    }),
  );
});
