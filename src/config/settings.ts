// What the settings come to: how the gateway, its logs and its simulator run.
import type { Limits } from '../limits.ts';
import type { AppOptions, WebhookOptions } from '../options.ts';
import type { TrustedDocumentManifest } from '../shared/trusted-documents.ts';
import type { RedisConfig } from './redis-settings.ts';
import type { SessionTokensFile } from './session-tokens.ts';

/** How the simulator runs. */
export interface SimulatorConfig {
  readonly host: string;
  readonly port: number;
  readonly accounts: number;
  readonly latencyMilliseconds: number;
  readonly rateLimit: number;
  /** Undefined: the caller's own callback. */
  readonly redirectUrl: string | undefined;
}

/** Where and how keyrings are kept. */
export interface KeyringConfig {
  /** `memory:`, `sqlite:<file>` or `redis://...`; may hold a password. */
  readonly store: string;
  /** How Redis is reached, where that is the store. */
  readonly redis: RedisConfig;
  /** Keys of 32 bytes: the first encrypts, all decrypt; undefined: a random one for this process. */
  readonly keys: readonly Uint8Array[] | undefined;
}

/** How logs are written. */
export interface LogConfig {
  readonly level: string;
  readonly format: 'pretty' | 'json';
}

/** How the gateway runs. */
export interface Config {
  readonly production: boolean;
  /** Undefined: both loopback addresses. */
  readonly host: string | undefined;
  readonly port: number;
  readonly publicUrl: string;
  /** Whether the operator set it. */
  readonly hasPublicUrl: boolean;
  readonly apps: readonly AppOptions[];
  readonly kiteBaseUrl: string | undefined;
  readonly kiteLoginUrl: string | undefined;
  /** Kotak's hosts; undefined: the broker's own. */
  readonly kotakBaseUrls: readonly string[] | undefined;
  readonly kiteTimeoutMilliseconds: number;
  readonly operationTimeoutMilliseconds: number;
  /** How long a stop waits for what is in flight. */
  readonly shutdownGraceMilliseconds: number;
  /** Processes on the port; 1: this one alone. */
  readonly workers: number;
  /** How long a stop goes on as before, but for `/ready`, so that load balancers learn of it. */
  readonly shutdownDelayMilliseconds: number;
  /** Origins beside the gateway's own whose pages may use keyrings. */
  readonly allowedOrigins: readonly string[];
  /** Names beside the public URL's and the loopback's that a Host header may carry. */
  readonly allowedHosts: readonly string[];
  /** The name of the keyrings' cookie. */
  readonly cookieName: string;
  /** Request headers that CORS allows beside the known ones. */
  readonly allowedHeaders: readonly string[];
  readonly keyring: KeyringConfig;
  /** Calls in any 1,000 ms for each app; 0: no limit. */
  readonly kiteRateLimit: number;
  /** The greatest age, in seconds, that a client may accept. */
  readonly maxAgeSeconds: number;
  /** Whose credentials the Authorization header may carry; undefined: `own` where apps are configured, else `any`. */
  readonly headerCredentials: 'any' | 'own' | 'off' | undefined;
  /** What backends send to be given a browser's credentials; empty: none may ask. */
  readonly relaySecrets: readonly string[];
  /** Who is told of sessions; undefined: no one. */
  readonly webhook: WebhookOptions | undefined;
  /** The file of the audit log; undefined: no such log. */
  readonly auditLog: string | undefined;
  /** Where metrics are answered, without a host on both loopback addresses; undefined: nowhere. */
  readonly metrics: { readonly host: string | undefined; readonly port: number } | undefined;
  /** An MMDB file with the countries of addresses; undefined: no country is known. */
  readonly geoipDatabase: string | undefined;
  /** The header in which the proxy names a client's country; undefined: none is read. */
  readonly countryHeader: string | undefined;
  /** Keys and templates of session tokens; null where the operator has set none. */
  readonly sessionTokens: SessionTokensFile | null;
  readonly trustProxy: boolean;
  /** Undefined: as the upstream suggests. */
  readonly exposeTokens: boolean | undefined;
  /** The only documents that are executed, by their id; undefined: every valid one is. */
  readonly trustedDocuments: TrustedDocumentManifest | undefined;
  /** Where they were read from, to read them again. */
  readonly trustedDocumentsFile: string | undefined;
  /** Whether requests may send the text of such a document. */
  readonly trustedDocumentTexts: boolean;
  readonly graphiql: boolean;
  readonly console: boolean;
  /** The operator's name in the console; undefined: the gateway's. */
  readonly consoleName: string | undefined;
  /** A picture; undefined: the console has none. */
  readonly consoleLogoFile: string | undefined;
  readonly introspection: boolean;
  /** Bounds that the operator set; the others keep their defaults. */
  readonly limits: Partial<Limits>;
  readonly log: LogConfig;
  /** The simulator to start as the upstream; null when there is a real one. */
  readonly simulator: SimulatorConfig | null;
  /** What works differently from what an operator may expect, a line each. */
  readonly notices: readonly string[];
}
