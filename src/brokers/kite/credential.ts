// What Kite asks of a caller: an app's key and a user's access token (docs: "Signing requests").
import { hash } from 'node:crypto';
import type { Secret } from '../upstream/secret.ts';

/** The pair that signs a call to Kite. */
export interface Credential {
  /** The app's public key. */
  readonly apiKey: string;
  /** The user's access token for that app; it dies every morning. */
  readonly accessToken: Secret;
}

/** Kite's Authorization header for a credential: `token api_key:access_token`. */
export function authorizationHeader(credential: Credential): string {
  return `token ${credential.apiKey}:${credential.accessToken.reveal()}`;
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
