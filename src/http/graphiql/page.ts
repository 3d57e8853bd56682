// GraphiQL on the GraphQL address: offline, with tabs that greet a newcomer, and no token in the browser's storage.
import { createHash } from 'node:crypto';
import type { GraphiQLOptions } from 'graphql-yoga';
import type { GraphiqlPage } from '../../options.ts';
import { type LoginLink, withLoginBar } from './login-bar.ts';
import { tabs } from './tabs.ts';

/** Where the page lies, and the ways in that it offers. */
export interface GraphiqlPlace {
  /** The page's own address: logins come back to it. */
  readonly url: string;
  /** The apps through which browsers may log in, each with its login page. */
  readonly logins: readonly LoginLink[];
}

/** What the page shows first. */
export function graphiqlOptions(
  { authorization }: GraphiqlPage,
  { url }: GraphiqlPlace,
): GraphiQLOptions {
  const headers = JSON.stringify(authorization ? { Authorization: authorization } : {}, null, 2);
  return {
    title: 'kite-graphql',
    defaultTabs: tabs(headers, url),
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
  for (const name of ['localStorage', 'sessionStorage']) {
    Object.defineProperty(window, name, { value: new PageStorage() });
  }
  history.replaceState = () => {};
`;

/**
 * GraphiQL moves its tabs into their places by a transform, and leaves it on them: the first press then only takes it
 * away, and selects nothing.
 */
const tabsInPlace = '.graphiql-tab { transform: none !important }';

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
  const html = String(await renderGraphiQL(graphiqlOptions(page, place)));
  const start = `<head><style>${tabsInPlace}</style><script>${forgetful}</script>`;
  const forgetting = html.replace('<head>', () => start);
  const body = withLoginBar(forgetting, place.logins);
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
