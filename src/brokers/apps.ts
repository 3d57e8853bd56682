// The Kite Connect apps of this gateway, and the addresses where their users log in.
import type { KiteApp } from './kite/app.ts';

/** The gateway's apps and their login pages. */
export interface Apps {
  /** Those that strangers may see, in the operator's order. */
  readonly listed: readonly KiteApp[];
  /** The only app, where there is exactly one. */
  readonly only: KiteApp | null;
  /** The app with a key, listed or not. */
  find(apiKey: string): KiteApp | undefined;
  /** The gateway's own login page, which ends with a session in the browser's keyring. */
  loginUrl(apiKey: string, returnTo?: string | null): string;
  /** Kite's login page, for servers that handle its redirect themselves. */
  brokerLoginUrl(
    apiKey: string,
    redirectParams?: readonly { name: string; value: string }[] | null,
  ): string;
}

/**
 * Knows the apps.
 * @param publicUrl the gateway's own address, as browsers reach it.
 * @param brokerLoginUrl Kite's login page.
 */
export function createApps(apps: readonly KiteApp[], publicUrl: URL, brokerLoginUrl: URL): Apps {
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
    brokerLoginUrl(apiKey, redirectParams) {
      const url = new URL(brokerLoginUrl);
      url.searchParams.set('v', '3');
      url.searchParams.set('api_key', apiKey);
      if (redirectParams != null && redirectParams.length > 0) {
        const pairs = redirectParams.map(({ name, value }) => [name, value]);
        url.searchParams.set('redirect_params', new URLSearchParams(pairs).toString());
      }
      return url.href;
    },
  };
}
