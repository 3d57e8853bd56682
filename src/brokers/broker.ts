// The seam between the gateway and the brokers: all that the code above this folder knows of one.
import type {
  BrokerSession,
  KotakMargins,
  Margins,
  Profile,
  Segment,
  SegmentMargins,
} from './answers.ts';
import type { BrokerName } from './broker-name.ts';
import type { Budget } from './budget.ts';
import type { Credential } from './credential.ts';
import type { BrokerError } from './error.ts';
import type { Operation } from './upstream/operation.ts';
import type { Secret } from './upstream/secret.ts';
import type { UpstreamRequest } from './upstream/transport.ts';

/** What redeems a one-time or long-lived token: the app's secret, or a checksum that the caller made with it. */
export type Proof = { readonly apiSecret: Secret } | { readonly checksum: Secret };

/** The first step of a login has been made: what the second one needs. Not for the eyes of a caller. */
export interface BegunLogin {
  readonly userId: string;
  /** Good for the second step, once. */
  readonly oneTimeToken: Secret;
  /** Where the broker serves the user. */
  readonly baseUrl: string;
  /** When the password was accepted. */
  readonly passwordAt: Date;
  /** Where the broker has sent an access code, as it masks them. */
  readonly sentTo: readonly string[];
}

/** A login in two steps, for a broker without a login page. Both throw BrokerError; neither is ever retried. */
export interface PasswordLogin {
  /** The first step: a user id and a password. */
  begin(
    apiKey: string,
    userId: string,
    password: Secret,
    operation: Operation,
  ): Promise<BegunLogin>;
  /** The second step: the access code, or null for a user who needs none. */
  complete(
    apiKey: string,
    begun: BegunLogin,
    accessCode: Secret | null,
    operation: Operation,
  ): Promise<BrokerSession>;
}

/** The calls. Every one throws BrokerError; the operation's signal ends the waiting and the call. */
export interface BrokerClient {
  /** Who the user is. */
  profile(credential: Credential, operation: Operation): Promise<Profile>;
  /** Both segments, in one call. */
  margins(credential: Credential, operation: Operation): Promise<Margins>;
  /** One segment; null where the user does not have it. */
  segmentMargins(
    credential: Credential,
    segment: Segment,
    operation: Operation,
  ): Promise<SegmentMargins | null>;
  /** The margins of Kotak, in its own structure. */
  kotakMargins(credential: Credential, operation: Operation): Promise<KotakMargins>;
  /** Redeems a request token, which works once. Never retried. */
  exchangeToken(
    apiKey: string,
    requestToken: Secret,
    proof: Proof,
    operation: Operation,
  ): Promise<BrokerSession>;
  /** A new access token for a refresh token. Never retried. */
  renewSession(
    apiKey: string,
    refreshToken: Secret,
    proof: Proof,
    operation: Operation,
  ): Promise<BrokerSession>;
  /** The broker forgets the access token. Never retried. */
  invalidateAccessToken(credential: Credential, operation: Operation): Promise<void>;
  /** The broker forgets the refresh token. Never retried. */
  invalidateRefreshToken(apiKey: string, refreshToken: Secret, operation: Operation): Promise<void>;
}

/** A call that gave no usable answer; nothing in it is secret. */
export interface FailedCall {
  readonly request: Pick<UpstreamRequest, 'method' | 'path' | 'apiKey' | 'credential'>;
  readonly operation: Operation;
  readonly error: BrokerError;
}

/** What a broker's redirect to this gateway says. */
export interface BrokerRedirect {
  /** The nonce that came back; empty where none did. */
  readonly nonce: string;
  /** What can be redeemed; null where the user cancelled the login. */
  readonly requestToken: Secret | null;
}

/** How a broker's credentials stand in the Authorization header, one element of its comma-separated list each. */
export interface CredentialScheme {
  /** The form, for people. */
  readonly form: string;
  /** Whether an element is written in this scheme, readable or not. */
  applies(element: string): boolean;
  /** Reads an element; null where it cannot be read. */
  read(element: string): Credential | null;
}

/** A broker. */
export interface Broker extends BrokerClient {
  readonly name: BrokerName;
  /** What people call it. */
  readonly title: string;
  readonly credentialScheme: CredentialScheme;
  /** Whether its `profile` is a call; else that answers what a credential says, and proves nothing of it. */
  readonly readsProfile: boolean;
  /** The budget of an app; with null, what waits of all apps. Never rejects. */
  budgetOf(apiKey: string | null): Promise<Budget>;
  /** Whether `margins` are read from it, under the names that all brokers share. */
  readonly readsMargins: boolean;
  /** The login by password; null for a broker with a login page. */
  readonly passwordLogin: PasswordLogin | null;
  /** When what began or was read at a time is expected to be over: the session, and every answer read through it. */
  expiryOf(time: Date): Date;
  /** The same, where it is known well enough to be told to people; else null. */
  toldExpiryOf(time: Date): Date | null;
  /** The broker's own login page for an app, null where it has none; the parameters come back with its redirect. */
  loginPage(
    apiKey: string,
    redirectParams: readonly { readonly name: string; readonly value: string }[],
  ): string | null;
  /** Reads the query of the redirect that ends a login. */
  readRedirect(query: URLSearchParams): BrokerRedirect;
}
