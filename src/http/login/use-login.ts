// Plugin: the login of browsers. /login begins one and leads to Kite; /callback is where Kite leads back,
// puts the session into the browser's keyring, and returns to the page that asked.
import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Services } from '../../context.ts';
import type { FailureLog } from '../limits/failure-log.ts';
import { logUnexpected } from '../plugins/error-codes.ts';
import { mountOf, type Routes } from '../plugins/routes.ts';
import type { Writes } from '../plugins/writes.ts';
import type { KeyringRequest } from '../request/keyring-request.ts';
import type { RequestTracker } from '../request/request-tracker.ts';
import { type BrowserKeyrings, keyringCookieOf } from './browser-keyrings.ts';
import { codeOfFailure, type LoginError } from './login-error.ts';
import { type PageLink, page } from './page.ts';

/** Where the routes find what they need. */
export interface LoginOptions {
  readonly services: Services;
  readonly browsers: BrowserKeyrings;
  readonly routes: Routes;
  readonly writes: Writes;
  readonly track: RequestTracker;
  readonly failures: FailureLog;
  /** What of a request keyrings care about. */
  readonly keyringRequest: (request: Request, serverContext: unknown) => KeyringRequest;
}

/** Serves GET /login and GET /callback. */
export function useLogin(options: LoginOptions): Plugin {
  return {
    async onRequest({ request, url, serverContext, endResponse }) {
      if (request.method !== 'GET') return;
      const route = options.routes.find(url.pathname, mountOf(serverContext));
      if (route !== 'login' && route !== 'callback') return;
      try {
        const about = options.keyringRequest(request, serverContext);
        if (route === 'login') return endResponse(await begin(options, about, url.searchParams));
        const finishing = finish(options, about, url.searchParams);
        endResponse(await options.writes.during(options.track(request).id, finishing));
      } catch (error) {
        endResponse(unexpected(options, request, serverContext, error));
      }
    },
  };
}

async function begin(
  options: LoginOptions,
  { request, requestId, device, setCookie }: KeyringRequest,
  parameters: URLSearchParams,
): Promise<Response> {
  const { browsers, failures } = options;
  const { apps, returnTo } = options.services;
  const code = 'BAD_USER_INPUT';
  const refusedBecause = (reason: string) => {
    const about = { address: device.ipAddress, requestId, code };
    failures.write(about, { code, reason }, 'Login refused');
    browsers.audit.fail({ event: 'login', outcome: 'refused', ...about });
  };
  if (!isNavigation(request)) {
    refusedBecause('fetched by a page');
    return page(403, 'Open this page', 'Open this address in the browser itself to start a login.');
  }
  const app = apps.find(parameters.get('app') ?? apps.only?.apiKey ?? '');
  if (app === undefined) {
    refusedBecause('unknown app');
    return page(
      400,
      'Unknown app',
      'This gateway does not serve the app in the URL.',
      waysOn(options),
    );
  }
  if (apps.brokerLoginUrl(app.apiKey) === null) {
    refusedBecause('no login page of the broker');
    return page(
      400,
      'Login not available',
      'The broker of this app has no login page, so browsers cannot log in through this gateway. A server sends its session in the Authorization header.',
      waysOn(options),
    );
  }
  if (app.apiSecret === undefined) {
    refusedBecause('no secret for the app');
    return page(
      400,
      'Login not available',
      'The gateway has no secret for this app, so it cannot complete a login.',
      waysOn(options),
    );
  }
  const asked = parameters.get('returnTo');
  const judged = asked === null ? null : returnTo(asked);
  if (judged !== null && 'refusal' in judged) {
    refusedBecause('returnTo');
    return page(400, 'Invalid returnTo', judged.refusal, waysOn(options, app.apiKey));
  }
  const { nonce, setCookies } = browsers.pendingLogins.begin(request, {
    apiKey: app.apiKey,
    returnTo: judged && withoutError(judged.page),
  });
  setCookies.forEach(setCookie);
  const address = apps.brokerLoginUrl(app.apiKey, [{ name: 'state', value: nonce }]);
  return redirect(address ?? browsers.origins.home);
}

/** Where the user of a login that failed can go: the apps to log in through, and the gateway's own page. */
function waysOn({ services: { apps }, browsers }: LoginOptions, apiKey = ''): readonly PageLink[] {
  const own = apps.find(apiKey);
  const others = apps.listed.filter((app) => app !== own && apps.canLogIn(app));
  const logins = [...(own === undefined ? [] : [own]), ...others].map((app) => ({
    text: `Log in with ${app.name ?? app.apiKey}`,
    url: apps.loginUrl(app.apiKey),
  }));
  return [...logins, { text: 'The page of this gateway', url: browsers.origins.home }];
}

/**
 * Whether a browser opens the address itself, as far as it says: a fetch, a frame or a prefetch of any page could
 * otherwise begin logins in the background, and push out one that its user has begun.
 */
