// What a panel asks, as text to copy: the document, a call of fetch, a command of curl, and a link to GraphiQL.

/** An operation to copy. */
export interface Snippet {
  readonly document: { toString(): string };
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** The document, its variables as defaults, so that it runs as it is. */
export function asGraphql({ document, variables = {} }: Snippet): string {
  let text = document.toString().trim();
  for (const [name, value] of Object.entries(variables)) {
    const definition = new RegExp(`\\$${name}: [\\w![\\]]+(?: = [^,)]*)?`);
    text = text.replace(definition, (found) =>
      value === undefined ? found : `${found.replace(/ = .*$/, '')} = ${JSON.stringify(value)}`,
    );
  }
  return text;
}

function bodyOf({ document, variables = {} }: Snippet, space?: number): string {
  return JSON.stringify({ query: document.toString().trim(), variables }, null, space);
}

/** A call of fetch, from a page of the gateway's own origin. */
export function asFetch(snippet: Snippet, url: string): string {
  return [
    `const response = await fetch(${JSON.stringify(url)}, {`,
    "  method: 'POST',",
    "  credentials: 'include',",
    "  headers: { 'content-type': 'application/json', accept: 'application/json' },",
    `  body: JSON.stringify(${bodyOf(snippet, 2).replaceAll('\n', '\n  ')}),`,
    '});',
    'const { data, errors } = await response.json();',
    '',
  ].join('\n');
}

/** A command of curl. The cookie of a browser is out of reach of its pages, so it has a header to fill in. */
export function asCurl(snippet: Snippet, url: string): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  return [
    `curl ${quoted(url)} \\`,
    "  -H 'Content-Type: application/json' \\",
    "  -H 'Authorization: token <api_key>:<access_token>' \\",
    `  -d ${quoted(bodyOf(snippet))}`,
    '',
  ].join('\n');
}

/** The address of GraphiQL with the document in a tab, which is not run. */
export function graphiqlLink(snippet: Snippet, url: string): string {
  return `${url}#${new URLSearchParams({ query: asGraphql(snippet), as: 'browser' })}`;
}
