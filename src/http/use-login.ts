// Plugin: the login of browsers. /login begins one and leads to Kite; /callback is where Kite leads back,
// puts the session into the browser's keyring, and returns to the page that asked.
import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { PendingLogin } from '../browser-keyring.ts';
import type { Services } from '../context.ts';
import { KeyringFullError } from '../keyring/keyring.ts';
import { KeyringStoreError } from '../keyring/store.ts';
import { KiteError } from '../kite/error.ts';
import { Deadline } from '../kite/operation.ts';
import { Secret } from '../kite/secret.ts';
import type { ErrorCode } from '../schema/error-code.ts';
import { isToken } from '../schema/exchange-token-result.ts';
import { codeOf } from '../schema/problem.ts';
import { callerIdOf } from './caller-id.ts';
import {
  type BrowserKeyrings,
  type KeyringRequest,
  keepSession,
  keyringCookieOf,
} from './keep-session.ts';
import { page } from './page.ts';
import type { FoundLogin } from './pending-logins.ts';
import type { RequestTracker } from './request-tracker.ts';
import { logUnexpected } from './use-errors.ts';

/** The longest returnTo, in characters: it travels in a cookie, of which browsers drop one of 4,096 bytes. */
const longestReturnTo = 2_000;

/** What the `error` parameter of the page returned to may say. */
export type LoginError = ErrorCode | 'LOGIN_CANCELLED' | 'LOGIN_EXPIRED' | 'LOGIN_MISMATCH';

/** Where the routes find what they need. */
export interface LoginOptions {
  readonly services: Services;
  readonly browsers: BrowserKeyrings;
  readonly track: RequestTracker;
  readonly log: Logger;
  /** What of a request keyrings care about. */
  readonly keyringRequest: (request: Request, serverContext: unknown) => KeyringRequest;
}

/** Serves GET /login and GET /callback. */
export function useLogin(options: LoginOptions): Plugin {
  return {
    async onRequest({ request, url, serverContext, endResponse }) {
      if (request.method !== 'GET') return;
      const { pathname, searchParams } = url;
      if (pathname !== '/login' && pathname !== '/callback') return;
      try {
        const about = options.keyringRequest(request, serverContext);
        const answer = pathname === '/login' ? begin : finish;
        endResponse(await answer(options, about, searchParams));
      } catch (error) {
        endResponse(unexpected(options, request, error));
      }
    },
  };
}

async function begin(
  { services: { apps }, browsers }: LoginOptions,
  { request, setCookie }: KeyringRequest,
  parameters: URLSearchParams,
): Promise<Response> {
  const app = apps.find(parameters.get('app') ?? apps.only?.apiKey ?? '');
  if (app === undefined) {
    return page(400, 'No such app', 'This gateway does not serve the app that the address names.');
  }
  if (app.apiSecret === undefined) {
    return page(
      400,
      'No login here',
      'The gateway holds no secret for this app, so it cannot finish a login.',
    );
  }
  const asked = parameters.get('returnTo');
  const returnTo = asked === null ? null : pageToReturnTo(browsers, asked);
  if (asked !== null && returnTo === null) {
    return page(
      400,
      'Not a page of ours',
      'returnTo must be a page of this gateway’s own origin or of one that its operator allowed, ' +
        `and its address at most ${longestReturnTo} characters long.`,
    );
  }
  const { nonce, setCookies } = await browsers.pendingLogins.begin(request, {
    apiKey: app.apiKey,
    returnTo,
  });
  setCookies.forEach(setCookie);
  return redirect(apps.kiteLoginUrl(app.apiKey, [{ name: 'state', value: nonce }]));
}

/** A page that may be returned to; null for any other address. */
function pageToReturnTo({ origins }: BrowserKeyrings, address: string): string | null {
  const page = origins.trustedPage(address);
  if (page === null || page.length > longestReturnTo) return null;
  const url = new URL(page);
  // That of an earlier login, which the page has passed on with its own address: it would be reported again.
  if (url.searchParams.has('error')) url.searchParams.delete('error');
  return url.href;
}

