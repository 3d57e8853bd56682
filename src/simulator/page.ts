// The frame of every HTML page: self-contained, nothing loaded from anywhere.
import type { HttpBindings } from '@hono/node-server';
import { html, raw } from 'hono/html';

/** What the routes of pages and of the control API find in their environment: Node's own request and response. */
export interface Pages {
  /** Typed as the router wants it. */
  Bindings: HttpBindings;
}

/** HTML in which everything from outside has been escaped. */
export type Html = ReturnType<typeof html>;

const style = raw(`
  :root { color-scheme: light dark; --accent: #c2410c; --line: color-mix(in srgb, currentColor 22%, transparent); }
  @media (prefers-color-scheme: dark) { :root { --accent: #fb923c; } }
  * { box-sizing: border-box; }
  body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
  main { max-width: 42rem; margin: 2.5rem auto; padding: 0 1.25rem; }
  h1 { font-size: 1.5rem; line-height: 1.25; }
  h2 { font-size: 1.1rem; margin-top: 2rem; }
  a { color: var(--accent); }
  code, pre { font: .875em/1.5 ui-monospace, monospace; }
  pre { padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .5rem; overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; }
  td code { overflow-wrap: anywhere; }
  td:first-child code { white-space: nowrap; }
  fieldset p { margin: .5rem 0; }
  th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); }
  fieldset { border: 1px solid var(--line); border-radius: .5rem; margin: 0 0 1.25rem; padding: .5rem 1rem 1rem; }
  legend { padding: 0 .4rem; font-weight: 600; }
  .users { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: .1rem 1rem; }
  .users label { display: flex; gap: .6rem; align-items: center; padding: .3rem 0; }
  .fields { display: grid; grid-template-columns: fit-content(40%) 1fr; gap: .5rem 1rem; align-items: center; }
  output:empty { display: none; }
  output { display: block; border-left: 4px solid var(--accent); padding: .5rem 1rem; position: sticky; top: 0; background: Canvas; }
  #faults { padding-left: 1.25rem; }
  select, input:not([type=radio]) { font: inherit; padding: .4rem .6rem; border: 1px solid var(--line); border-radius: .4rem; width: 100%; max-width: 17rem; }
  button { font: inherit; padding: .5rem 1rem; margin: .15rem 0; border: 1px solid var(--line); border-radius: .4rem; cursor: pointer; background: transparent; color: inherit; }
  button.main { background: #c2410c; border-color: #c2410c; color: #fff; }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
  .error { border-left: 4px solid var(--accent); padding: .5rem 1rem; }
  .note { opacity: .8; font-size: .9rem; }
`);

/** The headers of every HTML page. */
export const pageHeaders = {
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
};

/** A whole page. */
export function page(title: string, content: Html): Html {
  // The empty icon keeps browsers from asking the API for /favicon.ico.
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`;
}
