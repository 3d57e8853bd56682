// The bar above GraphiQL: the accounts of this browser, a link for each app to log in, and a link to the query.
import { escapeHtml } from '../login/page.ts';
import { createAccountList } from './account-list.ts';
import { startBar } from './bar-script.ts';
import { createEditors } from './editors.ts';
import { plainQuery } from './plain-query.ts';

/** A way to log in. */
export interface LoginLink {
  readonly apiKey: string;
  /** What people call the app. */
  readonly name: string;
  /** The gateway's login page for it, which comes back here. */
  readonly url: string;
}

/** What the bar is made of. */
export interface Bar {
  /** The page's own address. */
  readonly url: string;
  readonly logins: readonly LoginLink[];
  /** The page of the simulator; undefined with a real broker. */
  readonly simulatorUrl?: string | undefined;
  /** The query of the tab that a login ends on, where its user has closed the tab. */
  readonly landing: string;
}

/** The bar, as HTML. Its script must be allowed to run. */
export function barHtml({ url, logins, simulatorUrl, landing }: Bar): string {
  // A window of its own, so that this page keeps what was typed.
  const links = logins.map(
    (login) =>
      `<a href="${escapeHtml(login.url)}" data-app="${escapeHtml(login.apiKey)}" target="_blank" rel="noopener">${escapeHtml(login.name)}</a>`,
  );
  const accounts = `
    <button id="browser-toggle" type="button" aria-expanded="false" aria-controls="browser-panel">This browser</button>
    <h1 id="browser-head">This browser</h1>`;
  const panel = `
      <ul id="browser-accounts" aria-label="Accounts of this browser"></ul>
      <button id="browser-log-out" type="button" hidden>Log out all</button>
      <nav id="login" aria-label="Log in with this browser">Log in: ${links.join(' ')}</nav>`;
  const simulator =
    simulatorUrl === undefined
      ? ''
      : `<a href="${escapeHtml(simulatorUrl)}" target="_blank" rel="noopener">Simulator’s page</a>`;
  return `<section id="browser" aria-label="This browser" data-home="${escapeHtml(url)}" data-landing="${escapeHtml(landing)}">
    ${logins.length > 0 ? accounts : ''}
    <div id="browser-panel">
      ${logins.length > 0 ? panel : ''}
      <span class="end"><button id="browser-share" type="button">Link to this query</button> ${simulator}</span>
    </div>
    <output id="browser-status"></output>
  </section><script>(${startBar})(${createEditors}, ${createAccountList}, ${plainQuery})</script>`;
}
