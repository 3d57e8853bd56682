// Digests that stand in ids and as keys, in place of what they must not show.
import { hash } from 'node:crypto';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** What ends the base64url of 16 bytes where that of more bytes has a character: its last four bits are 0. */
const endOf = new Map([...alphabet].map((character, value) => [character, alphabet[value & 0x30]]));

/** Base64url of the first 16 bytes of the SHA-256 of a text: 22 characters. */
export function digestOfText(text: string): string {
  // Without a Buffer, which takes several times what the digest does.
  const whole = hash('sha256', text, 'base64url');
  return whole.slice(0, 21) + endOf.get(whole.charAt(21));
}
