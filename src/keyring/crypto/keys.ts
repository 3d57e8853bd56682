// The keys of the encryption: 32 random bytes each, from KEYRING_KEYS or generated for one process.
import { randomBytes } from 'node:crypto';

const keyLength = 32;
/** 32 random bytes have 30 different values on average, and fewer than 16 less than once in 10^13 keys. */
const minDistinctBytes = 16;
const base64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/**
 * Reads KEYRING_KEYS: keys of 32 bytes in base64 or base64url, separated by commas. The first one encrypts, all decrypt.
 * @throws Error that names a faulty key by its position and length, never by its value.
 */
export function parseKeyringKeys(text: string): Uint8Array[] {
  const words = text.split(',').map((word) => word.trim());
  return words.map((word, index) => {
    const which = `Key ${index + 1} of ${words.length}`;
    if (!base64.test(word)) {
      throw new Error(`${which} is not base64 (it has ${word.length} characters)`);
    }
    // Node reads both alphabets under either name.
    const key = Buffer.from(word, 'base64');
    if (key.length !== keyLength) {
      throw new Error(`${which} has ${key.length} bytes, not ${keyLength}`);
    }
    if (new Set(key).size < minDistinctBytes) {
      throw new Error(
        `${which} is too regular to be random; make one with: openssl rand -base64 32`,
      );
    }
    return new Uint8Array(key);
  });
}

/** A new random key, for a store that forgets everything with the process. */
export function generateKey(): Uint8Array {
  return new Uint8Array(randomBytes(keyLength));
}
