// Plugin: an answer that comes in parts ends when its client goes away. Without it the next part would be waited for,
// written to nobody, and whatever makes the parts would never hear that it may stop.
import { isAsyncIterable, type Plugin } from 'graphql-yoga';

/** Ends each stream of results when its request is aborted. To be last among those that wrap results. */
export function useDeparture(): Plugin {
  return {
    onResultProcess({ request: { signal }, result, setResult }) {
      if (!isAsyncIterable(result)) return;
      const iterator = result[Symbol.asyncIterator]();
      // A failure to end has nobody left to be told.
      const end = () => void iterator.return?.().catch(() => {});
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
      setResult({ [Symbol.asyncIterator]: () => iterator });
    },
  };
}
