// Kite's envelope, {status, data} or {status, message, error_type, data}: out comes data or a BrokerError.
// The envelope is read before the HTTP status, because an error can arrive with HTTP 200.

import { BrokerError, type BrokerErrorCode, codeOfStatus } from '../error.ts';
import { isRecord } from '../field.ts';
import { cleanMessage } from '../upstream/clean-message.ts';
import type { Secret } from '../upstream/secret.ts';
import type { UpstreamResponse } from '../upstream/transport.ts';

/**
 * The `data` of a successful answer, unparsed.
 * @param secrets what the request carried, so that no message can repeat it.
 * @param maxNesting objects and lists inside each other; an answer with more is refused.
 * @throws BrokerError for an error envelope, an error status, and any other answer that is not an envelope.
 */
export function openEnvelope(
  response: UpstreamResponse,
  secrets: readonly Secret[],
  maxNesting: number,
): unknown {
  const { status } = response;
  const envelope = parseJson(response.body, maxNesting);
  if (!isRecord(envelope) || !('status' in envelope || 'error_type' in envelope)) {
    throw new BrokerError(codeOfStatus(status) ?? 'invalid-response', details(response));
  }
  if (envelope.status === 'error' || typeof envelope.error_type === 'string') {
    // Read before anything is replaced: a secret may hold the very word that decides.
    throw new BrokerError(codeOfError(envelope, status), {
      ...details(response),
      errorType: printableWord(envelope.error_type, secrets),
      brokerMessage: cleanMessage(envelope.message, secrets),
    });
  }
  if (status >= 400) {
    throw new BrokerError(codeOfStatus(status) ?? 'invalid-response', details(response));
  }
  if (envelope.status !== 'success' || envelope.data === undefined) {
    throw new BrokerError('invalid-response', details(response));
  }
  return envelope.data;
}

function details(response: UpstreamResponse) {
  return { status: response.status, retryAfterSeconds: response.retryAfterSeconds };
}

function parseJson(body: string, maxNesting: number): unknown {
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

function codeOfError(
  { error_type: errorType, message }: Record<string, unknown>,
  status: number,
): BrokerErrorCode {
  if (errorType === 'TokenException') {
    return typeof message === 'string' && /invalid.{0,3}checksum/i.test(message)
      ? 'app-secret'
      : 'token';
  }
  if (errorType === 'PermissionException') return 'permission';
  const code = codeOfStatus(status);
  if (code !== null) return code;
  return errorType === 'NetworkException' ? 'unavailable' : 'other';
}

function printableWord(value: unknown, secrets: readonly Secret[]): string | null {
  return typeof value === 'string' && /^[A-Za-z]{1,64}$/.test(value)
    ? cleanMessage(value, secrets)
    : null;
}
