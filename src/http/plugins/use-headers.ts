// Plugin: the headers that every answer carries, whatever answered.
import type { Plugin } from 'graphql-yoga';
import type { RequestTracker, TrackedRequest } from '../request/request-tracker.ts';

/** What answers differ by, where other origins are allowed. */
const varyingBy = 'Origin';

/** The headers of one answer. */
export type AnswerHeaders = (tracked: TrackedRequest) => Record<string, string | readonly string[]>;

/** Knows the headers of every answer: nothing of it is kept by caches or guessed at by browsers. */
export function createAnswerHeaders(areOtherOriginsAllowed: boolean): AnswerHeaders {
  return ({ id, setCookies }) => ({
    'x-request-id': id,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    // Also on an answer to another origin or to none: caches keep those apart too.
    ...(areOtherOriginsAllowed && { vary: varyingBy }),
    ...(setCookies.length > 0 && { 'set-cookie': setCookies }),
  });
}

/** Sets the headers on every response, also where it has them already: Yoga lets caches keep a stream of events. */
export function useHeaders(track: RequestTracker, headersFor: AnswerHeaders): Plugin {
  return {
    onRequest({ request }) {
      track(request);
    },
    onResponse({ request, response: { headers } }) {
      for (const [name, value] of Object.entries(headersFor(track(request)))) {
        const isList = name === 'vary' || name === 'set-cookie';
        if (!isList) headers.set(name, String(value));
        else for (const line of [value].flat()) headers.append(name, line);
      }
      const isStream = headers.get('content-type')?.startsWith('text/event-stream');
      // nginx would otherwise hold events back until it has a few kilobytes of them.
      if (isStream) headers.set('x-accel-buffering', 'no');
    },
  };
}
