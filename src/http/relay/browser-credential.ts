// What code on the server side gets of a browser's account, and why it may get none: types that the package publishes.
import type { BrokerName } from '../../brokers/broker-name.ts';
import type { CredentialFacts } from '../../brokers/credential.ts';
import type { Secret } from '../../brokers/upstream/secret.ts';

/** What signs calls to a broker for one account; its `broker` tells what is known of it. */
export type BrowserCredential = {
  readonly [Name in BrokerName]: CredentialOf<Name>;
}[BrokerName];

/** What signs calls to one broker. */
export interface CredentialOf<Name extends BrokerName> {
  /** As `Account.id`. */
  readonly accountId: string;
  /** The broker that the user logged in to. */
  readonly broker: Name;
  /** The key of the app that the user logged in through. */
  readonly apiKey: string;
  /** The broker's id of the user; null where the broker did not say. */
  readonly userId: CredentialFacts[Name]['userId'];
  /** Where the broker serves the user: the URL before the paths of its calls. Null where it serves all users at one. */
  readonly baseUrl: CredentialFacts[Name]['baseUrl'];
  /** The name of the user; null where the broker did not say. */
  readonly userName: string | null;
  /** The access token; logs, JSON and templates show `[redacted]`, and `reveal()` gives the token. */
  readonly accessToken: Secret;
  /** When the token is expected to expire: an estimate, as `Session.expiresAt`; null where the broker does not say. */
  readonly expiresAt: CredentialFacts[Name]['expiresAt'];
}

/**
 * Why a request gets no credentials.
 * - `cross-site`: a page of an origin that is not trusted sent it.
 * - `ambiguous-cookie`: it has the cookie more than once, with different values.
 */
export type CredentialsRefusal = 'cross-site' | 'ambiguous-cookie';

/** A request that gets no credentials, whatever is in its keyring. Holds nothing of the request. */
export class CredentialsRefusedError extends Error {
  override readonly name = 'CredentialsRefusedError';
  /** Why. */
  readonly code: CredentialsRefusal;

  /** @param code why. */
  constructor(code: CredentialsRefusal) {
    super(messages[code]);
    this.code = code;
  }
}

const messages = {
  'cross-site':
    'The request comes from a page of another origin than the public URL and ALLOWED_ORIGINS: it gets no credentials.',
  'ambiguous-cookie': 'The request has the cookie of the keyring more than once: send it once.',
} as const satisfies Record<CredentialsRefusal, string>;
