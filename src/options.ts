// How a gateway is told to behave. Everything has a default that is safe.
import type { Logger } from 'pino';
import type { BrokerName } from './brokers/broker-name.ts';
import type { RateLog } from './brokers/upstream/budget/rate-log/rate-log.ts';
import type { Clock } from './brokers/upstream/clock.ts';
import type { Writes } from './http/plugins/writes.ts';
import type { KeyringStore } from './keyring/stores/store.ts';
import type { Limits } from './limits.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { SessionTokens } from './session-tokens/session-tokens.ts';
import type { AuditLog } from './shared/audit.ts';
import type { RedisAddress } from './shared/redis-address.ts';
import type { TrustedDocumentManifest } from './shared/trusted-documents.ts';
import type { Tracing } from './tracing/tracing.ts';

/** An app in the options of the gateway. */
export interface AppOptions {
  /** The broker that the app is registered with. Default KITE. */
  readonly broker?: BrokerName;
  /** The app's public key. */
  readonly apiKey: string;
  /** The app's secret. Without it, callers of exchangeToken bring a checksum. */
  readonly apiSecret?: string;
  /** Kotak: the app's access token, as the broker's portal makes it. Without it, it is made with the secret. */
  readonly accessToken?: string;
  /** Kotak: sent as `appId`. Default: empty. */
  readonly appId?: string;
  /** Kotak: sent as `ip`. Default `127.0.0.1`. */
  readonly ip?: string;
  /** Kotak: a page that helps users to log in, to which the gateway's login page links; `https://` or `http://`. */
  readonly helpUrl?: string;
  /** A name for people. */
  readonly name?: string;
  /** Whether `apps` lists the app. Default: true for an only app, else false. */
  readonly listed?: boolean;
}

/** Who is told of sessions. */
export interface WebhookOptions {
  /** `https://` or `http://`. */
  readonly url: string | URL;
  /** Signs each message. */
  readonly secret: string;
}

/** How GraphiQL greets. */
export interface GraphiqlPage {
  /** An Authorization header to begin with; only ever a simulator's. */
  readonly authorization?: string;
  /** The address of the simulator's page, to link to. */
  readonly simulatorUrl?: string;
}

/** How the console looks. */
export interface ConsoleOptions {
  /** The operator's name, in the head of the page and as its title. Default `kite-graphql`. */
  readonly name?: string;
  /** The operator's logo: the bytes of a PNG, JPEG or WebP picture. Default: none. */
  readonly logo?: Uint8Array;
}

