// GraphiQL on the GraphQL address: offline, with tabs that greet a newcomer, and no token in the browser's storage.
import { createHash } from 'node:crypto';
import type { GraphiQLOptions } from 'graphql-yoga';
import type { Apps } from '../../brokers/apps.ts';
import type { GraphiqlPage } from '../../options.ts';
import { barHtml, type LoginLink } from './bar.ts';
import { thisBrowser } from './browser-tabs.ts';
import { addHistory } from './history.ts';
import { createHistory } from './history-script.ts';
import { reportLogin } from './login-report.ts';
import { plainQuery } from './plain-query.ts';
import { style } from './style.ts';
import { tabs } from './tabs.ts';

/** Where the page lies, and the ways in that it offers. */
export interface GraphiqlPlace {
  /** The page's own address. */
  readonly url: string;
  /** The address that logins come back to, which makes the page report them. */
  readonly returnTo: string;
  /** The apps through which browsers may log in, each with its login page. */
  readonly logins: readonly LoginLink[];
}

/** Where the page lies, and the listed apps that browsers can log in through. */
export function placeOf({ href: url }: URL, apps: Apps): GraphiqlPlace {
  const returnTo = `${url}?login=done`;
  const logins = apps.listed.filter(apps.canLogIn).map(({ apiKey, name }) => ({
    apiKey,
    name: name ?? apiKey,
    url: apps.loginUrl(apiKey, returnTo),
  }));
  return { url, returnTo, logins };
}

/** What the page shows first. */
export function graphiqlOptions(
  { authorization }: GraphiqlPage,
  { returnTo }: GraphiqlPlace,
): GraphiQLOptions {
  const headers = JSON.stringify(authorization ? { Authorization: authorization } : {}, null, 2);
  return {
    title: 'kite-graphql',
    defaultTabs: tabs(headers, returnTo),
    defaultHeaders: headers,
    headers,
    shouldPersistHeaders: false,
    defaultEditorToolsVisibility: 'headers',
    credentials: 'same-origin',
    // Also for subscriptions: the gateway uses the cookie only with a POST.
    method: 'POST',
  };
}

/**
 * Runs before GraphiQL: gives it a storage that ends with the page, and keeps queries out of the address.
 * It would otherwise leave variables, answers and queries, and so tokens, in the browser for anyone after.
 * Only the history goes into the browser's own storage, as it has no credentials.
 */
const forgetful = `
  class PageStorage {
    getItem(key) { return Object.hasOwn(this, key) ? this[key] : null; }
    setItem(key, value) { this[key] = String(value); }
    removeItem(key) { delete this[key]; }
    clear() { for (const key of Object.keys(this)) delete this[key]; }
    key(index) { return Object.keys(this)[index] ?? null; }
    get length() { return Object.keys(this).length; }
  }
  class StorageWithHistory extends PageStorage {
    #own = null;
    constructor(own) {
      super();
      this.#own = own;
    }
    getItem(key) {
      const name = this.#nameOf(key);
      if (name === null) return super.getItem(key);
      try {
        const text = this.#own.getItem(name);
        return Array.isArray(JSON.parse(text)[key.slice(9)]) ? text : null;
      } catch { return null; }
    }
    setItem(key, value) {
      const name = this.#nameOf(key);
      if (name === null) return super.setItem(key, value);
      this.#own.setItem(name, value);
    }
    #nameOf(key) {
      if (this.#own === null || (key !== 'graphiql:queries' && key !== 'graphiql:favorites')) return null;
      return 'kite-graphql history ' + key.slice(9);
    }
  }
  function ownStorage() { try { return localStorage; } catch { return null; } }
  const storages = { localStorage: new StorageWithHistory(ownStorage()), sessionStorage: new PageStorage() };
  for (const [name, value] of Object.entries(storages)) Object.defineProperty(window, name, { value });
  history.replaceState = () => {};
`;

/** A value as a script inside HTML may hold it. */
const quote = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c');

/** A page, and the headers that go with it. */
export interface RenderedPage {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

/** Renders the page. Its nine megabytes are loaded with the first visit. */
export async function renderGraphiqlPage(
  page: GraphiqlPage,
  place: GraphiqlPlace,
): Promise<RenderedPage> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const options = graphiqlOptions(page, place);
  const html = addHistory(String(await renderGraphiQL(options)));
  const start = `<head><meta name="viewport" content="width=device-width, initial-scale=1"><script>${forgetful}
    globalThis.gatewayHistory = (${createHistory})(${quote(options.headers)}, ${plainQuery});
    (${reportLogin})()</script>`;
  const { url, logins, returnTo } = place;
  const { simulatorUrl } = page;
  const bar = barHtml({ url, logins, simulatorUrl, landing: thisBrowser(returnTo) });
  const root = '<div id="root">';
  const body = html
    .replace('<head>', () => start)
    // Behind GraphiQL's own style sheet.
    .replace('</head>', () => `<style>${style}</style></head>`)
    .replace(root, () => `${bar}${root}`)
    // So that the bar can read and fill the editors.
    .replace('globalAPI: false', 'globalAPI: true');
  const scripts = [...body.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text = '']) => text);
  return {
    body: new TextEncoder().encode(body),
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': contentSecurityPolicy(scripts),
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    },
  };
}

/** Lets the page run its own scripts, talk to its own origin, and nothing else. */
function contentSecurityPolicy(scripts: readonly string[]): string {
  const hashes = scripts.map(
    (script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
  return [
    "default-src 'none'",
    `script-src ${hashes.join(' ')}`,
    // The editor starts its language services from scripts inside the page, and styles its lines one by one.
    'worker-src blob:',
    "style-src 'unsafe-inline'",
    'font-src data:',
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
