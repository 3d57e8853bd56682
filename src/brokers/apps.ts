// The apps of this gateway, and the addresses where their users log in.
import type { Broker, PasswordLogin } from './broker.ts';
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
  /** A page that helps users to log in, where the gateway has the login page. */
  readonly helpUrl?: string;
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
  /** The only app whose users log in by password; null without one, or with several. */
  readonly onlyByPassword: BrokerApp | null;
  /** The app with a key, listed or not. */
  find(apiKey: string): BrokerApp | undefined;
  /** Whether the gateway can complete logins of an app: it has what the broker asks of the app for it. */
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

/** How the users of an app log in, by the app's key. */
export interface LoginWays {
  readonly loginPage: Broker['loginPage'];
  /** Null for a broker with a login page of its own. */
  passwordLogin(apiKey: string): PasswordLogin | null;
}

/**
 * Knows the apps.
 * @param publicUrl the gateway's own address, as browsers reach it.
 * @param broker how users log in.
 */
export function createApps(apps: readonly BrokerApp[], publicUrl: URL, broker: LoginWays): Apps {
  const ofDefault = apps.filter((app) => app.broker === defaultBroker);
  const [only = null, another] = ofDefault.length > 0 ? ofDefault : apps;
  const [onlyByPassword = null, anotherByPassword] = apps.filter(isByPassword);
  const byKey = new Map(apps.map((app) => [app.apiKey, app]));
  function loginUrl(apiKey: string, returnTo?: string | null): string {
    const url = new URL(`${publicUrl.href.replace(/\/+$/, '')}/login`);
    url.searchParams.set('app', apiKey);
    if (returnTo != null) url.searchParams.set('returnTo', returnTo);
    return url.href;
  }
  function isByPassword({ apiKey, accessToken, apiSecret }: BrokerApp): boolean {
    const hasToken = accessToken !== undefined || apiSecret !== undefined;
    return hasToken && broker.passwordLogin(apiKey) !== null;
  }
  function canLogIn(app: BrokerApp): boolean {
    const { apiKey, apiSecret } = app;
    const isByPage = apiSecret !== undefined && broker.loginPage(apiKey, []) !== null;
    return isByPage || isByPassword(app);
  }
  // Each field of an account whose session has ended says it, of one app mostly.
  let latest: { readonly apiKey: string; readonly url: string | null } | null = null;
  return {
    listed: apps.filter((app) => app.listed),
    only: another === undefined ? only : null,
    onlyByPassword: anotherByPassword === undefined ? onlyByPassword : null,
    find: (apiKey) => byKey.get(apiKey),
    canLogIn,
    loginUrl,
    loginAgainUrl(apiKey) {
      if (latest?.apiKey !== apiKey) {
        const app = byKey.get(apiKey);
        const url = app && canLogIn(app) ? loginUrl(apiKey) : broker.loginPage(apiKey, []);
        latest = { apiKey, url };
      }
      return latest.url;
    },
    brokerLoginUrl: (apiKey, redirectParams) => broker.loginPage(apiKey, redirectParams ?? []),
  };
}
