// From the bytes of an answer to its text, the same over every HTTP client, within a bound.
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { BrokerError, codeOfStatus } from '../error.ts';
import { retryAfter, type UpstreamResponse } from './transport.ts';

type Decompress = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Buffer;

const decompressors = new Map<string, Decompress>([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', inflateSync],
  ['br', brotliDecompressSync],
  ['zstd', zstdDecompressSync],
]);

/** The headers that are read, by their lower-case names. */
export interface AnswerHeaders {
  readonly 'content-encoding'?: string | string[] | undefined;
  readonly 'retry-after'?: string | string[] | undefined;
  readonly date?: string | string[] | undefined;
}

/**
 * An answer with its body as text, without a byte-order mark.
 * A Content-Encoding that is unknown leaves the bytes as they are.
 * @throws BrokerError `invalid-response` for bytes that are not in their encoding; {@link bodyTooLong} for a body
 * that is longer than `maxBytes` without its encoding.
 */
export function readAnswer(
  status: number,
  headers: AnswerHeaders,
  bytes: Buffer,
  maxBytes: number,
): UpstreamResponse {
  const plain = decompress(bytes, headers['content-encoding'], status, maxBytes);
  const text = plain.toString('utf8');
  return {
    status,
    body: text.charCodeAt(0) === 0xfeff ? text.slice(1) : text,
    retryAfterSeconds: retryAfter(headers['retry-after'], headers.date),
  };
}

/** The error for a body over the bound: what its status says of the broker's health, else `invalid-response`. */
export function bodyTooLong(status: number): BrokerError {
  return new BrokerError(codeOfStatus(status) ?? 'invalid-response', { status });
}

function decompress(bytes: Buffer, encoding: unknown, status: number, maxOutputLength: number) {
  const name = typeof encoding === 'string' ? encoding.trim().toLowerCase() : '';
  const read = decompressors.get(name);
  if (read === undefined) return bytes;
  try {
    // At once and in this thread: the gateway asks for no compression, so few servers send any.
    return read(bytes, { maxOutputLength });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw bodyTooLong(status);
    throw new BrokerError('invalid-response', { status, systemCode: code });
  }
}
