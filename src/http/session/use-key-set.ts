// Plugin: GET /.well-known/jwks.json, the public keys by which others verify session tokens.
import type { Plugin } from 'graphql-yoga';
import type { Services } from '../../context.ts';
import { mountOf, type Routes } from '../plugins/routes.ts';

/** Answers the key set where there is one. To be after what sets headers on every answer: this one may be kept. */
export function useKeySet(routes: Routes, { tokens, limits }: Services): Plugin {
  const isKeySet = (pathname: string, serverContext: unknown) =>
    routes.find(pathname, mountOf(serverContext)) === 'key-set';
  return {
    onRequest({ request, url, serverContext, endResponse }) {
      if (tokens === null || !isKeySet(url.pathname, serverContext)) return;
      const { body, etag } = tokens.tokens.keySet;
      const isKnown = namesTag(request.headers.get('if-none-match'), etag);
      const headers = { etag, ...(!isKnown && { 'content-type': 'application/json' }) };
      endResponse(new Response(isKnown ? null : body, { status: isKnown ? 304 : 200, headers }));
    },
    onResponse({ request, serverContext, response: { headers } }) {
      if (!headers.has('etag')) return;
      if (!isKeySet(new URL(request.url).pathname, serverContext)) return;
      headers.set('cache-control', `public, max-age=${limits.keySetSeconds}`);
      // Public keys are for everyone, and the same for everyone.
      headers.set('access-control-allow-origin', '*');
      headers.delete('access-control-allow-credentials');
      headers.delete('vary');
    },
  };
}

/** Whether an If-None-Match header names a tag, by the weak comparison of RFC 9110. */
function namesTag(header: string | null, etag: string): boolean {
  if (header === null) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
