// The body of a request.
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
