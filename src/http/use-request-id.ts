// Plugin: every answer carries X-Request-Id, and the cookies that came of it, whatever answered.
import type { Plugin } from 'graphql-yoga';
import type { RequestTracker } from './request-tracker.ts';

/** Sets X-Request-Id and the request's Set-Cookie lines on every response. */
export function useRequestId(track: RequestTracker): Plugin {
  return {
    onRequest({ request }) {
      track(request);
    },
    onResponse({ request, response }) {
      const { id, setCookies } = track(request);
      response.headers.set('x-request-id', id);
      for (const line of setCookies) response.headers.append('set-cookie', line);
    },
  };
}
