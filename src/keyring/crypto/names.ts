// The names that a keyring goes by: the cookie a browser holds, the pointer a store holds of it, the rows' keys.
import { hash, randomBytes } from 'node:crypto';
import { type BrokerName, defaultBroker } from '../../brokers/broker-name.ts';
import { Secret } from '../../brokers/upstream/secret.ts';
import type { Encrypter } from './encrypter.ts';

/** A cookie: 256 random bits as base64url, 43 characters. */
const cookiePattern = /^[A-Za-z0-9_-]{43}$/;

/** A new cookie, which is all it takes to open a keyring, and its hash. */
export function newCookie(): { readonly cookie: Secret; readonly cookieHash: string } {
  const text = randomBytes(32).toString('base64url');
  return { cookie: new Secret(text), cookieHash: hashCookie(text) };
}

/**
 * The names that the pointer of a cookie may have in a store. Null where the text cannot be one of our cookies, so
 * that no store is asked.
 */
export function cookieNames(encrypter: Encrypter, cookie: Secret): readonly string[] | null {
  const text = cookie.reveal();
  return cookiePattern.test(text) ? pointerNames(encrypter, hashCookie(text)) : null;
}

/** The names of the pointer for a cookie of this hash, which is all that earlier versions stored of it. */
export function pointerNames(
  encrypter: Encrypter,
  cookieHash: string,
): readonly [string, ...string[]] {
  return encrypter.names('pointer', cookieHash);
}

/** A new id for a keyring, a session or an account: 128 random bits as base64url, derived from nothing. */
export function newId(): string {
  return randomBytes(16).toString('base64url');
}

/**
 * The keys that the row of this user of this app may have in a keyring: two logins of one user meet in one row,
 * whichever comes first. Apps of several brokers may have the same key; earlier versions knew the default broker alone.
 */
export function rowKeys(
  encrypter: Encrypter,
  keyringId: string,
  { broker, apiKey }: { readonly broker: BrokerName; readonly apiKey: string },
  userId: string,
): readonly [string, ...string[]] {
  const app = broker === defaultBroker ? [apiKey] : [broker, apiKey];
  return encrypter.names('record', keyringId, ...app, userId);
}

/** base64url of SHA-256("kite-graphql cookie" NUL cookie). */
function hashCookie(text: string): string {
  return hash('sha256', `kite-graphql cookie\0${text}`, 'base64url');
}
