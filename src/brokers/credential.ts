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

const digests = new WeakMap<Credential, string>();

/** A credential as a key: the same for the same pair alone, and no way back to the token. */
export function digestOf(credential: Credential): string {
  const known = digests.get(credential);
  if (known !== undefined) return known;
  const { apiKey, accessToken } = credential;
  const digest = hash('sha256', `${apiKey}\0${accessToken.reveal()}`, 'base64');
  digests.set(credential, digest);
  return digest;
}
