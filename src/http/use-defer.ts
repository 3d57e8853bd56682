// Plugin: answers that come in parts. Yoga's own executor defers as well, but goes through all that is still to come
// whenever a part is ready, and remembers that it did: a thousand accounts with twenty fragments each would take the
// process down. The executor of graphql-js costs the same for every part, and writes the same format.
import {
  type DocumentNode,
  GraphQLDeferDirective,
  type LegacyExperimentalIncrementalExecutionResults,
  legacyExecuteRootSelectionSet,
  validateExecutionArgs,
  visit,
} from 'graphql';
import { makeExecute, type Plugin } from 'graphql-yoga';
import type { Context } from '../context.ts';

/** Runs operations with `@defer`: in parts where the client takes parts, else as if the directive were not there. */
export function useDefer(): Plugin<Context> {
  const wholes = new WeakMap<DocumentNode, DocumentNode>();
  const wholeOf = (document: DocumentNode): DocumentNode => {
    const known = wholes.get(document);
    if (known !== undefined) return known;
    const whole = withoutDefer(document);
    wholes.set(document, whole);
    return whole;
  };
  return {
    onExecute({ args, context, executeFn, setExecuteFn }) {
      const whole = wholeOf(args.document);
      if (whole === args.document) return;
      const executeWhole: typeof executeFn = (given) => executeFn({ ...given, document: whole });
      if (!acceptsParts(context.request)) return setExecuteFn(executeWhole);
      setExecuteFn(
        makeExecute(async (given) => {
          // Deferred fields begin with the others, so that they are in the same calls to Kite.
          const valid = validateExecutionArgs({ ...given, enableEarlyExecution: true });
          // What cannot be run is refused in the words of every other operation, which quote no value of the client's.
          if (!('schema' in valid)) return executeWhole(given);
          const result = await legacyExecuteRootSelectionSet(valid);
          return 'initialResult' in result ? partsOf(result) : result;
        }),
      );
    },
  };
}

/** The same document where nothing in it is deferred. */
function withoutDefer(document: DocumentNode): DocumentNode {
  return visit(document, {
    Directive: ({ name }) => (name.value === GraphQLDeferDirective.name ? null : undefined),
  });
}

/** Whether one of the media types that hold several parts would do. No Accept header at all takes anything. */
function acceptsParts({ headers }: Request): boolean {
  const types = (headers.get('accept') ?? '*/*').toLowerCase().split(',');
  return types.some((type) =>
    /^\s*(\*\/\*|multipart\/(mixed|\*)|text\/(event-stream|\*))/.test(type),
  );
}

function partsOf({
  initialResult,
  subsequentResults,
}: LegacyExperimentalIncrementalExecutionResults): AsyncIterableIterator<unknown> {
  let isFirst = true;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    // Not a generator: that would hear of an end only after the part it waits for.
    async next() {
      if (!isFirst) return subsequentResults.next();
      isFirst = false;
      return { value: initialResult, done: false };
    },
    async return() {
      return subsequentResults.return();
    },
  };
}