function isNavigation({ headers }: Request): boolean {
  // Servers' own HTTP clients send a mode and nothing else: only browsers name a site and a destination.
  const isBrowser = headers.has('sec-fetch-site') || headers.has('sec-fetch-dest');
  const mode = headers.get('sec-fetch-mode') ?? 'navigate';
  const destination = headers.get('sec-fetch-dest') ?? 'document';
  const isOpened = !isBrowser || (mode === 'navigate' && destination === 'document');
  return isOpened && !headers.has('sec-purpose');
}

/** The page without the error of an earlier login, which it has passed on with its own address and would report again. */
function withoutError(page: string): string {
  const url = new URL(page);
  if (url.searchParams.has('error')) url.searchParams.delete('error');
  return url.href;
}

async function finish(
  options: LoginOptions,
  about: KeyringRequest,
  parameters: URLSearchParams,
): Promise<Response> {
  const { browsers, services } = options;
  const { nonce, requestToken } = services.broker.readRedirect(parameters);
  if (requestToken === null) return cancelled(options, about, nonce);
  const cookie = keyringCookieOf(browsers, about.request);
  const redirected = { nonce, requestToken };
  const { result, returnTo } = await browsers.logins.complete(about, cookie, redirected);
  if (!('reason' in result)) return redirect(returnTo ?? browsers.origins.home);
  const code = codeOfFailure(result);
  if (result.reason === 'too-many-attempts' && returnTo === null) {
    const headers = { 'retry-after': `${result.retryAfterSeconds}` };
    return refusalPage(code, [tryAgain], 429, headers);
  }
  // The request token is unspent: this very address, asked for again, finishes the login.
  const isUnfinished = result.reason === 'keyring-unavailable' && !result.isTokenSpent;
  if (isUnfinished) return refusalPage(code, [tryAgain], 503);
  return refused(options, returnTo, code, 'apiKey' in result ? result.apiKey : undefined);
}

/** Kite names no login when its user cancels: likely it was the one begun last. */
async function cancelled(
  options: LoginOptions,
  { request, requestId, device, setCookie }: KeyringRequest,
  nonce: string,
): Promise<Response> {
  const { failures } = options;
  const { pendingLogins, cookies, audit } = options.browsers;
  const pending = pendingLogins.find(request);
  const named = pending.find((login) => login.nonce === nonce);
  // Any page can link here: only an address that knows the login's nonce ends it.
  if (named !== undefined) setCookie(cookies.clear(named.cookieName));
  const code = 'LOGIN_CANCELLED';
  const about = { address: device.ipAddress, requestId, code };
  failures.write(about, { code }, 'Login failed');
  audit.fail({ event: 'login', outcome: 'failed', ...about });
  const { returnTo = null, apiKey } = named ?? pending[0] ?? {};
  return refused(options, returnTo, code, apiKey);
}

/** The same address again: it finishes the login, whose request token is unspent. */
const tryAgain: PageLink = { text: 'Try again', url: '' };

/** Tells the page that asked for the login, or its user where none did. */
function refused(
  options: LoginOptions,
  returnTo: string | null,
  error: LoginError,
  apiKey?: string,
): Response {
  if (returnTo === null) return refusalPage(error, waysOn(options, apiKey));
  const url = new URL(returnTo);
  url.searchParams.set('error', error);
  return redirect(url.href);
}

function refusalPage(
  error: LoginError,
  links: readonly PageLink[],
  status = 400,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const text = explanations[error] ?? 'Kite did not confirm the login.';
  return page(status, 'Not logged in', `${text} (${error})`, links, headers);
}

const explanations: Partial<Record<LoginError, string>> = {
  LOGIN_CANCELLED: 'The login was cancelled.',
  LOGIN_EXPIRED: 'The login took too long. Start it again.',
  LOGIN_MISMATCH: 'The login was not started in this browser. Start it again in this browser.',
  TOKEN_REJECTED: 'Kite refused the request token. Start the login again.',
  RATE_LIMITED: 'Too many logins from this address. Try again in a minute.',
  KEYRING_UNAVAILABLE:
    'The gateway cannot store sessions at the moment. Reload this page in a minute to complete the login.',
};

/** Yoga would answer with the stack. */
function unexpected(
  options: LoginOptions,
  request: Request,
  serverContext: unknown,
  error: unknown,
): Response {
  const { track, keyringRequest, failures } = options;
  const { id } = track(request);
  const address = keyringRequest(request, serverContext).device.ipAddress;
  const cause = error instanceof Error ? error : new Error(typeof error);
  const wrapped = new GraphQLError(cause.message, { originalError: cause });
  logUnexpected(wrapped, { address, requestId: id }, request, failures);
  const text = `The gateway had an internal error. Its log has details under request id ${id}.`;
  return page(500, 'Not logged in', text, waysOn(options));
}

function redirect(location: string): Response {
  // The address that leads here holds a request token: it must reach no cache and no Referer header.
  const headers = { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };
  return new Response(null, { status: 303, headers });
}
