// Logins without a browser: the requests that a browser would send, and the cookie that it would have.
import type { SimulatedUser, SimulatorControl } from './simulator.ts';

/** The cookie of a browser that is logged in; Playwright's `context.addCookies([cookie])` takes it. */
export interface LoginCookie {
  readonly name: string;
  readonly value: string;
  /** The address that it is sent to. */
  readonly url: string;
  readonly httpOnly: true;
  readonly sameSite: 'Lax';
}

/**
 * Logs users in, one after the other.
 * @param hasList whether the gateway executes trusted documents only; then it has `loginDocuments` among them.
 * @throws Error if a login fails.
 */
export async function logIn(
  origin: string,
  simulator: SimulatorControl,
  userIds: readonly string[],
  hasList: boolean,
): Promise<LoginCookie> {
  const browser = new Browser(origin, hasList);
  for (const userId of userIds) {
    const user = simulator.users.find((each) => each.userId === userId);
    if (user === undefined) throw new Error(`There is no simulated user ${userId}.`);
    if (user.broker === 'KITE') await logInAtKite(browser, user);
    else await logInAtKotak(browser, user, simulator);
  }
  const [cookie] = browser.cookies;
  if (cookie === undefined) throw new Error('Name a user to log in.');
  const [name, value] = cookie;
  return { name, value, url: origin, httpOnly: true, sameSite: 'Lax' };
}

async function logInAtKite(browser: Browser, { userId }: SimulatedUser): Promise<void> {
  const start = new URLSearchParams({ app: 'simulator', returnTo: `${browser.origin}/graphql` });
  const login = await browser.follow(`${browser.origin}/login?${start}`);
  const form = new URLSearchParams(login.search);
  form.set('user_id', userId);
  form.set('decision', 'approve');
  const callback = await browser.follow(`${login.origin}${login.pathname}`, form);
  const page = await browser.follow(callback.href);
  const error = page.searchParams.get('error');
  if (error !== null) throw new Error(`The login of ${userId} failed: ${error}`);
}

/** The documents of the logins, by their ids. */
export const loginDocuments = {
  'kite-graphql.testing.begin': `mutation Begin($input: BeginLoginInput!) {
  result: beginLogin(input: $input) { ... on LoginChallenge { id method } ... on ApiError { code } }
}`,
  'kite-graphql.testing.complete': `mutation Complete($input: CompleteLoginInput!) {
  result: completeLogin(input: $input) { ... on Session { id } ... on ApiError { code } }
}`,
} as const;

async function logInAtKotak(
  browser: Browser,
  { userId, password }: SimulatedUser,
  simulator: SimulatorControl,
): Promise<void> {
  const challenge = await browser.ask('kite-graphql.testing.begin', { userId, password });
  if (challenge.code) throw new Error(`The login of ${userId} failed: ${challenge.code}`);
  const codes = await simulator.accessCodes();
  const code = codes.findLast((each) => each.userId === userId)?.accessCode;
  const isAsked = challenge.method === 'ACCESS_CODE';
  const session = await browser.ask('kite-graphql.testing.complete', {
    challengeId: challenge.id,
    ...(isAsked && { accessCode: code }),
  });
  if (session.code) throw new Error(`The login of ${userId} failed: ${session.code}`);
}

interface LoginAnswer {
  readonly id?: string;
  readonly method?: string;
  readonly code?: string;
}

/** It keeps the cookies of the gateway, and stops at each redirect. */
class Browser {
  readonly origin: string;
  readonly cookies = new Map<string, string>();

  readonly #hasList: boolean;

  constructor(origin: string, hasList: boolean) {
    this.origin = origin;
    this.#hasList = hasList;
  }

  /** Goes to a page that redirects. @returns where to. */
  async follow(address: string, form?: URLSearchParams): Promise<URL> {
    const response = await this.#send(address, form && { method: 'POST', body: form });
    const location = response.headers.get('location');
    if (location !== null) return new URL(location, address);
    const { pathname } = new URL(address);
    throw new Error(`The login ended at ${pathname}, with HTTP ${response.status}`);
  }

  /** Sends a mutation of a login. */
  async ask(documentId: keyof typeof loginDocuments, input: object): Promise<LoginAnswer> {
    const document = this.#hasList ? { documentId } : { query: loginDocuments[documentId] };
    const response = await this.#send(`${this.origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: this.origin },
      body: JSON.stringify({ ...document, variables: { input } }),
    });
    const { data, errors } = await response.json();
    return data?.result ?? { code: errors?.[0]?.extensions?.code };
  }

  async #send(address: string, init: RequestInit = {}): Promise<Response> {
    const isGateway = new URL(address).origin === this.origin;
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(address, {
      ...init,
      redirect: 'manual',
      headers: { ...init.headers, ...(isGateway && { cookie }) },
    });
    for (const line of isGateway ? response.headers.getSetCookie() : []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/;\s*max-age=0/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }
}
