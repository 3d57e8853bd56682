// The HTML of the console: a frame for its script, under a policy that lets it reach nothing but this gateway.
import { escapeHtml } from '../login/page.ts';

/** What the script of the console has to know of its gateway. */
export interface ConsolePlace {
  /** The path before all addresses of the gateway, such as `/kite`, or empty. */
  readonly prefix: string;
  /** The console's address as browsers reach it, which logins come back to. */
  readonly home: string;
  /** The operator's name. */
  readonly name: string;
  readonly hasLogo: boolean;
  readonly graphiql: boolean;
  /** Whether operations are sent by the ids of their documents. */
  readonly trusted: boolean;
}

/** The page. Its script and its style are files: nothing in it is executed by itself. */
export function consolePage(place: ConsolePlace): string {
  const { prefix, home, name, hasLogo, graphiql, trusted } = place;
  const files = `${prefix}/console`;
  const attributes = {
    home,
    name,
    graphql: `${prefix}/graphql`,
    logo: hasLogo ? `${files}/logo` : '',
    graphiql: String(graphiql),
    trusted: String(trusted),
  };
  const data = Object.entries(attributes).map(
    ([key, value]) => ` data-${key}="${escapeHtml(value)}"`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(name)}</title>
<link rel="icon" type="image/svg+xml" href="${escapeHtml(files)}/icon.svg">
<link rel="stylesheet" href="${escapeHtml(files)}/console.css">
<script type="module" src="${escapeHtml(files)}/console.js"></script>
</head>
<body>
<div id="console"${data.join('')}></div>
<noscript>The console needs JavaScript. The GraphQL API is at ${escapeHtml(prefix)}/graphql.</noscript>
</body>
</html>
`;
}

/** The headers of the page. */
export const consolePageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};
