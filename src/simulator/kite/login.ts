// The login flow: from the login page back to the app, as Kite goes about it.
import { type Context, Hono } from 'hono';
import { readText } from '../body.ts';
import type { SettledApp } from '../options.ts';
import { type Pages, pageHeaders } from '../page.ts';
import type { Kite } from './kite.ts';
import { loginPage, unknownAppPage } from './login-page.ts';
import { userNumberOf } from './users.ts';

/** The routes of the login page. */
export function loginRoutes(kite: Kite): Hono<Pages> {
  const { apps, accounts, seed } = kite.settings;
  const routes = new Hono<Pages>();

  const refuse = (c: Context) => c.html(unknownAppPage(), 400, pageHeaders);
  const show = (c: Context, app: SettledApp, redirectParams: string, error: string | null) =>
    c.html(
      loginPage({ app, redirectParams, accounts, seed, error }),
      error === null ? 200 : 400,
      pageHeaders,
    );

  // Whether Kite insists on v=3 is not established; here it may be left out.
  routes.get('/connect/login', (c) => {
    const app = apps.get(c.req.query('api_key') ?? '');
    return app ? show(c, app, c.req.query('redirect_params') ?? '', null) : refuse(c);
  });

  routes.post('/connect/login', async (c) => {
    const form = new URLSearchParams(await readText(c.env.incoming));
    const app = apps.get(form.get('api_key') ?? '');
    if (app === undefined) return refuse(c);
    const redirectParams = form.get('redirect_params') ?? '';
    const decision = form.get('decision');
    const back = (location: string) => c.body(null, 302, { ...pageHeaders, Location: location });

    if (decision === 'cancel') return back(cancelled(app));
    if (decision !== 'approve') return show(c, app, redirectParams, 'Approve or cancel.');
    const userId =
      form
        .getAll('user_id')
        .findLast((id) => id.trim() !== '')
        ?.trim() ?? '';
    if (userNumberOf(userId, accounts) === null) {
      return show(c, app, redirectParams, 'Unknown user.');
    }
    const requestToken = kite.requestTokens.issue(app.apiKey, userId, kite.clock.now());
    return back(approved(app, requestToken, redirectParams));
  });

  return routes;
}

function approved(app: SettledApp, requestToken: string, redirectParams: string): string {
  const own = new URLSearchParams({
    action: 'login',
    type: 'login',
    status: 'success',
    request_token: requestToken,
  });
  // The page that starts the login chooses these: they must not replace Kite's own.
  for (const [name, value] of new URLSearchParams(redirectParams)) {
    if (!kiteParameters.has(name)) own.append(name, value);
  }
  return withQuery(app.redirectUrl, own);
}

const kiteParameters = new Set(['action', 'type', 'status', 'request_token']);

// Kite does not give the redirect_params back to an app whose user has cancelled.
function cancelled(app: SettledApp): string {
  return withQuery(app.redirectUrl, new URLSearchParams({ status: 'cancelled' }));
}

// Joined as text: to go through URL.searchParams would rewrite the query the app registered.
function withQuery(address: string, parameters: URLSearchParams): string {
  const url = new URL(address);
  url.search = url.search === '' ? `?${parameters}` : `${url.search}&${parameters}`;
  return url.href;
}
