// The apps of this gateway, and the addresses where their users log in.
import type { Broker } from './broker.ts';
import type { BrokerName } from './broker-name.ts';
import type { Secret } from './upstream/secret.ts';

/** One app of this gateway, as its developer registered it with the broker. */
export interface BrokerApp {
  readonly broker: BrokerName;
  /** The app's public key, as the developer console shows it. */
  readonly apiKey: string;
  /** The app's secret; without it callers bring their own checksums. */
  readonly apiSecret?: Secret;
  /** A name for people, where the operator gave one. */
  readonly name?: string;
  /** Whether `apps` lists the app. */
  readonly listed: boolean;
}

/** The gateway's apps and their login pages. */
export interface Apps {
  /** The listed apps, in the operator's order. */
  readonly listed: readonly BrokerApp[];
  /** The only app, where there is exactly one. */
  readonly only: BrokerApp | null;
  /** The app with a key, listed or not. */
  find(apiKey: string): BrokerApp | undefined;
  /** The gateway's own login page, which ends with a session in the browser's keyring. */
  loginUrl(apiKey: string, returnTo?: string | null): string;
  /** The broker's login page, for servers that handle its redirect themselves. */
  brokerLoginUrl(
    apiKey: string,
    redirectParams?: readonly { name: string; value: string }[] | null,
  ): string;
}

/**
 * Knows the apps.
 * @param publicUrl the gateway's own address, as browsers reach it.
 * @param broker whose login pages its own users see.
 */
export function createApps(
  apps: readonly BrokerApp[],
  publicUrl: URL,
  broker: Pick<Broker, 'loginPage'>,
): Apps {
  const byKey = new Map(apps.map((app) => [app.apiKey, app]));
  return {
    listed: apps.filter((app) => app.listed),
    only: apps.length === 1 ? (apps[0] ?? null) : null,
    find: (apiKey) => byKey.get(apiKey),
    loginUrl(apiKey, returnTo) {
      const url = new URL(`${publicUrl.href.replace(/\/+$/, '')}/login`);
      url.searchParams.set('app', apiKey);
      if (returnTo != null) url.searchParams.set('returnTo', returnTo);
      return url.href;
    },
    brokerLoginUrl: (apiKey, redirectParams) => broker.loginPage(apiKey, redirectParams ?? []),
  };
}
