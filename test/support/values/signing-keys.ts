// Private JWKs for tests of session tokens.
import { generateKeyPairSync } from 'node:crypto';

/** A new private JWK. */
export function signingKey(algorithm: 'EdDSA' | 'ES256', kid?: string): Record<string, string> {
  const { privateKey } =
    algorithm === 'EdDSA'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = privateKey.export({ format: 'jwk' }) as Record<string, string>;
  return kid === undefined ? jwk : { ...jwk, kid };
}
