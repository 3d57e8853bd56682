// The transport over got, for what changes something: deadlines, cancellation, keep-alive; no redirects, no retries, no error of got's beyond this file.
import got, { AbortError, RequestError, TimeoutError } from 'got';
import { version } from '../version.ts';
import { authorizationHeader } from './credential.ts';
import { abortedBy, KiteError } from './error.ts';
import {
  type KiteRequest,
  longestBody,
  retryAfter,
  revealed,
  type Transport,
  type TransportOptions,
  wasNeverSent,
} from './transport.ts';

/** Makes a {@link Transport} over got. It follows no redirect, because the next host would see the token. */
export function gotTransport(options: TransportOptions): Transport {
  const base = options.baseUrl.href.replace(/\/+$/, '');
  const client = got.extend({
    throwHttpErrors: false,
    followRedirect: false,
    retry: { limit: 0 },
    timeout: { request: options.timeoutMilliseconds },
    headers: { 'user-agent': `kite-graphql/${version}`, 'x-kite-version': '3' },
  });

  return async (request, { signal }, onSent) => {
    if (signal.aborted) throw abortedBy(signal, false);
    const tooLong = new AbortController();
    try {
      const call = client(base + request.path, {
        method: request.method,
        signal: AbortSignal.any([tooLong.signal, signal]),
        ...sent(request),
      });
      if (onSent) call.on('request', (outgoing) => outgoing.once('finish', onSent));
      call.on('downloadProgress', ({ transferred }) => {
        if (transferred > longestBody) tooLong.abort();
      });
      const response = await call;
      return {
        status: response.statusCode,
        body: response.body,
        retryAfterSeconds: retryAfter(response.headers['retry-after']),
      };
    } catch (error) {
      if (tooLong.signal.aborted) throw new KiteError('invalid-response');
      throw kiteErrorFrom(error, signal);
    }
  };
}

function sent(request: KiteRequest) {
  return {
    ...(request.query && { searchParams: revealed(request.query) }),
    ...(request.form && { form: revealed(request.form) }),
    ...(request.credential && {
      headers: { authorization: authorizationHeader(request.credential) },
    }),
  };
}

function kiteErrorFrom(error: unknown, signal: AbortSignal): KiteError {
  // got's errors carry the request with its headers, so only their codes go on.
  if (signal.aborted || error instanceof AbortError) return abortedBy(signal);
  if (error instanceof TimeoutError) return new KiteError('timeout');
  const code = error instanceof RequestError ? error.code : '';
  // The peer answered, but not in HTTP, or not in the encoding that it named.
  if (/^(HPE_|Z_|ERR_BROTLI)/.test(codeOfCause(error) ?? code))
    return new KiteError('invalid-response');
  return new KiteError('unavailable', { mayHaveReachedKite: !wasNeverSent(code) });
}

/** What lies below got's error for an answer that could not be read. */
function codeOfCause(error: unknown): string | undefined {
  const cause = error instanceof RequestError ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : undefined;
}
