// Plugin: an operation that has its answer needs its deadline no longer.
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../context.ts';

/** Frees the timer of each operation once it has been executed. */
export function useOperationEnd(): Plugin<Context> {
  return {
    onExecute({ context }) {
      return { onExecuteDone: () => context.deadline.end() };
    },
  };
}
