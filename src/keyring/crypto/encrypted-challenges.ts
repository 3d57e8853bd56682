// Logins that wait for their second step, in the store of keyrings: each is a keyring of its own, with one row, which no
// cookie leads to. So every store can keep one, and has it given out once, whichever replica asks.
import { z } from 'zod';
import type { BegunLogin } from '../../brokers/broker.ts';
import { Secret } from '../../brokers/upstream/secret.ts';
import type { KeyringStore } from '../stores/store.ts';
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

/** Challenges over a store, under names and texts that only the keys of the encrypter make and open. */
export function createEncryptedChallenges(
  store: KeyringStore,
  encrypter: Encrypter,
  now: () => Date,
): EncryptedChallenges {
  const keyringIds = (id: string): readonly [string, ...string[]] => {
    const [first, ...older] = encrypter.names('login-challenge', id);
    return [prefix + first, ...older.map((name) => prefix + name)];
  };

  async function find(id: string) {
    for (const keyringId of keyringIds(id)) {
      const keyring = await store.openKeyring(keyringId);
      const row = keyring?.records.find(({ key }) => key === rowKey);
      if (keyring === null || row === undefined) continue;
      const opened = encrypter.decrypt(bindingOf(keyringId), row.encrypted);
      const challenge = opened.ok ? shape.safeParse(opened.value).data : undefined;
      if (challenge === undefined || challenge.expiresAt <= now().getTime()) return null;
      return { challenge, keyringId, revision: keyring.revision };
    }
    return null;
  }

  return {
    async keep(id, challenge) {
      const { begun, expiresAt } = challenge;
      const [keyringId] = keyringIds(id);
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
      const found = await find(id);
      if (found === null) return null;
      const isFirst = await store.deleteKeyring(found.keyringId, found.revision);
      return isFirst ? found.challenge : null;
    },
  };
}

function bindingOf(keyringId: string): Binding {
  return ['login-challenge', keyringId];
}
