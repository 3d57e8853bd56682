// The word for a login that failed, as the page that it returns to and the log have it, and how the browser gets there.
import type { LoginFailure } from '../../browser-keyring.ts';
import type { Services } from '../../context.ts';
import type { ErrorCode } from '../../schema/errors/error-code.ts';
import { codeOf } from '../../schema/errors/problem.ts';
import type { Origins } from '../request/origins.ts';
import { type PageLink, page } from './page.ts';

/** What the `error` parameter of the page returned to may say. */
export type LoginError = ErrorCode | 'LOGIN_CANCELLED' | 'LOGIN_EXPIRED' | 'LOGIN_MISMATCH';

const codes = {
  'unknown-login': 'LOGIN_MISMATCH',
  'other-app': 'LOGIN_MISMATCH',
  'too-late': 'LOGIN_EXPIRED',
  'no-token': 'TOKEN_REJECTED',
  'too-many-attempts': 'RATE_LIMITED',
  'keyring-unavailable': 'KEYRING_UNAVAILABLE',
} as const satisfies Partial<Record<LoginFailure['reason'], LoginError>>;

/** The word for a login that failed. */
export function codeOfFailure(failure: LoginFailure): LoginError {
  return failure.reason === 'broker' ? codeOf(failure.error, 'redeem') : codes[failure.reason];
}

/** What the way on is found by. */
export interface WaysOnOptions {
  readonly services: Pick<Services, 'apps'>;
  readonly browsers: { readonly origins: Pick<Origins, 'home'> };
}

/** Where the user of a login that failed can go: the apps to log in through, and the gateway's own page. */
export function waysOn(
  { services: { apps }, browsers }: WaysOnOptions,
  apiKey = '',
): readonly PageLink[] {
  const own = apps.find(apiKey);
  const others = apps.listed.filter((app) => app !== own && apps.canLogIn(app));
  const logins = [...(own === undefined ? [] : [own]), ...others].map((app) => ({
    text: `Log in with ${app.name ?? app.apiKey}`,
    url: apps.loginUrl(app.apiKey),
  }));
  return [...logins, { text: 'The page of this gateway', url: browsers.origins.home }];
}

/** Tells the page that asked for the login, or its user where none did. */
export function refused(
  options: WaysOnOptions,
  returnTo: string | null,
  error: LoginError,
  apiKey?: string,
): Response {
  if (returnTo === null) return refusalPage(error, waysOn(options, apiKey));
  const url = new URL(returnTo);
  url.searchParams.set('error', error);
  return redirect(url.href);
}

/** A page that tells the user of a login that failed. */
export function refusalPage(
  error: LoginError,
  links: readonly PageLink[],
  status = 400,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const text = explanations[error] ?? 'The broker did not confirm the login.';
  return page(status, 'Not logged in', `${text} (${error})`, links, headers);
}

const explanations: Partial<Record<LoginError, string>> = {
  LOGIN_CANCELLED: 'The login was cancelled.',
  LOGIN_EXPIRED: 'The login took too long. Start it again.',
  LOGIN_MISMATCH: 'The login was not started in this browser. Start it again in this browser.',
  TOKEN_REJECTED: 'The broker refused the login. Start it again.',
  RATE_LIMITED: 'Too many logins from this address. Try again in a minute.',
  KEYRING_UNAVAILABLE: 'The gateway cannot store sessions at the moment. Try again in a minute.',
};

/** Leads the browser on, without what the address had. */
export function redirect(location: string): Response {
  // The address that leads here may hold a request token: it must reach no cache and no Referer header.
  const headers = { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };
  return new Response(null, { status: 303, headers });
}
