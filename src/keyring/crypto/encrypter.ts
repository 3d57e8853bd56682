// Authenticated encryption (JWE compact, dir, A256GCM) of JSON, bound to its place in the store.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

/** The purpose and place of an encrypted text, most general first, such as `['login', nonce]`. Not secret. */
export type Binding = readonly [purpose: string, ...place: string[]];

/**
 * Why a text could not be decrypted.
 * - `unknown-key`: it was encrypted with a key that the gateway does not have.
 * - `tampered`: it was changed, or is not an encrypted text.
 * - `elsewhere`: it is genuine and bound to another place.
 */
export type DecryptFailure = 'unknown-key' | 'tampered' | 'elsewhere';

/** The result of a decryption. */
export type Decrypted =
  | {
      readonly ok: true;
      /** The decrypted JSON, not validated yet. */
      readonly value: unknown;
    }
  | {
      readonly ok: false;
      readonly reason: DecryptFailure;
    };

/** Encrypts and decrypts values, and derives names. */
export interface Encrypter {
  /** Encrypts a JSON value with the first key; the text consists of `[A-Za-z0-9._-]`. */
  encrypt(binding: Binding, value: unknown): string;
  /** Decrypts a text with the same binding, with any of the keys; never throws. */
  decrypt(binding: Binding, encrypted: string): Decrypted;
  /** Whether a text was encrypted with the first key, as far as its header says. */
  isCurrent(encrypted: string): boolean;
  /** A text with the same binding, encrypted with the first key; null where it does not decrypt. */
  rotated(binding: Binding, encrypted: string): string | null;
  /**
   * The names of an object in a store, one for each key: an HMAC, so that a name reveals nothing without the
   * keys. Write under the first, find under any.
   */
  names(purpose: string, ...parts: string[]): readonly [string, ...string[]];
}

/** As RFC 7518 has A256GCM: the nonce and the tag in bytes. The header is authenticated too. */
const cipherName = 'aes-256-gcm';
const nonceLength = 12;
const authTagLength = 16;

/**
 * An encrypter over keys of 32 bytes.
 * @param keys the first encrypts, all decrypt. To rotate, put a new key first and remove the old one a month later.
 * @throws TypeError without a key; Error for a key of another length.
 */
export function createEncrypter(keys: readonly Uint8Array[]): Encrypter {
  const ring = new Map<unknown, KeyObject>(keys.map((key) => [kidOf(key), importKey(key)]));
  const [first] = ring;
  if (first === undefined) throw new TypeError('An encrypter needs a key');
  const [kid, firstKey] = first;
  const [nameKey, ...olderNameKeys] = keys.map(deriveNameKey);
  if (nameKey === undefined) throw new TypeError('An encrypter needs a key');

  const encrypter: Encrypter = {
    encrypt(binding, value) {
      const fields = { alg: 'dir', enc: 'A256GCM', kid, for: binding };
      const header = Buffer.from(JSON.stringify(fields)).toString('base64url');
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv(cipherName, firstKey, nonce, { authTagLength });
      cipher.setAAD(Buffer.from(header));
      const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
      const parts = [nonce, text, cipher.getAuthTag()].map((part) => part.toString('base64url'));
      // The second part, an encrypted key, is empty: the key is used directly.
      return [header, '', ...parts].join('.');
    },
    decrypt(binding, encrypted) {
      try {
        const [header = '', wrappedKey, ...parts] = encrypted.split('.');
        const { kid: name, for: place } = JSON.parse(Buffer.from(header, 'base64url').toString());
        const key = ring.get(name);
        if (key === undefined) return { ok: false, reason: 'unknown-key' };
        const [nonce, text, tag, ...rest] = parts.map((part) => Buffer.from(part, 'base64url'));
        const isWhole = wrappedKey === '' && nonce && text && tag && rest.length === 0;
        if (!isWhole || nonce.length !== nonceLength) return { ok: false, reason: 'tampered' };
        const decipher = createDecipheriv(cipherName, key, nonce, { authTagLength });
        decipher.setAAD(Buffer.from(header));
        decipher.setAuthTag(tag);
        const json = Buffer.concat([decipher.update(text), decipher.final()]).toString();
        if (!isSame(binding, place)) return { ok: false, reason: 'elsewhere' };
        return { ok: true, value: JSON.parse(json) };
      } catch {
        // The errors of node:crypto and JSON.parse may quote what they read: they stop here.
        return { ok: false, reason: 'tampered' };
      }
    },
    rotated(binding, encrypted) {
      const opened = encrypter.decrypt(binding, encrypted);
      return opened.ok ? encrypter.encrypt(binding, opened.value) : null;
    },
    isCurrent(encrypted) {
      try {
        const [header = ''] = encrypted.split('.');
        return JSON.parse(Buffer.from(header, 'base64url').toString()).kid === kid;
      } catch {
        return false;
      }
    },
    names(...parts) {
      const text = parts.join('\0');
      const name = (key: Uint8Array) => createHmac('sha256', key).update(text).digest('base64url');
      return [name(nameKey), ...olderNameKeys.map(name)];
    },
  };
  return encrypter;
}

function isSame(binding: Binding, place: unknown): boolean {
  if (!Array.isArray(place) || place.length !== binding.length) return false;
  return binding.every((part, index) => part === place[index]);
}

/** A short name of a key, from which the key cannot be guessed: it has 256 random bits. */
function kidOf(key: Uint8Array): string {
  const hash = createHash('sha256').update('kite-graphql key\0').update(key).digest();
  return hash.toString('base64url', 0, 6);
}

/** A key for names alone, so that no key serves two purposes. */
function deriveNameKey(key: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', 'kite-graphql names', 32));
}

function importKey(key: Uint8Array): KeyObject {
  if (key.length !== 32) throw new Error(`A key has ${key.length} bytes, not 32`);
  return createSecretKey(key);
}
