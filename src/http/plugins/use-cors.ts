// Plugin: CORS for pages of allowed origins. Yoga's own would answer a preflight before it is counted for its address.
import type { Plugin } from 'graphql-yoga';
import { costHeader } from '../reports/operation-cost.ts';
import type { ClientInfoReader } from '../request/client-info.ts';
import type { Origins } from '../request/origins.ts';

/** Request headers that pages of allowed origins may send: the gateway's own, and those of tracers and clients. */
const knownHeaders = [
  'content-type',
  'cache-control',
  'x-request-id',
  costHeader,
  'traceparent',
  'tracestate',
  'baggage',
  'sentry-trace',
  'apollographql-client-name',
  'apollographql-client-version',
];

/** Headers of answers that pages of allowed origins may read. */
const exposedHeaders = ['x-request-id', 'retry-after'];

/** Headers by which a page of an origin may read an answer; none for origins that are not allowed. */
export type CorsHeaders = (origin: string | null) => Readonly<Record<string, string>>;

/** Makes the headers of answers to allowed origins. */
export function createCorsHeaders(origins: Origins): CorsHeaders {
  return (origin) =>
    origins.isAllowed(origin)
      ? {
          'access-control-allow-origin': origin,
          'access-control-allow-credentials': 'true',
          'access-control-expose-headers': exposedHeaders.join(', '),
        }
      : {};
}

/** What preflights are answered by. */
export interface CorsOptions {
  readonly corsHeadersFor: CorsHeaders;
  /** Request headers that the operator allows beside the known ones. */
  readonly allowedHeaders: readonly string[];
  readonly readClientInfo: ClientInfoReader;
  /** Logs a preflight whose origin is not allowed: the browser then sends no request that could be refused. */
  readonly logRefusedOrigin: (request: Request, address: string | null) => void;
}

/** Answers preflights, and lets pages of allowed origins read every answer. To be after what counts requests. */
export function useCors({
  corsHeadersFor,
  allowedHeaders,
  readClientInfo,
  logRefusedOrigin,
}: CorsOptions): Plugin {
  const ofPreflight = {
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': [...knownHeaders, ...allowedHeaders].join(', '),
    'access-control-max-age': '600',
  };
  return {
    onRequest({ request, serverContext, fetchAPI, endResponse }) {
      if (request.method !== 'OPTIONS') return;
      logRefusedOrigin(request, readClientInfo(request, serverContext).ipAddress);
      // Some browsers wait for a body where no length is told.
      const headers = { 'content-length': '0' };
      endResponse(new fetchAPI.Response(null, { status: 204, headers }));
    },
    onResponse({ request, response }) {
      const allowed = Object.entries(corsHeadersFor(request.headers.get('origin')));
      if (allowed.length === 0) return;
      const more = request.method === 'OPTIONS' ? Object.entries(ofPreflight) : [];
      for (const [name, value] of [...allowed, ...more]) response.headers.set(name, value);
    },
  };
}
