// The proof, made from an app's secret, that goes with a one-time token.
import { createHash } from 'node:crypto';
import { Secret } from '../upstream/secret.ts';

/**
 * Lower-case hex SHA-256 of `api_key + token + api_secret` (docs: "Authentication and token exchange").
 * The token is the request token of an exchange, or the refresh token of a renewal.
 */
export function checksum(apiKey: string, token: Secret, apiSecret: Secret): Secret {
  const hash = createHash('sha256').update(apiKey + token.reveal() + apiSecret.reveal());
  return new Secret(hash.digest('hex'));
}
