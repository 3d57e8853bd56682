// Sealing: authenticated encryption (JWE compact, dir, A256GCM) of JSON, bound to the place it is meant for.
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

/** What a sealed text is for and where it belongs, most general first, such as `['login', nonce]`. Not secret. */
export type Binding = readonly [purpose: string, ...place: string[]];

/**
 * Why a sealed text did not open.
 * - `unknown-key`: no key of ours sealed it, or no longer.
 * - `tampered`: it was changed, or never was such a text.
 * - `elsewhere`: it is genuine and belongs to another place.
 */
export type SealFailure = 'unknown-key' | 'tampered' | 'elsewhere';

/** What opening gave. */
export type Opened =
  | {
      /** It opened. */
      readonly ok: true;
      /** The JSON that was sealed; still to be parsed. */
      readonly value: unknown;
    }
  | {
      /** It did not. */
      readonly ok: false;
      /** Why not. */
      readonly reason: SealFailure;
    };

/** Seals and opens. */
export interface Sealer {
  /** Seals a value that JSON can hold, with the first key; the text is made of `[A-Za-z0-9._-]`. */
  seal(binding: Binding, value: unknown): string;
  /** Opens what was sealed for the same binding, with whichever key; never throws. */
  open(binding: Binding, sealed: string): Opened;
  /**
   * What a thing is called in a store, one name for each key: an HMAC, so that a name gives nothing away without the
   * keys. Written under the first, found under any.
   */
  names(purpose: string, ...parts: string[]): readonly [string, ...string[]];
}

/** As RFC 7518 has A256GCM: the nonce and the tag in bytes. The header is authenticated too. */
const cipherName = 'aes-256-gcm';
const nonceLength = 12;
const authTagLength = 16;

/**
 * A sealer over keys of 32 bytes.
 * @param keys the first seals, all open: to rotate, put a new one in front and drop the old one a month later.
 * @throws TypeError where there is no key; Error where one has another length.
 */
export function createSealer(keys: readonly Uint8Array[]): Sealer {
  const ring = new Map<unknown, KeyObject>(keys.map((key) => [kidOf(key), importKey(key)]));
  const [first] = ring;
  if (first === undefined) throw new TypeError('A sealer needs a key');
  const [kid, firstKey] = first;
  const [nameKey, ...olderNameKeys] = keys.map(deriveNameKey);
  if (nameKey === undefined) throw new TypeError('A sealer needs a key');

  return {
    seal(binding, value) {
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
    open(binding, sealed) {
      try {
        const [header = '', wrappedKey, ...parts] = sealed.split('.');
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
    names(...parts) {
      const text = parts.join('\0');
      const name = (key: Uint8Array) => createHmac('sha256', key).update(text).digest('base64url');
      return [name(nameKey), ...olderNameKeys.map(name)];
    },
  };
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
