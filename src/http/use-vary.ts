// Plugin: where other origins are allowed, answers differ by Origin, and whatever keeps them is told.
import type { Plugin } from 'graphql-yoga';

/** What answers differ by. */
export const varyingBy = 'Origin';

/** Sets `Vary: Origin` on every response, also on one to a stranger or to nobody: those are kept apart too. */
export function useVary(): Plugin {
  return {
    onResponse({ response }) {
      response.headers.append('vary', varyingBy);
    },
  };
}
