// What every API reads of a request: its body and its path.
import type { IncomingMessage } from 'node:http';

const mostCharacters = 65_536;

/**
 * Reads a body as text.
 * @throws RangeError where it is longer than any call needs, ending the connection; Error where the client
 * goes away in the middle.
 */
export async function readText(incoming: IncomingMessage): Promise<string> {
  let body = '';
  incoming.setEncoding('utf8');
  for await (const chunk of incoming) {
    body += String(chunk);
    if (body.length > mostCharacters) throw new RangeError('request body too large');
  }
  return body;
}

/** The path and the query of a request line; the query is empty if it is missing. */
export function splitUrl(url: string): [path: string, query: string] {
  const mark = url.indexOf('?');
  return mark === -1 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}
