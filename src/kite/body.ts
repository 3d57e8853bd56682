// The body of an answer as text, whatever encoding a server insisted on.
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { KiteError } from './error.ts';
import { longestBody } from './transport.ts';

const readers = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
} as const;

/**
 * The text of a body.
 * @param encoding the Content-Encoding; one that is unknown leaves the bytes as they are.
 * @throws KiteError `invalid-response` for bytes not in that encoding, or longer than {@link longestBody} without it.
 */
export function bodyText(bytes: Buffer, encoding: unknown): string {
  const read = typeof encoding === 'string' ? readerOf(encoding.toLowerCase()) : undefined;
  if (read === undefined) return bytes.toString('utf8');
  try {
    // At once and in this thread: nobody asks Kite for compression, so this is the rare server that does as it likes.
    return read(bytes, { maxOutputLength: longestBody }).toString('utf8');
  } catch {
    throw new KiteError('invalid-response');
  }
}

function readerOf(encoding: string) {
  const known = Object.entries(readers).find(([name]) => name === encoding);
  return known?.[1];
}
