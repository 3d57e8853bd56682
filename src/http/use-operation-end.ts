// Plugin: an operation that has its answer needs its deadline no longer.
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { Context } from '../context.ts';

/** Frees the timer of each operation once it has been executed, deferred fragments included. */
export function useOperationEnd(): Plugin<Context> {
  return {
    onExecute({ context: { deadline } }) {
      return {
        onExecuteDone({ result }) {
          if (isAsyncIterable(result)) return { onEnd: () => deadline.abandon() };
          deadline.end();
        },
      };
    },
  };
}
