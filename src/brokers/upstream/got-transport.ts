// The transport over got, for what changes something: deadlines, cancellation, keep-alive; no redirects, no retries, no error of got's beyond this file.
import got, { AbortError, RequestError, TimeoutError } from 'got';
import type { Cancellable } from '../../shared/cancellation.ts';
import { version } from '../../shared/version.ts';
import { abortedBy, BrokerError } from '../error.ts';
import { bodyTooLong, readAnswer } from './body.ts';
import {
  revealed,
  type Transport,
  type TransportOptions,
  type UpstreamRequest,
  type Wire,
  wasNeverSent,
} from './transport.ts';

/** Makes a {@link Transport} over got. It follows no redirect, because the next host would see the token. */
export function gotTransport(options: TransportOptions): Transport {
  const client = got.extend({
    throwHttpErrors: false,
    followRedirect: false,
    // The bytes as they came: every transport reads them by the same code.
    decompress: false,
    responseType: 'buffer',
    retry: { limit: 0 },
    timeout: { request: options.timeoutMilliseconds },
    headers: { 'user-agent': `kite-graphql/${version}`, ...options.wire.headers },
  });

  return async (request, { signal }, departure) => {
    if (signal.aborted) throw abortedBy(signal, false);
    const ending = new AbortController();
    const cancel = () => ending.abort();
    signal.addEventListener('abort', cancel);
    let isTooLong = false;
    let status = 0;
    try {
      const base = (request.baseUrl ?? options.baseUrl).href.replace(/\/+$/, '');
      const call = client(base + request.path, {
        method: request.method,
        signal: ending.signal,
        ...sent(request, options.wire),
      });
      call.on('request', (outgoing) => {
        if (departure) outgoing.once('finish', () => departure.sent());
        // got's own event comes after the body.
        outgoing.once('response', ({ statusCode }) => {
          status = statusCode ?? 0;
        });
      });
      call.on('downloadProgress', ({ transferred }) => {
        if (transferred <= options.maxBodyBytes) return;
        isTooLong = true;
        ending.abort();
      });
      const { statusCode, headers, body } = await call;
      return readAnswer(statusCode, headers, Buffer.from(body), options.maxBodyBytes);
    } catch (error) {
      if (isTooLong) throw bodyTooLong(status);
      if (error instanceof BrokerError) throw error;
      throw brokerErrorFrom(error, signal);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
}

function sent(request: UpstreamRequest, { authorizationOf }: Wire) {
  return {
    ...(request.query && { searchParams: revealed(request.query) }),
    ...(request.form && { form: revealed(request.form) }),
    ...(request.json && { json: revealed(request.json) }),
    headers: {
      ...(request.credential &&
        authorizationOf && { authorization: authorizationOf(request.credential) }),
      ...(request.headers && revealed(request.headers)),
    },
  };
}

function brokerErrorFrom(error: unknown, signal: Cancellable): BrokerError {
  // got's errors carry the request with its headers, so only their codes go on.
  if (signal.aborted || error instanceof AbortError) return abortedBy(signal);
  if (error instanceof TimeoutError) return new BrokerError('timeout');
  const code = codeOfCause(error) ?? (error instanceof RequestError ? error.code : '');
  // The peer answered, but not in HTTP.
  if (code.startsWith('HPE_')) return new BrokerError('invalid-response', { systemCode: code });
  return new BrokerError('unavailable', {
    mayHaveReachedBroker: !wasNeverSent(code),
    systemCode: code,
  });
}

/** The code of what lies below got's error. */
function codeOfCause(error: unknown): string | undefined {
  const cause = error instanceof RequestError ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : undefined;
}
