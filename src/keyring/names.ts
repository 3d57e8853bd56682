// The names that a keyring goes by: the cookie a browser holds, the pointer a store holds of it, the rows' keys.
import { createHash, randomBytes } from 'node:crypto';
import { Secret } from '../kite/secret.ts';

/** A cookie: 256 random bits as base64url, 43 characters. */
const cookiePattern = /^[A-Za-z0-9_-]{43}$/;

/** A new cookie, which is all it takes to open a keyring, and the pointer that a store keeps of it. */
export function newCookie(): { readonly cookie: Secret; readonly pointer: string } {
  const text = randomBytes(32).toString('base64url');
  return { cookie: new Secret(text), pointer: pointerOfText(text) };
}

/**
 * What a store knows of a cookie: base64url of SHA-256("kite-graphql cookie" NUL cookie). Null where the text
 * cannot be one of our cookies, so that no store is asked.
 */
export function pointerOf(cookie: Secret): string | null {
  const text = cookie.reveal();
  return cookiePattern.test(text) ? pointerOfText(text) : null;
}

/** A new id for a keyring, a session or an account: 128 random bits as base64url, derived from nothing. */
export function newId(): string {
  return randomBytes(16).toString('base64url');
}

/**
 * The key of a session's row: base64url of SHA-256("kite-graphql record" NUL keyring NUL api_key NUL user_id), so
 * that two logins of one user meet in one row, whichever comes first.
 */
export function rowKeyOf(keyringId: string, apiKey: string, userId: string): string {
  return digest(['kite-graphql record', keyringId, apiKey, userId]);
}

function pointerOfText(text: string): string {
  return digest(['kite-graphql cookie', text]);
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('base64url');
}
