// The environment, read once and checked whole: every fault is named before the process gives up.
// Only `src/config/` reads settings from the environment; `src/server/restart.ts` reads what npm and Node set.
import type { z } from 'zod';
import type { TrustedDocumentManifest } from '../shared/trusted-documents.ts';
import { readApps } from './apps.ts';
import { exposureNotices, keyringFaults, notices, publicUrlOf, workerFaults } from './checks.ts';
import { ConfigError } from './config-error.ts';
import { readRedisSettings } from './redis-settings.ts';
import { readSessionTokens } from './session-tokens.ts';
import { nameNotices } from './setting-names.ts';
import type { Config, LogConfig, SimulatorConfig } from './settings.ts';
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
  const redis = readRedisSettings(values, faults);
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
    hasPublicUrl: values.PUBLIC_URL !== undefined,
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
    keyring: { store: values.KEYRING_STORE, keys: values.KEYRING_KEYS, redis },
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
    console: values.CONSOLE ?? isOpen,
    consoleName: values.CONSOLE_NAME,
    consoleLogoFile: values.CONSOLE_LOGO_FILE,
    introspection: values.INTROSPECTION ?? isOpen,
    limits: Object.freeze(limits),
    log: logConfig(values),
    simulator: simulated ? simulatorConfig(values) : null,
    notices: [
      ...nameNotices(environment, fileNames),
      ...notices(apps, values),
      ...exposureNotices(apps, values, isOpen),
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
