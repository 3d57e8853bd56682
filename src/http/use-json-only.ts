// Plugin: what comes by POST must be application/json. A form post needs no preflight, so any site
// could make a visitor's browser send one.
import type { Plugin } from 'graphql-yoga';

/** Refuses a POST of any other media type with HTTP 415. */
export function useJsonOnly(): Plugin {
  return {
    onRequestParse({ request, endResponse, fetchAPI }) {
      if (request.method !== 'POST') return;
      const [mediaType] = (request.headers.get('content-type') ?? '').split(';');
      if (mediaType?.trim().toLowerCase() === 'application/json') return;
      const message = 'Send the operation as JSON, with "Content-Type: application/json".';
      const extensions = { code: 'BAD_USER_INPUT', retryable: false };
      const body = JSON.stringify({ errors: [{ message, extensions }] });
      const headers = { 'content-type': 'application/json', accept: 'application/json' };
      endResponse(new fetchAPI.Response(body, { status: 415, headers }));
    },
  };
}
