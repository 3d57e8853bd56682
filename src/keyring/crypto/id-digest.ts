// The digest that stands in ids for what they must not show, such as a user id: clients may log or copy ids.
import { createHash, createHmac, hkdfSync } from 'node:crypto';

/** Makes the digest of words that hold no zero character: the same for the same words in every answer. */
export type IdDigest = (...words: readonly string[]) => string;

/** 16 bytes in base64url. */
const characters = 22;

/**
 * A digest under the first of KEYRING_KEYS: the same after a restart and in every replica, and no way back to the words.
 * Without keys it is a plain SHA-256, so that replicas agree all the same; user ids and addresses are short, and from a
 * plain digest they can be found by trying.
 */
export function createIdDigest(keys: readonly Uint8Array[] = []): IdDigest {
  const [first] = keys;
  const key = first && new Uint8Array(hkdfSync('sha256', first, '', 'kite-graphql ids', 32));
  return (...words) => {
    const hash = key ? createHmac('sha256', key) : createHash('sha256');
    return hash.update(words.join('\0')).digest('base64url').slice(0, characters);
  };
}
