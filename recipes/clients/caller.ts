// Who calls: a page by the cookie of its browser, a server by credentials in a header.

/** The address of the gateway, and what every request to it carries. */
export interface Caller {
  readonly url: string;
  readonly credentials?: 'include';
  readonly headers?: Readonly<Record<string, string>>;
}

/** A page: the browser adds the cookie. The origin of the page is in the gateway's ALLOWED_ORIGINS. */
export const page: Caller = { url: 'http://localhost:4000/graphql', credentials: 'include' };

/** A server that keeps tokens itself: one credential for each account, separated by commas. */
export const server: Caller = {
  url: 'http://localhost:4000/graphql',
  headers: { authorization: 'token simulator:SIM0001-token, token simulator:expired' },
};
