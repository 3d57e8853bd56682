// The body of a request, as the floor and the bare servers read it.
import type { IncomingMessage } from 'node:http';

/** The whole body as text. */
export function bodyOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .once('end', () => resolve(Buffer.concat(chunks).toString()));
  });
}
