// What a broker asks of a caller: an app's key and a user's access token.
import { hash } from 'node:crypto';
import type { Secret } from './upstream/secret.ts';

/** The pair that signs a call. */
export interface Credential {
  /** The app's public key. */
  readonly apiKey: string;
  /** The user's access token for that app; it expires. */
  readonly accessToken: Secret;
}

/** Kept with the credential itself: a WeakMap of thousands a second is what the garbage collector is slow at. */
const digest = Symbol('digest');

/**
 * A credential as a key: the same for the same pair alone, and no way back to the token. Base64url of the first 16 bytes
 * of SHA-256("kite-graphql account" NUL api_key NUL access_token), which is also the id of an account of a header.
 */
export function digestOf(credential: Credential & { [digest]?: string }): string {
  credential[digest] ??= pairDigest('account', credential);
  return credential[digest];
}

/** A digest of the pair for another use, in the same form. */
export function pairDigest(noun: string, { apiKey, accessToken }: Credential): string {
  const words = `kite-graphql ${noun}\0${apiKey}\0${accessToken.reveal()}`;
  return hash('sha256', words, 'buffer').toString('base64url', 0, 16);
}
