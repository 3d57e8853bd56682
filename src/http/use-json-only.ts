// Plugin: what comes by POST must be application/json. A form post needs no preflight, so any site
// could make a visitor's browser send one.
import type { Plugin } from 'graphql-yoga';
import type { RequestTracker } from './request-tracker.ts';

/** Refuses a POST of any other media type with HTTP 415, and one of none with HTTP 400. */
export function useJsonOnly(track: RequestTracker): Plugin {
  return {
    onRequestParse({ request, endResponse, fetchAPI }) {
      if (request.method !== 'POST') return;
      const contentType = request.headers.get('content-type') ?? '';
      if (contentType.split(';')[0]?.trim().toLowerCase() === 'application/json') return;
      const message = 'Send the operation as JSON, with "Content-Type: application/json".';
      const requestId = track(request).id;
      const extensions = { code: 'BAD_USER_INPUT', retryable: false, requestId };
      const body = JSON.stringify({ errors: [{ message, extensions }] });
      const headers = { 'content-type': 'application/json', accept: 'application/json' };
      endResponse(new fetchAPI.Response(body, { status: contentType === '' ? 400 : 415, headers }));
    },
  };
}
