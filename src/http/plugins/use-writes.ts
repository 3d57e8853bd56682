// Plugin: mutations are writes, which a stop waits for.
import { getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../../context.ts';
import type { Writes } from './writes.ts';

/** Counts mutations among the writes. To be after the plugin that executes. */
export function useWrites(writes: Writes): Plugin<Context> {
  return {
    onExecute({ args, executeFn, setExecuteFn }) {
      const operation = getOperationAST(args.document, args.operationName);
      if (operation?.operation !== 'mutation') return;
      const { requestId } = args.contextValue as Context;
      setExecuteFn((given) => writes.during(requestId, Promise.resolve(executeFn(given))));
    },
  };
}
