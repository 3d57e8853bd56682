// What Kite asks of a caller: an app's key and a user's access token (docs: "Signing requests").
import type { Secret } from './secret.ts';

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
