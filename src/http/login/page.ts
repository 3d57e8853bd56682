// A plain page, for the few moments when a person meets the gateway itself.

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** A text as HTML that shows it, also within a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

/** Where a page leads on. */
export interface PageLink {
  readonly text: string;
  /** An empty one is the page itself, asked for again. */
  readonly url: string;
}

/** A small HTML page without scripts; all text is escaped. */
export function page(
  status: number,
  title: string,
  text: string,
  links: readonly PageLink[] = [],
  headers: Readonly<Record<string, string>> = {},
): Response {
  const [safeTitle, safeText] = [title, text].map(escapeHtml);
  const items = links.map(
    (link) => `<li><a href="${escapeHtml(link.url)}">${escapeHtml(link.text)}</a></li>\n`,
  );
  const list = items.length === 0 ? '' : `<ul>\n${items.join('')}</ul>\n`;
  const body = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${safeTitle}</title>
<style>:root { color-scheme: light dark } li { padding: .4rem 0 } body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1rem }</style>
<h1>${safeTitle}</h1>
<p>${safeText}</p>
${list}</html>
`;
  return new Response(body, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
  });
}
