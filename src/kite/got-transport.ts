// The transport over got: deadlines, cancellation, keep-alive; no redirects, no retries, no error of got's beyond this file.
import got, { AbortError, RequestError, TimeoutError } from 'got';
import { version } from '../version.ts';
import { authorizationHeader } from './credential.ts';
import { abortedBy, KiteError } from './error.ts';
import { type KiteRequest, longestBody, revealed, type Transport } from './transport.ts';

/** Codes of failures that happen before a byte of the request is on its way. */
const neverSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
]);

/** Where and for how long the transport calls. */
export interface GotTransportOptions {
  /** Kite's address; may carry a path. */
  readonly baseUrl: URL;
  /** Milliseconds for one call, connection and body included. */
  readonly timeoutMilliseconds: number;
}

/** Makes a {@link Transport} over got. It follows no redirect, because the next host would see the token. */
export function gotTransport(options: GotTransportOptions): Transport {
  const base = options.baseUrl.href.replace(/\/+$/, '');
  const client = got.extend({
    throwHttpErrors: false,
    followRedirect: false,
    retry: { limit: 0 },
    timeout: { request: options.timeoutMilliseconds },
    headers: { 'user-agent': `kite-graphql/${version}`, 'x-kite-version': '3' },
  });

  return async (request, signal) => {
    const tooLong = new AbortController();
    const signals = signal === undefined ? [tooLong.signal] : [tooLong.signal, signal];
    try {
      const call = client(base + request.path, {
        method: request.method,
        signal: signals.length === 1 ? tooLong.signal : AbortSignal.any(signals),
        ...sent(request),
      });
      call.on('downloadProgress', ({ transferred }) => {
        if (transferred > longestBody) tooLong.abort();
      });
      const response = await call;
      return {
        status: response.statusCode,
        body: response.body,
        retryAfterSeconds: seconds(response.headers['retry-after']),
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

function seconds(header: string | undefined): number | null {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) : null;
}

function kiteErrorFrom(error: unknown, signal: AbortSignal | undefined): KiteError {
  // got's errors carry the request with its headers, so only their codes go on.
  if (signal?.aborted || error instanceof AbortError) return abortedBy(signal);
  if (error instanceof TimeoutError) return new KiteError('timeout');
  const code = error instanceof RequestError ? error.code : '';
  // The peer answered, but not in HTTP, or not in the encoding that it named.
  if (/^(HPE_|Z_)/.test(code)) return new KiteError('invalid-response');
  return new KiteError('unavailable', { mayHaveReachedKite: !neverSent.has(code) });
}
