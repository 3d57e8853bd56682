// The secrets of backends that may ask for the credentials of a browser.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** The fewest characters of a secret: 32 of base64 have 192 random bits. */
const minCharacters = 32;
const maxCharacters = 512;
/** Of 32 random hexadecimal digits, fewer than 8 are different less than once in 10^8 secrets. */
const minDistinctCharacters = 8;
/** As RFC 6750 writes a bearer token. */
const form = /^[A-Za-z0-9._~+/-]+=*$/;

/** The name of the backend that sent a secret; null where the secret is wrong. */
export type RelaySecrets = (secret: string) => string | null;

/** What is wrong with a secret, as words that follow its name; null where it may be used. Never quotes it. */
export function relaySecretFault(secret: string): string | null {
  const advice = 'make one with: openssl rand -base64 32';
  if (secret.length < minCharacters) return `has fewer than ${minCharacters} characters; ${advice}`;
  if (secret.length > maxCharacters) return `has more than ${maxCharacters} characters; ${advice}`;
  if (!form.test(secret)) {
    return `has characters other than letters, digits and ._~+/-, with = at its end; ${advice}`;
  }
  if (new Set(secret).size < minDistinctCharacters) {
    return `is too regular to be random; ${advice}`;
  }
  return null;
}

/**
 * Knows the secrets. What is sent is compared with each of them, by digests of equal length and in constant time.
 * @throws TypeError for a secret that is too short, too regular or of another form.
 */
export function createRelaySecrets(secrets: readonly string[]): RelaySecrets {
  for (const [index, secret] of secrets.entries()) {
    const fault = relaySecretFault(secret);
    if (fault !== null) throw new TypeError(`relaySecrets[${index}] ${fault}`);
  }
  // Random, so that a digest that leaks by its timing is of no use.
  const key = randomBytes(32);
  const digestOf = (secret: string) => createHmac('sha256', key).update(secret).digest();
  const known = secrets.map((secret) => ({ digest: digestOf(secret), name: nameOf(secret) }));
  return (sent) => {
    const digest = digestOf(sent);
    let found: string | null = null;
    for (const { digest: other, name } of known) if (timingSafeEqual(digest, other)) found = name;
    return found;
  };
}

/** A short name for a secret, from which the secret cannot be guessed: it is long and random. */
function nameOf(secret: string): string {
  const hash = createHash('sha256').update(`kite-graphql relay secret\0${secret}`).digest();
  return hash.toString('base64url', 0, 6);
}
