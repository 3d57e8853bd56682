// The tabs that GraphiQL begins with: the first steps of a newcomer.
import type { GraphiQLOptions } from 'graphql-yoga';
import { browserMargins, liveBrowser, liveSessions, logOut, thisBrowser } from './browser-tabs.ts';
import {
  deferred,
  liveMargins,
  login,
  margins,
  severalAccounts,
  sum,
  whoAmI,
} from './header-tabs.ts';

/**
 * The tabs, from the simplest: those of the credentials in the header, then those of the browser's cookie.
 * @param headers the headers, as JSON, that say who is asking.
 * @param url where a login comes back to.
 */
export function tabs(headers: string, url: string): NonNullable<GraphiQLOptions['defaultTabs']> {
  const variables = JSON.stringify({ requestToken: 'paste it here' }, null, 2);
  const byHeader = [whoAmI, margins, severalAccounts, sum, deferred, liveMargins];
  const byCookie = [thisBrowser(url), browserMargins, liveBrowser, liveSessions, logOut];
  return [
    ...byHeader.map((query) => ({ query, headers })),
    ...byCookie.map((query) => ({ query, headers: '{}' })),
    { query: login, variables, headers },
  ];
}
