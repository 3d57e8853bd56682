// The digest of a broker's user: what stands for them in ids, which clients may log or copy.
import { createHash, createHmac, hkdfSync } from 'node:crypto';

/** Makes the digest of a user of a broker: the same for the same user in every answer. */
export type UserDigest = (broker: string, userId: string) => string;

/** 16 bytes in base64url. */
const characters = 22;

/**
 * A digest of users under the first of KEYRING_KEYS: the same after a restart and in every replica, and no way back to
 * the user id. Without keys it is a plain SHA-256, so that replicas agree all the same; user ids are short, and from a
 * plain digest they can be found by trying.
 */
export function createUserDigest(keys: readonly Uint8Array[] = []): UserDigest {
  const [first] = keys;
  const key = first && new Uint8Array(hkdfSync('sha256', first, '', 'kite-graphql user ids', 32));
  return (broker, userId) => {
    const hash = key ? createHmac('sha256', key) : createHash('sha256');
    return hash.update(`${broker}\0${userId}`).digest('base64url').slice(0, characters);
  };
}
