// From the settings to the options of a gateway: all that needs nothing opened.

import type { Config } from '../config/settings.ts';
import type { GatewayOptions } from '../options.ts';
import { isRedisUrl, type RedisAddress } from '../shared/redis-address.ts';
import { simulatedApps, simulatedCredentials, simulatedHosts } from './simulated-apps.ts';

/**
 * The options that the settings make.
 * @param simulatorUrl the simulator in place of the brokers; null: the real ones.
 * @param logo the picture of the console; null: none.
 */
export function gatewayOptions(
  config: Config,
  simulatorUrl: string | null,
  logo: Uint8Array | null,
): GatewayOptions {
  const isSimulated = simulatorUrl !== null;
  const { keyring, headerCredentials, webhook, sessionTokens, trustedDocuments } = config;
  const { kiteBaseUrl = simulatorUrl } = config;
  const kiteLoginUrl =
    config.kiteLoginUrl ?? (isSimulated ? `${simulatorUrl}/connect/login` : null);
  const kotakBaseUrls = config.kotakBaseUrls ?? (isSimulated ? simulatedHosts(simulatorUrl) : null);
  const authorization = simulatedAuthorization(config);
  const redisUrl = redisUrlOf(config);
  return {
    allowedOrigins: config.allowedOrigins,
    allowedHosts: config.allowedHosts,
    cookieName: config.cookieName,
    allowedHeaders: config.allowedHeaders,
    ...(keyring.keys !== undefined && { keyringKeys: keyring.keys }),
    relaySecrets: config.relaySecrets,
    ...(webhook && { webhook }),
    ...(sessionTokens && { sessionTokens: sessionTokens.tokens }),
    trustProxy: config.trustProxy,
    ...(headerCredentials && { headerCredentials }),
    apps: isSimulated ? simulatedApps(simulatorUrl) : config.apps,
    kiteTimeoutMilliseconds: config.kiteTimeoutMilliseconds,
    operationTimeoutMilliseconds: config.operationTimeoutMilliseconds,
    kiteRateLimit: config.kiteRateLimit,
    ...(redisUrl !== undefined && { redisUrl }),
    maxAgeSeconds: config.maxAgeSeconds,
    publicUrl: config.publicUrl,
    introspection: config.introspection,
    ...(kiteBaseUrl !== null && { kiteBaseUrl }),
    ...(kiteLoginUrl !== null && { kiteLoginUrl }),
    ...(kotakBaseUrls !== null && { kotakBaseUrls }),
    exposeTokens: config.exposeTokens ?? isSimulated,
    graphiql:
      config.graphiql &&
      (authorization !== null && isSimulated ? { authorization, simulatorUrl } : true),
    console: config.console && {
      ...(config.consoleName !== undefined && { name: config.consoleName }),
      ...(logo && { logo }),
    },
    ...(trustedDocuments && { trustedDocuments }),
    trustedDocumentTexts: config.trustedDocumentTexts,
    limits: config.limits,
    ...(config.countryHeader && { countryHeader: config.countryHeader }),
  };
}

/** An Authorization header of simulated users; null where there is no simulator. */
export function simulatedAuthorization({ simulator }: Config): string | null {
  return simulator && simulatedCredentials(simulator.accounts);
}

/** The Redis of the store, which counts calls too; undefined for another store. */
export function redisUrlOf({ keyring: { store, redis } }: Config): RedisAddress | undefined {
  return isRedisUrl(store) ? { ...redis, url: store } : undefined;
}
