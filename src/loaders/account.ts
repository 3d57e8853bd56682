// An account: what one credential reaches, under an id that gives nothing away.
import { type Credential, digestOf, pairDigest } from '../brokers/credential.ts';

/** One Kite account of a request. */
export interface Account {
  /** Opaque; known without an upstream call. */
  readonly id: string;
  /** What signs this account's calls. */
  readonly credential: Credential;
}

/**
 * The account of a credential that came in a header. Its id is base64url of the first 16 bytes of
 * SHA-256("kite-graphql account" NUL api_key NUL access_token): the same for the same pair on every
 * gateway, another after the next login, and no way back to the token.
 */
export function accountOf(credential: Credential): Account {
  return { id: digestOf(credential), credential };
}

/** The id of the session that a credential stands for; made as an account's id is. */
export function sessionIdOf(credential: Credential): string {
  return pairDigest('session', credential);
}
