// Plugin: the login of browsers. /login begins one and leads to the broker's page, or is the page for a broker without
// one; /callback is where the broker leads back, puts the session into the browser's keyring, and returns to the page
// that asked.
import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Services } from '../../context.ts';
import type { FailureLog } from '../limits/failure-log.ts';
import { logUnexpected } from '../plugins/error-codes.ts';
import { mountOf, type Routes } from '../plugins/routes.ts';
import type { Writes } from '../plugins/writes.ts';
import type { KeyringRequest } from '../request/keyring-request.ts';
import { refusals } from '../request/refusal.ts';
import type { RequestTracker } from '../request/request-tracker.ts';
import { type BrowserKeyrings, keyringCookieOf } from './browser-keyrings.ts';
import { codeOfFailure, redirect, refusalPage, refused, waysOn } from './login-error.ts';
import { logFailed, logRefused } from './login-log.ts';
import { type PageLink, page } from './page.ts';
import { createPasswordForms, type PasswordForms } from './password/password-forms.ts';

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

/** Serves GET and POST of /login, and GET /callback. */
export function useLogin(options: LoginOptions): Plugin {
  const forms = createPasswordForms(options);
  return {
    async onRequest({ request, url, serverContext, endResponse }) {
      const route = options.routes.find(url.pathname, mountOf(serverContext));
      if (route !== 'login' && route !== 'callback') return;
      const isForm = route === 'login' && request.method === 'POST';
      if (request.method !== 'GET' && !isForm) return;
      try {
        const about = options.keyringRequest(request, serverContext);
        if (options.browsers.audit.isFull) return endResponse(unaudited(options, about));
        if (route === 'login' && !isForm) {
          return endResponse(await begin(options, forms, about, url.searchParams));
        }
        const finishing = isForm ? forms.submit(about) : finish(options, about, url.searchParams);
        endResponse(await options.writes.during(options.track(request).id, finishing));
      } catch (error) {
        endResponse(unexpected(options, request, serverContext, error));
      }
    },
  };
}

async function begin(
  options: LoginOptions,
  forms: PasswordForms,
  begun: KeyringRequest,
  parameters: URLSearchParams,
): Promise<Response> {
  const { browsers, failures } = options;
  const { apps, broker, returnTo } = options.services;
  const { request, setCookie } = begun;
  const refusedBecause = (reason: string) =>
    logRefused({ failures, audit: browsers.audit }, begun, 'BAD_USER_INPUT', reason);
  if (!isNavigation(request)) {
    refusedBecause('fetched by a page');
    return page(403, 'Open this page', 'Open this address in the browser itself to start a login.');
  }
  const login = parameters.get('login');
  if (login !== null) return forms.resume(begun, login);
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
  if (!apps.canLogIn(app)) {
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
  const goal = judged && withoutError(judged.page);
  if (broker.passwordLogin(app.apiKey) !== null) return forms.open(begun, app, goal);
  const { nonce, setCookies } = browsers.pendingLogins.begin(request, {
    apiKey: app.apiKey,
    returnTo: goal,
  });
  setCookies.forEach(setCookie);
  const address = apps.brokerLoginUrl(app.apiKey, [{ name: 'state', value: nonce }]);
  return redirect(address ?? browsers.origins.home);
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

/** Nothing is begun, and no token spent, that the audit log could not record: this very address works later. */
function unaudited({ failures }: LoginOptions, { requestId, device }: KeyringRequest): Response {
  const { code, status, retryAfterSeconds } = refusals.audit;
  const failure = { requestId, address: device.ipAddress, code };
  failures.write(failure, { code, reason: 'the audit log is full' }, 'Login refused');
  return refusalPage(code, [tryAgain], status, { 'retry-after': `${retryAfterSeconds}` });
}

/** Kite names no login when its user cancels: likely it was the one begun last. */
async function cancelled(
  options: LoginOptions,
  about: KeyringRequest,
  nonce: string,
): Promise<Response> {
  const { failures } = options;
  const { pendingLogins, cookies, audit } = options.browsers;
  const pending = pendingLogins.find(about.request);
  const named = pending.find((login) => login.nonce === nonce);
  // Any page can link here: only an address that knows the login's nonce ends it.
  if (named !== undefined) about.setCookie(cookies.clear(named.cookieName));
  const code = 'LOGIN_CANCELLED';
  logFailed({ failures, audit }, about, code);
  const { returnTo = null, apiKey } = named ?? pending[0] ?? {};
  return refused(options, returnTo, code, apiKey);
}

/** The same address again: it finishes the login, whose request token is unspent. */
const tryAgain: PageLink = { text: 'Try again', url: '' };

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
