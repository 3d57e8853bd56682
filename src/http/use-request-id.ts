// Plugin: every answer carries X-Request-Id, whatever answered.
import type { Plugin } from 'graphql-yoga';
import type { RequestTracker } from './request-tracker.ts';

/** Sets X-Request-Id on every response. */
export function useRequestId(track: RequestTracker): Plugin {
  return {
    onRequest({ request }) {
      track(request);
    },
    onResponse({ request, response }) {
      response.headers.set('x-request-id', track(request).id);
    },
  };
}
