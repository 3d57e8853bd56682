// Logins that wait for their second step, in the store of keyrings: each is a keyring of its own, with one row, which no
// cookie leads to. So every store can keep one, and has it given out once, whichever replica asks. Its name depends on no
// key, so that its text can be encrypted with another one while its id, which only the caller has, is unknown.
import { hash } from 'node:crypto';
import { z } from 'zod';
import type { BegunLogin } from '../../brokers/broker.ts';
import { Secret } from '../../brokers/upstream/secret.ts';
import type { KeyringStore, StoredKeyring, StoredRecord } from '../stores/store.ts';
import type { Binding, Encrypter } from './encrypter.ts';

/** A login whose password the broker has accepted. */
export interface LoginChallenge {
  /** The app that the user logs in through. */
  readonly apiKey: string;
  /** What the broker wants to have back. */
  readonly begun: BegunLogin;
  /** Whether it belongs to a browser, whose keyring takes the session; else the caller takes it. */
  readonly isOfBrowser: boolean;
  /** In milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Keeps challenges. Every method throws KeyringStoreError where the store is down. */
export interface EncryptedChallenges {
  /** Keeps a challenge under a random id until it expires. */
  keep(id: string, challenge: LoginChallenge): Promise<void>;
  /** Reads a challenge; null where it is unknown, has expired or was taken. */
  read(id: string): Promise<LoginChallenge | null>;
  /** The same, once: of all who ask at the same time, one gets it. */
  take(id: string): Promise<LoginChallenge | null>;
}

const prefix = 'login-challenge.';
const rowKey = 'challenge';

/** Whether a keyring of the store is a challenge and holds no session. */
export function isChallenge(keyringId: string): boolean {
  return keyringId.startsWith(prefix);
}

const shape = z.object({
  apiKey: z.string(),
  isOfBrowser: z.boolean(),
  expiresAt: z.number(),
  begun: z.object({
    userId: z.string(),
    oneTimeToken: z
      .string()
      .min(1)
      .transform((text) => new Secret(text)),
    baseUrl: z.string(),
    passwordAt: z.iso.datetime().transform((text) => new Date(text)),
    sentTo: z.array(z.string()),
  }),
});

/** Challenges over a store, in texts that only the keys of the encrypter open. */
export function createEncryptedChallenges(
  store: KeyringStore,
  encrypter: Encrypter,
  now: () => Date,
): EncryptedChallenges {
  async function find(id: string) {
    const keyringId = keyringIdOf(id);
    const keyring = await store.openKeyring(keyringId);
    const row = rowOf(keyring);
    if (keyring === null || row === undefined) return null;
    const opened = encrypter.decrypt(bindingOf(keyringId), row.encrypted);
    const challenge = opened.ok ? shape.safeParse(opened.value).data : undefined;
    if (challenge === undefined || challenge.expiresAt <= now().getTime()) return null;
    return { challenge, keyringId, revision: keyring.revision };
  }

  return {
    async keep(id, challenge) {
      const { begun, expiresAt } = challenge;
      const keyringId = keyringIdOf(id);
      const plain = {
        ...challenge,
        begun: { ...begun, oneTimeToken: begun.oneTimeToken.reveal() },
      };
      const encrypted = encrypter.encrypt(bindingOf(keyringId), plain);
      await store.createKeyring({ id: keyringId, createdAt: now().getTime(), expiresAt });
      const row = { key: rowKey, encrypted, expiresAt: null, expectedVersion: null };
      await store.writeRecords(keyringId, [row], 1);
    },

    async read(id) {
      return (await find(id))?.challenge ?? null;
    },

    async take(id) {
      for (;;) {
        const found = await find(id);
        if (found === null) return null;
        if (await store.deleteKeyring(found.keyringId, found.revision)) return found.challenge;
        // It was taken, or encrypted anew: then it is still there.
      }
    },
  };
}

/**
 * Encrypts a challenge anew with the first key.
 * @param keyringId of which {@link isChallenge} is true.
 * @returns `current` where it was encrypted with that key already, `gone` where it has ended, `left` where no key opens it.
 */
export async function rotateChallenge(
  store: KeyringStore,
  encrypter: Encrypter,
  keyringId: string,
): Promise<'rotated' | 'current' | 'gone' | 'left'> {
  const row = rowOf(await store.openKeyring(keyringId));
  if (row === undefined) return 'gone';
  if (encrypter.isCurrent(row.encrypted)) return 'current';
  const encrypted = encrypter.rotated(bindingOf(keyringId), row.encrypted);
  if (encrypted === null) return 'left';
  const write = { key: rowKey, encrypted, expiresAt: null, expectedVersion: row.version };
  const [outcome] = await store.writeRecords(keyringId, [write], 1);
  // A text that changes otherwise than here was taken, and put back under the first key at most.
  return outcome === 'written' ? 'rotated' : 'gone';
}

/** The name of a challenge in the store. Its id is random and too long to be guessed from it. */
function keyringIdOf(id: string): string {
  return prefix + hash('sha256', `kite-graphql challenge\0${id}`, 'base64url');
}

function rowOf(keyring: StoredKeyring | null): StoredRecord | undefined {
  return keyring?.records.find(({ key }) => key === rowKey);
}

function bindingOf(keyringId: string): Binding {
  return ['login-challenge', keyringId];
}
