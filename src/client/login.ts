// Logins of a browser: the address to send it to, and the error that it comes back with.

/** What names an app: its key, or an object of the gateway that has the key or the login page. */
export type LoginApp =
  | string
  | { readonly loginUrl?: string | null | undefined; readonly apiKey?: string | undefined };

/** Where a login goes, and where it returns to. */
export interface LoginOptions {
  /**
   * The app: its key, an `App`, an `Account` or a `Session`, or an error with a `loginUrl`, such as SESSION_EXPIRED.
   * Can be left out where the gateway has one app.
   */
  readonly app?: LoginApp;
  /** The page to return to, of an allowed origin. Default: this page. */
  readonly returnTo?: string | URL;
}

/** The gateway's login page, for a link. @param url the address of GraphQL. @throws TypeError for a page that is not of the web. */
export function loginUrlOf(url: string, { app = {}, returnTo }: LoginOptions): string {
  const here: Location | undefined = globalThis.location;
  const { loginUrl, apiKey }: Exclude<LoginApp, string> =
    typeof app === 'string' ? { apiKey: app } : app;
  const address = new URL(loginUrl || 'login', new URL(url, here?.href));
  if (!/^https?:$/.test(address.protocol)) throw new TypeError('A login page is at http or https.');
  const parameters = address.searchParams;
  if (apiKey && !parameters.has('app')) parameters.set('app', apiKey);
  if (returnTo) parameters.set('returnTo', `${returnTo}`);
  else if (here && !parameters.has('returnTo')) {
    parameters.set('returnTo', `${withoutError(here.href)}`);
  }
  return address.href;
}

function withoutError(address: string): URL {
  const page = new URL(address);
  page.hash = '';
  page.searchParams.delete('error');
  return page;
}

/**
 * Reads the code of a login that failed from the address of this page, and takes it out of the address, so that a
 * reload does not show it again. Null if there is no such code.
 */
export function takeLoginError(): string | null {
  const code = new URLSearchParams(location.search).get('error');
  if (code !== null) {
    const page = new URL(location.href);
    page.searchParams.delete('error');
    history.replaceState(history.state, '', page);
  }
  return code;
}
