// What a broker asks of a caller: an app's key and a user's access token; some also ask whose it is.
import { hash } from 'node:crypto';
import { type BrokerName, defaultBroker } from './broker-name.ts';
import type { Secret } from './upstream/secret.ts';

/** What signs a call. */
export interface Credential {
  /** The broker; absent for the default one. */
  readonly broker?: BrokerName;
  /** The app's public key. */
  readonly apiKey: string;
  /** The user's access token for that app; it expires. */
  readonly accessToken: Secret;
  /** The broker's id of the user, for a broker that asks for it. */
  readonly userId?: string;
  /** Where the broker serves the user, as its login said, for a broker with several hosts; part of no digest. */
  readonly baseUrl?: string;
  /** The account that it opens, where that is a session's of a keyring: the log names it. Part of no digest. */
  readonly accountId?: string;
}

/** Whose tokens are kept: what a credential is made of, beside the token. */
export interface TokenOwner {
  readonly broker: BrokerName;
  readonly apiKey: string;
  /** The broker's id of the user; null where the broker does not say. */
  readonly userId: string | null;
  /** Where the broker serves the user; null where it serves all users at one address. */
  readonly baseUrl: string | null;
  /** The account, where the tokens are a session's of a keyring. */
  readonly accountId?: string;
}

/** What is known of the sessions of each broker. */
export interface CredentialFacts {
  readonly KITE: {
    readonly userId: string | null;
    readonly baseUrl: null;
    readonly expiresAt: Date;
  };
  /** Its login names the user and the host, and not the end. */
  readonly KOTAK: {
    readonly userId: string;
    readonly baseUrl: string;
    readonly expiresAt: null;
  };
}

/** The credential of a kept token, the same as that of a header with the same token. */
export function credentialOf(owner: TokenOwner, accessToken: Secret): Credential {
  const { broker, apiKey, userId, baseUrl, accountId } = owner;
  const account = accountId === undefined ? {} : { accountId };
  // The default broker asks for no user, and its credentials name none: their digests would differ.
  if (broker === defaultBroker) return { apiKey, accessToken, ...account };
  return {
    broker,
    apiKey,
    accessToken,
    ...account,
    ...(userId !== null && { userId }),
    ...(baseUrl !== null && { baseUrl }),
  };
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

/** The id of the account that a credential opens, as answers have it. */
export function accountIdOf(credential: Credential): string {
  return credential.accountId ?? digestOf(credential);
}

/** The id of the session that a credential stands for; made as an account's id is. */
export function sessionIdOf(credential: Credential): string {
  return pairDigest('session', credential);
}

/** A digest of the credential for another use, in the same form; with a user id, that stands before the token. */
export function pairDigest(noun: string, { apiKey, accessToken, userId }: Credential): string {
  const owner = userId === undefined ? '' : `${userId}\0`;
  return digestOfText(`kite-graphql ${noun}\0${apiKey}\0${owner}${accessToken.reveal()}`);
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** What ends the base64url of 16 bytes where that of more bytes has a character: its last four bits are 0. */
const endOf = new Map([...alphabet].map((character, value) => [character, alphabet[value & 0x30]]));

/** Base64url of the first 16 bytes of the SHA-256 of a text: 22 characters. */
export function digestOfText(text: string): string {
  // Without a Buffer, which takes several times what the digest does.
  const whole = hash('sha256', text, 'base64url');
  return whole.slice(0, 21) + endOf.get(whole.charAt(21));
}
