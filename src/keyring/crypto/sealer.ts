// Sealing: authenticated encryption (JWE compact, dir, A256GCM) of JSON, bound to the place it is meant for.
import { createHash, createHmac, createSecretKey, hkdfSync, type webcrypto } from 'node:crypto';
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose';

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
  seal(binding: Binding, value: unknown): Promise<string>;
  /** Opens what was sealed for the same binding, with whichever key; never throws. */
  open(binding: Binding, sealed: string): Promise<Opened>;
  /**
   * What a thing is called in a store, one name for each key: an HMAC, so that a name gives nothing away without the
   * keys. Written under the first, found under any.
   */
  names(purpose: string, ...parts: string[]): readonly [string, ...string[]];
}

const encryption = { alg: 'dir', enc: 'A256GCM' } as const;
const decryption = {
  keyManagementAlgorithms: [encryption.alg],
  contentEncryptionAlgorithms: [encryption.enc],
};

/**
 * A sealer over keys of 32 bytes.
 * @param keys the first seals, all open: to rotate, put a new one in front and drop the old one a month later.
 * @throws TypeError where there is no key; Error where one has another length.
 */
export function createSealer(keys: readonly Uint8Array[]): Sealer {
  // Handed to jose ready made: it would import bytes again for every text.
  const ring = new Map(keys.map((key) => [kidOf(key), importKey(key)]));
  const [first] = ring;
  if (first === undefined) throw new TypeError('A sealer needs a key');
  const [kid, key] = first;
  const [nameKey, ...olderNameKeys] = keys.map(deriveNameKey);
  if (nameKey === undefined) throw new TypeError('A sealer needs a key');

  return {
    async seal(binding, value) {
      const plaintext = new TextEncoder().encode(JSON.stringify(value));
      const header = { ...encryption, kid, for: binding };
      return new CompactEncrypt(plaintext).setProtectedHeader(header).encrypt(key);
    },
    async open(binding, sealed) {
      try {
        const sealingKey = ring.get(decodeProtectedHeader(sealed).kid ?? '');
        if (sealingKey === undefined) return { ok: false, reason: 'unknown-key' };
        const opened = await compactDecrypt(sealed, sealingKey, decryption);
        const place = opened.protectedHeader.for;
        if (!isSame(binding, place)) return { ok: false, reason: 'elsewhere' };
        return { ok: true, value: JSON.parse(new TextDecoder().decode(opened.plaintext)) };
      } catch {
        // The errors of jose and JSON.parse may quote what they read: they stop here.
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

function importKey(key: Uint8Array): webcrypto.CryptoKey {
  if (key.length !== 32) throw new Error(`A key has ${key.length} bytes, not 32`);
  return createSecretKey(key).toCryptoKey('AES-GCM', false, ['encrypt', 'decrypt']);
}
