// The bar above GraphiQL: a link for each app to log in with this browser, and what became of the last login.
import { escapeHtml } from '../login/page.ts';

/** A way to log in. */
export interface LoginLink {
  /** What people call the app. */
  readonly name: string;
  /** The gateway's login page for it, which comes back here. */
  readonly url: string;
}

const style = `
  body { display: flex; flex-direction: column; height: 100vh }
  #root { flex: 1; min-height: 0 }
  #root .graphiql-container { height: 100% }
  #login { font: 14px/1.5 system-ui, sans-serif; padding: 8px 16px; color-scheme: light dark;
    background: Canvas; color: CanvasText }
  #login a { font-weight: bold; margin-right: 8px }
`;

// Runs behind the bar. Any page can set the parameter in the URL: show it only as text, and only if it is a code.
const report = `
  const error = new URLSearchParams(location.search).get('error') ?? '';
  if (/^[A-Z_]{1,40}$/.test(error)) {
    document.querySelector('#login output').textContent = 'The last login failed: ' + error + '.';
  }
`;

/** The page with the bar at its top; unchanged without an app to log in through. Its script must be allowed to run. */
export function withLoginBar(html: string, logins: readonly LoginLink[]): string {
  if (logins.length === 0) return html;
  const links = logins.map(
    ({ name, url }) => `<a href="${escapeHtml(url)}">${escapeHtml(name)}</a>`,
  );
  const bar = `<nav id="login">Log in with this browser: ${links.join(' ')}
    <span>Then run the tab ThisBrowser.</span> <output></output></nav>`;
  const root = '<div id="root">';
  return html.replace(root, () => `<style>${style}</style>${bar}<script>${report}</script>${root}`);
}
