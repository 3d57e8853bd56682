// From the bytes of a broker's answer to its text and its JSON, the same over every HTTP client, within bounds.
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { BrokerError, codeOfStatus } from '../error.ts';
import type { UpstreamResponse } from './transport.ts';

type Decompress = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Buffer;

const decompressors = new Map<string, Decompress>([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', inflateSync],
  ['br', brotliDecompressSync],
  ['zstd', zstdDecompressSync],
]);

/** The headers that are read, by their lower-case names. */
export interface ReadHeaders {
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
  headers: ReadHeaders,
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

/** The longest wait that is believed, in seconds: as many digits as are read. */
const believedSeconds = 999_999;

/**
 * A Retry-After header in seconds; null where it is absent or cannot be read.
 * @param date the answer's Date header, from which a Retry-After that is a date counts: the two clocks may differ.
 */
export function retryAfter(header: unknown, date: unknown): number | null {
  if (typeof header !== 'string') return null;
  if (/^\d{1,6}$/.test(header)) return Number(header);
  const at = httpDate(header);
  if (at === null) return null;
  const seconds = Math.ceil((at - (httpDate(date) ?? Date.now())) / 1_000);
  return Math.min(Math.max(0, seconds), believedSeconds);
}

/** A date as HTTP writes it, in milliseconds since the epoch; null for anything else. */
function httpDate(text: unknown): number | null {
  if (typeof text !== 'string' || !/^[A-Z][a-z]{2,8},? .* GMT$/.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

/** The value of a JSON text; undefined where it is no JSON, or has more than `maxNesting` objects and lists inside each other. */
export function parseJson(body: string, maxNesting: number): unknown {
  // Before parsing: a deep text costs hundreds of times its size in memory.
  if (hasMore(body, maxNesting) && isDeeper(body, maxNesting)) return undefined;
  try {
    return JSON.parse(body);
  } catch {
    // The parser's own error quotes the body's beginning, which may hold a token.
    return undefined;
  }
}

const [quote, backslash, openList, closeList, openObject, closeObject] = [...'"\\[]{}'].map(
  (character) => character.charCodeAt(0),
);

/** Whether a JSON text may have more than `max` objects and lists at all: most answers have so few that none can be deep. */
function hasMore(json: string, max: number): boolean {
  let count = 0;
  for (const opening of ['{', '[']) {
    for (let at = json.indexOf(opening); at !== -1; at = json.indexOf(opening, at + 1)) {
      count += 1;
      if (count > max) return true;
    }
  }
  return false;
}

/** Whether more than `max` objects and lists of a JSON text stand inside each other. */
function isDeeper(json: string, max: number): boolean {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (inText) {
      if (code === backslash) at += 1;
      else if (code === quote) inText = false;
    } else if (code === quote) inText = true;
    else if (code === openObject || code === openList) {
      depth += 1;
      if (depth > max) return true;
    } else if (code === closeObject || code === closeList) depth -= 1;
  }
  return false;
}