async function finish(
  options: LoginOptions,
  about: KeyringRequest,
  parameters: URLSearchParams,
): Promise<Response> {
  const { browsers } = options;
  const { cookies } = browsers;
  const pending = await browsers.pendingLogins.find(about.request);
  const requestToken = parameters.get('request_token');
  const login = pending.find(({ nonce }) => nonce === parameters.get('state'));
  if (parameters.get('status') !== 'success' || requestToken === null) {
    // Kite echoes nothing when the user cancels: likely it was the login begun last. Where it may have been
    // another, none is forgotten, and each can still be finished.
    const cancelled = login ?? pending[0];
    if (cancelled && pending.length === 1) about.setCookie(cookies.clear(cancelled.cookieName));
    return refused(options, cancelled, 'LOGIN_CANCELLED');
  }
  if (login === undefined) return refused(options, pending[0], 'LOGIN_MISMATCH');
  if (login.late) {
    about.setCookie(cookies.clear(login.cookieName));
    return refused(options, login, 'LOGIN_EXPIRED');
  }
  if (!browsers.attempts(about.device.ipAddress)) return refused(options, login, 'RATE_LIMITED');
  const error = await keep(options, about, login, new Secret(requestToken));
  return error === null ? redirect(homeOf(options, login)) : refused(options, login, error);
}

/** Redeems the request token and keeps the session; the code of what went wrong, or null. */
async function keep(
  { services, browsers }: LoginOptions,
  about: KeyringRequest,
  { apiKey, cookieName }: FoundLogin,
  requestToken: Secret,
): Promise<LoginError | null> {
  const apiSecret = services.apps.find(apiKey)?.apiSecret;
  if (apiSecret === undefined) return 'LOGIN_MISMATCH';
  if (!isToken(requestToken)) return 'TOKEN_REJECTED';
  const deadline = new Deadline(
    services.operationTimeoutMilliseconds,
    callerIdOf(null, about.device),
  );
  try {
    // Kite takes the token once: it is not spent where its session could not be kept.
    await browsers.keyrings.ready();
    about.setCookie(browsers.cookies.clear(cookieName));
    const session = await services.kite.exchangeToken(
      apiKey,
      requestToken,
      { apiSecret },
      deadline,
    );
    await keepSession(browsers, about, keyringCookieOf(browsers, about.request), apiKey, session);
    return null;
  } catch (error) {
    if (error instanceof KiteError) return codeOf(error, 'redeem');
    if (error instanceof KeyringStoreError) return 'KEYRING_UNAVAILABLE';
    if (error instanceof KeyringFullError) return 'BAD_USER_INPUT';
    throw error;
  } finally {
    deadline.end();
  }
}

/** The gateway's own page, for a login that did not say where to return to. */
function homeOf({ browsers }: LoginOptions, { returnTo }: PendingLogin): string {
  return returnTo ?? browsers.origins.home;
}

function refused(
  options: LoginOptions,
  login: PendingLogin | undefined,
  error: LoginError,
): Response {
  if (login?.returnTo == null)
    return page(
      400,
      'Not logged in',
      `${explanations[error] ?? 'Kite did not confirm the login.'} (${error})`,
    );
  const url = new URL(homeOf(options, login));
  url.searchParams.set('error', error);
  return redirect(url.href);
}

const explanations: Partial<Record<LoginError, string>> = {
  LOGIN_CANCELLED: 'The login was cancelled.',
  LOGIN_EXPIRED: 'The login took too long. Begin it again.',
  LOGIN_MISMATCH: 'This browser has begun no such login. Begin it again, in this browser.',
  TOKEN_REJECTED: 'Kite refused the login’s token. Begin the login again.',
  RATE_LIMITED: 'Too many logins from this address. Try again in a minute.',
};

/** Yoga would answer with the stack. */
function unexpected({ track, log }: LoginOptions, request: Request, error: unknown): Response {
  const { id } = track(request);
  const cause = error instanceof Error ? error : new Error(typeof error);
  logUnexpected(new GraphQLError(cause.message, { originalError: cause }), id, request, log);
  const text = `Something went wrong in the gateway. Its log has more under request id ${id}.`;
  return page(500, 'Not logged in', text);
}

function redirect(location: string): Response {
  // The address that leads here holds a request token: it must reach no cache and no Referer header.
  const headers = { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };
  return new Response(null, { status: 303, headers });
}
