// Answers that come in parts, and streams of events: they end when their client goes away or the gateway stops.
import { ServerResponse } from 'node:http';
import { isAsyncIterable } from 'graphql-yoga';
import type { ResultStep } from './results.ts';

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
