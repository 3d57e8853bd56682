// Kite's envelope, {status, data} or {status, message, error_type, data}: out comes data or a BrokerError.
// The envelope is read before the HTTP status, because an error can arrive with HTTP 200.

import { BrokerError, type BrokerErrorCode, codeOfStatus } from '../error.ts';
import { isRecord } from '../field.ts';
import { cleanMessage, cleanWord } from '../upstream/clean-message.ts';
import { parseJson } from '../upstream/json.ts';
import { Secret } from '../upstream/secret.ts';
import type { UpstreamRequest, UpstreamResponse } from '../upstream/transport.ts';

/**
 * The `data` of a successful answer, unparsed.
 * @param request what is answered: no message can repeat the secrets that it carried.
 * @param maxNesting objects and lists inside each other; an answer with more is refused.
 * @throws BrokerError for an error envelope, an error status, and any other answer that is not an envelope.
 */
export function openEnvelope(
  response: UpstreamResponse,
  request: Pick<UpstreamRequest, 'query' | 'form' | 'credential'>,
  maxNesting: number,
): unknown {
  const { status } = response;
  const envelope = parseJson(response.body, maxNesting);
  if (!isRecord(envelope) || !('status' in envelope || 'error_type' in envelope)) {
    throw new BrokerError(codeOfStatus(status) ?? 'invalid-response', details(response));
  }
  if (envelope.status === 'error' || typeof envelope.error_type === 'string') {
    const secrets = secretsOf(request);
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

function secretsOf({
  query,
  form,
  credential,
}: Pick<UpstreamRequest, 'query' | 'form' | 'credential'>): readonly Secret[] {
  const values = [...Object.values(query ?? {}), ...Object.values(form ?? {})];
  const secrets = values.filter((value) => value instanceof Secret);
  return credential ? [...secrets, credential.accessToken] : secrets;
}

function details(response: UpstreamResponse) {
  return { status: response.status, retryAfterSeconds: response.retryAfterSeconds };
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
    ? cleanWord(value, secrets)
    : null;
}
