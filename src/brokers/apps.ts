// The apps of this gateway, and the addresses where their users log in.
import type { Broker } from './broker.ts';
import { type BrokerName, defaultBroker } from './broker-name.ts';
import type { Secret } from './upstream/secret.ts';

/** One app of this gateway, as its developer registered it with the broker. */
export interface BrokerApp {
  readonly broker: BrokerName;
  /** The app's public key, as the developer console shows it. */
  readonly apiKey: string;
  /** The app's secret; without it callers bring their own checksums. */
  readonly apiSecret?: Secret;
  /** The app's access token, for a broker where apps have one; without it, it is made with the secret. */
  readonly accessToken?: Secret;
  /** What such a broker wants to be told of the caller; it may be any text. */
  readonly appId?: string;
  readonly ip?: string;
  /** A name for people, where the operator gave one. */
  readonly name?: string;
  /** Whether `apps` lists the app. */
  readonly listed: boolean;
}

/** The gateway's apps and their login pages. */
export interface Apps {
  /** The listed apps, in the operator's order. */
  readonly listed: readonly BrokerApp[];
  /** The only app of its broker, where there is exactly one of the default broker, or no such and one other. */
  readonly only: BrokerApp | null;
  /** The app with a key, listed or not. */
  find(apiKey: string): BrokerApp | undefined;
  /** Whether the gateway can complete logins of an app: it has the secret, and the broker a login page. */
  canLogIn(app: BrokerApp): boolean;
  /** The gateway's own login page, which ends with a session in the browser's keyring. */
  loginUrl(apiKey: string, returnTo?: string | null): string;
  /** Where a user logs in again: the gateway's own page where it can complete the login, else the broker's, if it has one. */
  loginAgainUrl(apiKey: string): string | null;
  /** The broker's login page, for servers that handle its redirect themselves; null for a broker without one. */
  brokerLoginUrl(
    apiKey: string,
    redirectParams?: readonly { name: string; value: string }[] | null,
  ): string | null;
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
  const ofDefault = apps.filter((app) => app.broker === defaultBroker);
  const [only = null, another] = ofDefault.length > 0 ? ofDefault : apps;
  const byKey = new Map(apps.map((app) => [app.apiKey, app]));
  function loginUrl(apiKey: string, returnTo?: string | null): string {
    const url = new URL(`${publicUrl.href.replace(/\/+$/, '')}/login`);
    url.searchParams.set('app', apiKey);
    if (returnTo != null) url.searchParams.set('returnTo', returnTo);
    return url.href;
  }
  function canLogIn({ apiKey, apiSecret }: BrokerApp): boolean {
    return apiSecret !== undefined && broker.loginPage(apiKey, []) !== null;
  }
  return {
    listed: apps.filter((app) => app.listed),
    only: another === undefined ? only : null,
    find: (apiKey) => byKey.get(apiKey),
    canLogIn,
    loginUrl,
    loginAgainUrl(apiKey) {
      const app = byKey.get(apiKey);
      return app && canLogIn(app) ? loginUrl(apiKey) : broker.loginPage(apiKey, []);
    },
    brokerLoginUrl: (apiKey, redirectParams) => broker.loginPage(apiKey, redirectParams ?? []),
  };
}
