// A browser without a window: it keeps cookies, follows redirects one at a time, and sends an Origin.
import { parseSetCookie, stringifyCookie } from 'cookie';
import type { TypedDocumentString } from '../generated/graphql.ts';
import type { Answer } from './world.ts';

/** What one visit came to. */
export interface Visit {
  readonly status: number;
  readonly location: string | null;
  readonly headers: Headers;
  readonly text: string;
}

/** A browser with an empty cookie jar. */
export class Visitor {
  readonly cookies = new Map<string, string>();
  /** Every Set-Cookie line that was received. */
  readonly setCookies: string[] = [];
  readonly #gateway: string;
  readonly #pageOrigin: string;

  /** @param gateway the gateway's origin; @param pageOrigin that of the page which asks; by default the gateway's own. */
  constructor(gateway: string, pageOrigin: string = gateway) {
    this.#gateway = gateway;
    this.#pageOrigin = pageOrigin;
  }

  /** Goes to an address, as a link or a redirect would, and no further. */
  async visit(address: string, form?: Record<string, string>): Promise<Visit> {
    return this.#go(address, form, {});
  }

  /** Sends a form with headers of its own, as those that a browser adds. */
  async post(
    address: string,
    form: Record<string, string>,
    headers: Record<string, string>,
  ): Promise<Visit> {
    return this.#go(address, form, headers);
  }

  async #go(
    address: string,
    form: Record<string, string> | undefined,
    more: Record<string, string>,
  ): Promise<Visit> {
    const isGateway = address.startsWith(`${this.#gateway}/`);
    const response = await fetch(address, {
      redirect: 'manual',
      headers: { accept: 'text/html', ...(isGateway && this.#cookieHeader()), ...more },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    if (isGateway) this.#keep(response);
    const { status, headers } = response;
    return { status, headers, location: headers.get('location'), text: await response.text() };
  }

  /** From the gateway's login page to Kite, as the user given, and back to where Kite redirects. Stops before the callback. */
  async logInAtKite(
    loginUrl: string,
    userId: string,
    decision: 'approve' | 'cancel' = 'approve',
  ): Promise<string> {
    const toKite = await this.visit(loginUrl);
    if (toKite.location === null) throw new Error(`no redirect: ${toKite.status} ${toKite.text}`);
    const kite = new URL(toKite.location);
    const back = await this.visit(`${kite.origin}${kite.pathname}`, {
      api_key: kite.searchParams.get('api_key') ?? '',
      redirect_params: kite.searchParams.get('redirect_params') ?? '',
      user_id: userId,
      decision,
    });
    if (back.location === null)
      throw new Error(`no redirect from Kite: ${back.status} ${back.text}`);
    const callback = new URL(back.location);
    return `${this.#gateway}/callback${callback.search}`;
  }

  /** The whole login; the last visit. */
  async logIn(loginUrl: string, userId: string): Promise<Visit> {
    return this.visit(await this.logInAtKite(loginUrl, userId));
  }

  /** Asks a typed operation with the cookie. */
  ask<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables?: Variables,
    headers: Record<string, string> = {},
  ): Promise<Answer<Data>> {
    return this.askRaw(document.toString(), variables, headers);
  }

  /** Asks whatever text it is given, with the cookie. */
  async askRaw<Data = unknown>(
    query: string,
    variables?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<Data>> {
    const response = await fetch(`${this.#gateway}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        origin: this.#pageOrigin,
        'user-agent': 'Test browser',
        ...this.#cookieHeader(),
        ...headers,
      },
      body: JSON.stringify({ query, variables }),
    });
    this.#keep(response);
    const text = await response.text();
    const { data, errors = [] } = text === '' ? {} : JSON.parse(text);
    return { status: response.status, headers: response.headers, data, errors, text };
  }

  /** What it sends with a request of its page's own making. */
  headers(): Record<string, string> {
    return { origin: this.#pageOrigin, ...this.#cookieHeader() };
  }

  #cookieHeader(): { cookie?: string } {
    return this.cookies.size === 0
      ? {}
      : { cookie: stringifyCookie(Object.fromEntries(this.cookies)) };
  }

  #keep(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      this.setCookies.push(line);
      const { name, value, maxAge } = parseSetCookie(line);
      if (maxAge === 0) this.cookies.delete(name);
      else this.cookies.set(name, value ?? '');
    }
  }
}
