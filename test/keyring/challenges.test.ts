// Logins that wait for their second step, in each kind of store: kept encrypted, given out once, gone in time.
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/brokers/upstream/secret.ts';
import { everyKeyring } from '../../src/keyring/census/every-keyring.ts';
import {
  createEncryptedChallenges,
  rotateChallenge,
} from '../../src/keyring/crypto/encrypted-challenges.ts';
import { createEncrypter } from '../../src/keyring/crypto/encrypter.ts';
import { createClock, only } from './fixtures.ts';
import { describeStore, describeStores } from './stores/stores.ts';

const minute = 60_000;

describeStores((place) => {
  async function begun() {
    const clock = createClock();
    const keys = [randomBytes(32), randomBytes(32)];
    const store = await place.open(clock.now, clock.monotonic);
    const challenges = createEncryptedChallenges(store, createEncrypter(keys), clock.now);
    const id = randomBytes(24).toString('base64url');
    const challenge = {
      apiKey: 'app',
      isOfBrowser: true,
      expiresAt: clock.now().getTime() + 10 * minute,
      begun: {
        userId: 'SIMK01',
        oneTimeToken: new Secret('0123456789ABCDEF'),
        baseUrl: 'https://broker.example/apim',
        passwordAt: clock.now(),
        sentTo: ['XXXXXXX828'],
      },
    };
    const listed = async () => (await store.listing?.keyrings(null, 100))?.items ?? [];
    const earlier = new Set(await listed());
    await challenges.keep(id, challenge);
    const keyringId = only((await listed()).filter((name) => !earlier.has(name)));
    const rotate = (ring: readonly Uint8Array[]) =>
      rotateChallenge(store, createEncrypter(ring), keyringId);
    return { clock, keys, store, challenges, id, challenge, rotate };
  }

  test('a challenge is read as it was kept, and given out once', async () => {
    const { challenges, id, challenge } = await begun();
    const read = await challenges.read(id);
    expect(read).toEqual({
      ...challenge,
      begun: { ...challenge.begun, oneTimeToken: expect.any(Secret) },
    });
    expect(read?.begun.oneTimeToken.reveal()).toBe('0123456789ABCDEF');
    expect(await challenges.read('another id')).toBeNull();
    const taken = await Promise.all([1, 2, 3].map(() => challenges.take(id)));
    expect(taken.filter((found) => found !== null)).toHaveLength(1);
    expect([await challenges.read(id), await challenges.take(id)]).toEqual([null, null]);
  });

  test('one that was put back is given out once more', async () => {
    const { challenges, id, challenge } = await begun();
    await challenges.take(id);
    await challenges.keep(id, challenge);
    expect(await challenges.take(id)).not.toBeNull();
    expect(await challenges.take(id)).toBeNull();
  });

  test('it is gone when it expires', async () => {
    const { clock, challenges, id } = await begun();
    clock.advance(10 * minute - 1);
    expect(await challenges.read(id)).not.toBeNull();
    clock.advance(1);
    expect([await challenges.read(id), await challenges.take(id)]).toEqual([null, null]);
  });

  test('it opens with any of the keys, and with no other', async () => {
    const { clock, keys, store, id } = await begun();
    const under = (ring: readonly Uint8Array[]) =>
      createEncryptedChallenges(store, createEncrypter(ring), clock.now);
    expect(await under([randomBytes(32)]).take(id)).toBeNull();
    expect(await under([randomBytes(32), ...keys]).take(id)).not.toBeNull();
  });

  test('it is encrypted anew without its id, and is then given out once without the old key', async () => {
    const { clock, keys, store, challenges, id, rotate } = await begun();
    const newer = randomBytes(32);
    expect(await rotate([newer])).toBe('left');
    expect(await rotate([newer, ...keys])).toBe('rotated');
    expect(await rotate([newer, ...keys])).toBe('current');
    expect(await challenges.read(id)).toBeNull();
    const rotated = createEncryptedChallenges(store, createEncrypter([newer]), clock.now);
    const taken = await Promise.all([rotated.take(id), rotated.take(id)]);
    expect(taken.map((found) => found?.begun.userId).toSorted()).toEqual(['SIMK01', undefined]);
    expect(await rotate([newer, ...keys])).toBe('gone');
  });

  test('it is given out also where it is encrypted anew at that moment', async () => {
    const { clock, keys, store, id, rotate } = await begun();
    const ring = [randomBytes(32), ...keys];
    let times = 0;
    const meanwhile = new Proxy(store, {
      get(_, name) {
        const value: unknown = Reflect.get(store, name);
        if (typeof value !== 'function') return value;
        return async (...words: readonly unknown[]) => {
          if (name === 'deleteKeyring') times += 1;
          if (name === 'deleteKeyring' && times === 1) await rotate(ring);
          return value.apply(store, words);
        };
      },
    });
    const challenges = createEncryptedChallenges(meanwhile, createEncrypter(ring), clock.now);
    expect((await challenges.take(id))?.begun.userId).toBe('SIMK01');
    expect(times).toBe(2);
  });

  test('it is no browser with sessions to the operator', async () => {
    const { store } = await begun();
    const ids: string[] = [];
    if (store.listing === undefined) throw new Error('the store has no list');
    for await (const { id } of everyKeyring({ store, listing: store.listing })) ids.push(id);
    expect(ids).toEqual([]);
  });
});

describe('replicas', () => {
  // Memory is not shared.
  describe.each(['sqlite', 'redis'] as const)('on %s', (kind) =>
    describeStore(kind, (place) => {
      test('give a challenge out once between them', async () => {
        const { now, monotonic } = createClock();
        const encrypter = createEncrypter([randomBytes(32)]);
        const open = async () =>
          createEncryptedChallenges(await place.open(now, monotonic), encrypter, now);
        const [one, other] = [await open(), await open()];
        const begun = {
          userId: 'SIMK01',
          oneTimeToken: new Secret('0123456789ABCDEF'),
          baseUrl: '',
          passwordAt: now(),
          sentTo: [],
        };
        const expiresAt = now().getTime() + minute;
        await one.keep('an id', { apiKey: 'app', isOfBrowser: false, expiresAt, begun });
        const taken = await Promise.all([
          other.take('an id'),
          one.take('an id'),
          other.take('an id'),
        ]);
        expect(taken.filter((found) => found !== null)).toHaveLength(1);
      });
    }),
  );
});
