// What every answer goes through: the steps of its result, and the headers that it carries.
import { ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { RequestTracker, TrackedRequest } from '../request/request-tracker.ts';

/** A whole answer, or one part of an answer that comes in several: then the fragments in it have errors of their own. */
export interface Payload extends ExecutionResult {
  readonly incremental?: readonly ExecutionResult[];
}

/** A whole answer, or one that comes in parts. */
export type Result = Payload | AsyncIterable<Payload>;

/** The operation that a result belongs to. */
export interface Answered {
  readonly request: Request;
  /** What the server passed along with the request. */
  readonly serverContext: object;
}

/** One thing that is done with each result. */
export type ResultStep = (result: Result, answered: Answered) => Result;

/** The steps of a gateway. */
export interface Results {
  /** Takes a result through all steps; the second time, it stays as it is. */
  readonly finish: ResultStep;
  /** Does so with every result of Yoga's, and with what Yoga refuses before it executes anything. */
  readonly plugin: Plugin;
}

/** Puts steps in a row. */
export function createResults(track: RequestTracker, steps: readonly ResultStep[]): Results {
  const finish: ResultStep = (result, answered) => {
    const tracked = track(answered.request);
    if (tracked.isFinished) return result;
    tracked.isFinished = true;
    let finished = result;
    for (const step of steps) finished = step(finished, answered);
    return finished;
  };
  return {
    finish,
    plugin: {
      onExecutionResult({ result, setResult, request, context }) {
        if (result === undefined) return;
        const answered = { request, serverContext: context };
        setResult(finish(result as Result, answered) as typeof result);
      },
      onResultProcess({ result, setResult, request, serverContext }) {
        setResult(finish(result as Result, { request, serverContext }) as typeof result);
      },
    },
  };
}

/**
 * Ends each stream of results when its request is aborted. Without it the next part would be waited for, and whatever
 * makes the parts would never hear that it may stop. To be the last step that wraps results.
 */
export const endWithRequest: ResultStep = (result, { request, serverContext }) => {
  if (!isAsyncIterable(result)) return result;
  const { signal } = request;
  const iterator = result[Symbol.asyncIterator]();
  // No client is left to be told of a failure to end.
  const end = () => void iterator.return?.().catch(() => {});
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  const stream: AsyncIterableIterator<unknown> = {
    [Symbol.asyncIterator]: () => stream,
    next: () => iterator.next().catch((error: unknown) => breakOff(error, serverContext)),
    return: () => iterator.return?.() ?? Promise.resolve({ done: true, value: undefined }),
  };
  return stream as AsyncIterable<object>;
};

/** A stream that ends in good order is not asked for again; one whose connection breaks is, at another replica. */
function breakOff(error: unknown, serverContext: object): never {
  const response = 'res' in serverContext ? serverContext.res : null;
  const isStopping = error instanceof DOMException && error.name === 'AbortError';
  // Yoga would leave the connection open, with nothing more to come.
  if (isStopping && response instanceof ServerResponse) response.destroy();
  throw error;
}

/** The headers of one answer. */
export type AnswerHeaders = (tracked: TrackedRequest) => Record<string, string | readonly string[]>;

/** Knows the headers of every answer: nothing of it is kept by caches or guessed at by browsers. */
export function createAnswerHeaders(areOtherOriginsAllowed: boolean): AnswerHeaders {
  return ({ id, setCookies }) => ({
    'x-request-id': id,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    // Also on an answer to another origin or to none: caches keep those apart too.
    ...(areOtherOriginsAllowed && { vary: 'Origin' }),
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
