// From options to services: what lives as long as the gateway, made once.
import { createApps } from '../apps.ts';
import type { Services } from '../context.ts';
import { createKeyrings } from '../keyring/keyrings.ts';
import { generateKey } from '../keyring/keys.ts';
import { createMemoryStore } from '../keyring/memory-store.ts';
import { createSealer } from '../keyring/sealer.ts';
import { bounded } from '../kite/bounded.ts';
import { createKiteClient } from '../kite/client.ts';
import { gotTransport } from '../kite/got-transport.ts';
import { retryingGets } from '../kite/retry.ts';
import { Secret } from '../kite/secret.ts';
import { createAttempts } from './attempts.ts';
import { createCookies } from './cookies.ts';
import type { BrowserKeyrings } from './keep-session.ts';
import type { GatewayOptions } from './options.ts';
import { createOrigins } from './origins.ts';
import { createPendingLogins } from './pending-logins.ts';

/** The most calls to Kite under way at once; the rest wait their turn. */
const mostCallsUnderWay = 256;
const defaultPublicUrl = 'http://localhost:4000';

/** What resolvers use. @throws TypeError for a URL that is none. */
export function createServices(options: GatewayOptions): Services {
  const send = gotTransport({
    baseUrl: new URL(options.kiteBaseUrl ?? 'https://api.kite.trade'),
    timeoutMilliseconds: options.kiteTimeoutMilliseconds ?? 7_000,
  });
  const apps = (options.apps ?? []).map(({ apiSecret, ...app }, _index, all) => ({
    listed: all.length === 1,
    ...app,
    ...(apiSecret !== undefined && { apiSecret: new Secret(apiSecret) }),
  }));
  return {
    kite: createKiteClient(retryingGets(bounded(send, mostCallsUnderWay))),
    apps: createApps(
      apps,
      new URL(options.publicUrl ?? defaultPublicUrl),
      new URL(options.kiteLoginUrl ?? 'https://kite.zerodha.com/connect/login'),
    ),
    exposeTokens: options.exposeTokens ?? false,
    operationTimeoutMilliseconds: options.operationTimeoutMilliseconds ?? 30_000,
    now: options.now ?? (() => new Date()),
  };
}

/** What keyrings of browsers are made from. @throws TypeError for a URL that is none. */
export function createBrowserKeyrings(options: GatewayOptions): BrowserKeyrings {
  const { logger, now = () => new Date() } = options;
  const origins = createOrigins(
    new URL(options.publicUrl ?? defaultPublicUrl),
    options.allowedOrigins ?? [],
  );
  const cookies = createCookies(origins.secure);
  const sealer = createSealer(options.keyringKeys ?? [generateKey()]);
  return {
    keyrings: createKeyrings({
      store: options.keyringStore ?? createMemoryStore(now),
      sealer,
      now,
      report: (report) => logger?.warn(report, 'Keyring'),
    }),
    pendingLogins: createPendingLogins(cookies, sealer, now),
    cookies,
    origins,
    attempts: createAttempts(now),
    now,
  };
}