/** How a gateway behaves. Everything has a default that is safe. */
export interface GatewayOptions {
  /** The apps. Default none: header credentials still work for any app of Kite. */
  readonly apps?: readonly AppOptions[];
  /** Kite's address; may carry a path. Default `https://api.kite.trade`. */
  readonly kiteBaseUrl?: string | URL;
  /** Kite's login page. Default `https://kite.zerodha.com/connect/login`. */
  readonly kiteLoginUrl?: string | URL;
  /**
   * Kotak's hosts, in the order in which they are tried; the gateway calls no other. Default: the broker's own two.
   */
  readonly kotakBaseUrls?: readonly (string | URL)[];
  /** Milliseconds for one call to a broker, connection included. Default 7000. */
  readonly kiteTimeoutMilliseconds?: number;
  /** Milliseconds for one GraphQL operation, waiting and retries included. Default 30000. */
  readonly operationTimeoutMilliseconds?: number;
  /**
   * The most calls to Kite started in any 1,000 ms per api_key, all users together. Calls beyond it wait.
   * Default 10, which is Kite's own limit; 0 for none.
   */
  readonly kiteRateLimit?: number;
  /**
   * The Redis by which all replicas together keep to `kiteRateLimit`: a `redis://` URL, or its parts. Default: each by
   * itself.
   */
  readonly redisUrl?: string | RedisAddress;
  /** Where calls to the brokers are counted, in place of by `kiteRateLimit` and `redisUrl`. Default: by those. */
  readonly rateLog?: RateLog;
  /** The greatest age, in seconds, that a request's `Cache-Control: max-age` may accept. Default 60. */
  readonly maxAgeSeconds?: number;
  /** The gateway's own address, as browsers reach it; may have a path. Default `http://localhost:4000`. */
  readonly publicUrl?: string | URL;
  /** Host names, without a port, that requests may name beside the public URL's and the loopback's. Default none. */
  readonly allowedHosts?: readonly string[];
  /** Whether exchangeToken and renewSession may answer with tokens. Default false. */
  readonly exposeTokens?: boolean;
  /** Keys and templates of the tokens that other services verify. Default none: `Session.signedToken` is null. */
  readonly sessionTokens?: SessionTokens;
  /** Origins beside the gateway's own whose pages may use their visitors' keyrings. Default none. */
  readonly allowedOrigins?: readonly string[];
  /** The name of the keyrings' cookie; gateways on one host need different ones. Default `kite_graphql`. */
  readonly cookieName?: string;
  /** Request headers that pages of allowed origins may send, beside those that are known. Default none. */
  readonly allowedHeaders?: readonly string[];
  /** Where keyrings are kept. Default: in memory, and gone with the process. The gateway closes it. */
  readonly keyringStore?: KeyringStore;
  /**
   * Keys of 32 bytes that encrypt the store: the first encrypts, all decrypt. Default: a random one, with which a store
   * that outlives the process cannot be read after it.
   */
  readonly keyringKeys?: readonly Uint8Array[];
  /**
   * Whose credentials the Authorization header may carry: those of `any` app, of `own` (configured) apps, or none
   * (`off`). Others answer PERMISSION_DENIED without a call. Default: `own` where there are apps, else `any`.
   */
  readonly headerCredentials?: 'any' | 'own' | 'off';
  /** Whether the last address of X-Forwarded-For is the sender's, as behind one proxy. Default false. */
  readonly trustProxy?: boolean;
  /**
   * Secrets of backends that may ask for a browser's credentials by `POST /session/credentials`: random ones of at least
   * 32 characters. Default none: then there is no such path. `gateway.credentials` needs none.
   */
  readonly relaySecrets?: readonly string[];
  /**
   * The contents of an MMDB file with countries, by which devices have one. Default: none has. `createGateway` throws if
   * it is not such a file.
   */
  readonly countryDatabase?: Uint8Array;
  /**
   * The header in which the proxy names the country of a client, such as `CF-IPCountry`: two capital letters. It counts
   * before `countryDatabase`, and only with `trustProxy`: else any client could send it. Default: none is read.
   */
  readonly countryHeader?: string;
  /**
   * Where news of sessions are posted, and the secret that signs them, of at least 32 random characters. Default: nowhere.
   * A restart loses no event where `keyringStore` outlives the process.
   */
  readonly webhook?: WebhookOptions;
  /** Where logins, logouts, endings and the use of credentials are recorded. Default: nowhere. */
  readonly auditLog?: AuditLog;
  /** What counts and measures the gateway's work: `createMetrics` of `kite-graphql/metrics`. Default: nothing does. */
  readonly metrics?: Metrics;
  /** What makes spans of the gateway's work: `createTracing` of `kite-graphql/tracing`. Default: nothing does. */
  readonly tracing?: Tracing;
  /** GraphiQL on the GraphQL address. Default false. */
  readonly graphiql?: boolean | GraphiqlPage;
  /**
   * The console at the gateway's home: a page with the accounts of the browser. With `trustedDocuments`, its documents
   * are trusted too. `createGateway` throws a TypeError for a logo that is not such a picture, or is too large.
   * Default false.
   */
  readonly console?: boolean | ConsoleOptions;
  /** Whether clients may ask for the schema. Without it, messages suggest no names either. Default false. */
  readonly introspection?: boolean;
  /**
   * Documents by their id: then nothing else is executed, introspection included. A request names its document by
   * `documentId`, or by the hash of the extension `persistedQuery`. `createGateway` throws TrustedDocumentsError where
   * one is not valid. Default: every valid document is executed.
   */
  readonly trustedDocuments?: TrustedDocumentManifest;
  /** Whether requests may also send the text of a trusted document. Default false. */
  readonly trustedDocumentTexts?: boolean;
  /** Bounds on what one request, caller or peer may cost, by name. Default: as docs/limits.md lists them. */
  readonly limits?: Partial<Limits>;
  /** Where to log. Default: nowhere. */
  readonly logger?: Logger;
  /** The time. Default: the machine's. */
  readonly now?: () => Date;
  /** The clock by which subscriptions poll. Default: the machine's. */
  readonly clock?: Clock;
  /**
   * Fires when the server is about to stop: breaks off subscriptions, which would otherwise never end.
   * Abort it before `server.close()`.
   */
  readonly stopping?: AbortSignal;
  /** Aborted before `stopping`: `/ready` answers 503, and everything else works as before. Default: with `stopping`. */
  readonly draining?: AbortSignal;
  /** Counts what changes something at Kite or in the store, so that a stop can wait for it. Default: not told. */
  readonly writes?: Writes;
}
