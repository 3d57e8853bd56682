// The environment, read once and checked whole: every fault is named before the process gives up.
// Beside env-file.ts, the only reader of process.env.
import type { z } from 'zod';
import type { Limits } from '../limits.ts';
import type { AppOptions, WebhookOptions } from '../options.ts';
import type { TrustedDocumentManifest } from '../shared/trusted-documents.ts';
import { readApps } from './apps.ts';
import { keyringFaults, notices, publicUrlOf, workerFaults } from './checks.ts';
import { ConfigError } from './config-error.ts';
import { readSessionTokens, type SessionTokensFile } from './session-tokens.ts';
import { nameNotices } from './setting-names.ts';
import { readStoreSettings, type StoreConfig } from './store-settings.ts';
import { TextFileError } from './text-file.ts';
import { readTrustedDocuments } from './trusted-documents.ts';
import {
  type Environment,
  type GatewayValues,
  gatewayVariables,
  isSet,
  logVariables,
  parse,
  readLimits,
  simulatorVariables,
} from './variables.ts';

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
  readonly introspection: boolean;
  /** Bounds that the operator set; the others keep their defaults. */
  readonly limits: Partial<Limits>;
  readonly log: LogConfig;
  /** The simulator to start as the upstream; null when there is a real one. */
  readonly simulator: SimulatorConfig | null;
  /** What works differently from what an operator may expect, a line each. */
  readonly notices: readonly string[];
}

/**
 * Reads the gateway's settings.
 * @param fileNames the names that .env holds.
 * @throws ConfigError that names every fault at once.
 */
export function readConfig(
  environment: Environment = process.env,
  fileNames: readonly string[] = [],
): Config {
  const shape = { ...gatewayVariables, ...simulatorVariables, ...logVariables };
  const { values, isWhole, faults } = parse(shape, environment);
  const { limits, faults: limitFaults } = readLimits(environment);
  faults.push(...limitFaults);
  const apps = readApps(environment, faults);
  if (apps.length === 0 && !isSet(environment, 'KITE_BASE_URL')) {
    if (isSet(environment, 'KITE_LOGIN_URL')) {
      faults.push(
        'KITE_LOGIN_URL: set without KITE_API_KEY, APPS_FILE or KITE_BASE_URL, so logins would go to Kite and calls to the simulator. Set one of them, or remove KITE_LOGIN_URL.',
      );
    }
    if (environment.NODE_ENV === 'production') {
      faults.push(
        'KITE_API_KEY: with NODE_ENV=production the gateway does not fall back to the simulator. Set KITE_API_KEY and KITE_API_SECRET, APPS_FILE, or KITE_BASE_URL.',
      );
    }
  }
  const trustedDocuments = manifestOf(values.TRUSTED_DOCUMENTS, faults);
  faults.push(...keyringFaults(values, environment));
  faults.push(...workerFaults(values, apps.length > 0 || isSet(environment, 'KITE_BASE_URL')));
  const sessionTokens = readSessionTokens(environment, faults);
  if (!isWhole || faults.length > 0) throw new ConfigError(faults);

  const production = values.NODE_ENV === 'production';
  // GraphiQL sends documents that are in no list, and begins with the schema.
  const isOpen = !production && trustedDocuments === undefined;
  const simulated = apps.length === 0 && values.KITE_BASE_URL === undefined;
  return Object.freeze({
    production,
    host: values.HOST,
    port: values.PORT,
    publicUrl: publicUrlOf(values),
    apps,
    kiteBaseUrl: values.KITE_BASE_URL,
    kiteLoginUrl: values.KITE_LOGIN_URL,
    kotakBaseUrls: values.KOTAK_BASE_URLS,
    kiteTimeoutMilliseconds: values.KITE_TIMEOUT_MS,
    operationTimeoutMilliseconds: values.OPERATION_TIMEOUT_MS,
    shutdownGraceMilliseconds: values.SHUTDOWN_GRACE_MS,
    workers: values.WORKERS,
    shutdownDelayMilliseconds: values.SHUTDOWN_DELAY_MS,
    allowedOrigins: values.ALLOWED_ORIGINS,
    allowedHosts: values.ALLOWED_HOSTS,
    cookieName: values.COOKIE_NAME,
    allowedHeaders: values.ALLOWED_HEADERS,
    keyring: { store: values.KEYRING_STORE, keys: values.KEYRING_KEYS },
    kiteRateLimit: values.KITE_RATE_LIMIT,
    maxAgeSeconds: values.MAX_AGE_SECONDS,
    headerCredentials: values.HEADER_CREDENTIALS,
    relaySecrets: values.RELAY_SECRETS,
    webhook: webhookOf(values),
    auditLog: values.AUDIT_LOG,
    metrics:
      values.METRICS_PORT === undefined
        ? undefined
        : { host: values.METRICS_HOST, port: values.METRICS_PORT },
    geoipDatabase: values.GEOIP_DATABASE,
    countryHeader: values.COUNTRY_HEADER,
    sessionTokens,
    trustProxy: values.TRUST_PROXY,
    exposeTokens: values.EXPOSE_TOKENS,
    trustedDocuments,
    trustedDocumentsFile: values.TRUSTED_DOCUMENTS,
    trustedDocumentTexts: values.TRUSTED_DOCUMENT_TEXTS,
    graphiql: values.GRAPHIQL ?? isOpen,
    introspection: values.INTROSPECTION ?? isOpen,
    limits: Object.freeze(limits),
    log: logConfig(values),
    simulator: simulated ? simulatorConfig(values) : null,
    notices: [
      ...nameNotices(environment, fileNames),
      ...notices(apps, values),
      ...(sessionTokens?.notices ?? []),
    ],
  });
}

/**
 * Reads the settings of the simulator alone.
 * @throws ConfigError that names every fault at once.
 */
export function readSimulatorConfig(environment: Environment = process.env): SimulatorConfig {
  const { values, isWhole, faults } = parse(simulatorVariables, environment);
  if (!isWhole) throw new ConfigError(faults);
  return Object.freeze(simulatorConfig(values));
}

/** Reads the settings of the store alone. @throws ConfigError that names every fault at once. */
export function readStoreConfig(environment: Environment = process.env): StoreConfig {
  const { config, faults } = readStoreSettings(environment);
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(config);
}

function manifestOf(
  file: string | undefined,
  faults: string[],
): TrustedDocumentManifest | undefined {
  if (file === undefined) return undefined;
  try {
    return readTrustedDocuments(file);
  } catch (error) {
    if (!(error instanceof TextFileError)) throw error;
    faults.push(`TRUSTED_DOCUMENTS: ${error.message}`);
    return undefined;
  }
}

function webhookOf({ WEBHOOK_URL: url, WEBHOOK_SECRET: secret }: GatewayValues) {
  return url !== undefined && secret !== undefined ? { url, secret } : undefined;
}

function simulatorConfig(values: z.infer<z.ZodObject<typeof simulatorVariables>>): SimulatorConfig {
  return {
    host: values.SIMULATOR_HOST,
    port: values.SIMULATOR_PORT,
    accounts: values.SIMULATOR_ACCOUNTS,
    latencyMilliseconds: values.SIMULATOR_LATENCY_MS,
    rateLimit: values.SIMULATOR_RATE_LIMIT,
    redirectUrl: values.SIMULATOR_REDIRECT_URL,
  };
}

function logConfig(values: z.infer<z.ZodObject<typeof logVariables>>): LogConfig {
  const onTerminal = process.stderr.isTTY ? 'pretty' : 'json';
  return { level: values.LOG_LEVEL, format: values.LOG_FORMAT ?? onTerminal };
}
