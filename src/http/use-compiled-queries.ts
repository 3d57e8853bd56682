// Plugin: a query that comes again and again is compiled to JavaScript, which executes it in a fraction of the time.
import {
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  OperationTypeNode,
  type SelectionSetNode,
  visit,
} from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import { makeExecute, type Plugin } from 'graphql-yoga';

/** The most queries that are held compiled, and the most fields of each, with its fragments written out. */
const most = { queries: 200, fields: 300 };

interface Compiled {
  readonly operationName: string | undefined;
  readonly execute: CompiledQuery['query'];
}

/**
 * Executes frequent queries in their compiled form. What goes wrong there is executed once more by the book, in the
 * same context: what was read from Kite is in its loaders, and errors have the words and places they always have.
 * @param afterUses how often a query comes before it is compiled, which takes as long as some hundred executions.
 */
export function useCompiledQueries(afterUses: number): Plugin {
  const uses = new WeakMap<DocumentNode, number>();
  /** Oldest first. Null stands for a query that is not fit to be compiled. */
  const known = new Map<DocumentNode, Compiled | null>();

  const remember = (document: DocumentNode, compiled: Compiled | null) => {
    const [oldest] = known.keys();
    if (known.size >= most.queries && oldest !== undefined) {
      known.delete(oldest);
      // It has to come often again: else more queries than there is room for would be compiled at each use.
      uses.delete(oldest);
    }
    known.set(document, compiled);
    return compiled;
  };

  const compiledFor = (schema: GraphQLSchema, document: DocumentNode): Compiled | null => {
    const found = known.get(document);
    if (found !== undefined) return found;
    const count = (uses.get(document) ?? 0) + 1;
    uses.set(document, count);
    return count > afterUses ? remember(document, compile(schema, document)) : null;
  };

  return {
    onExecute({ args, executeFn, setExecuteFn }) {
      const compiled = compiledFor(args.schema, args.document);
      const name = args.operationName;
      if (compiled === null || (name != null && name !== compiled.operationName)) return;
      setExecuteFn(
        makeExecute(async (given) => {
          const { rootValue, contextValue, variableValues } = given;
          const result = await compiled.execute(rootValue, contextValue, variableValues);
          return result.errors === undefined ? result : executeFn(given);
        }),
      );
    },
  };
}

function compile(schema: GraphQLSchema, document: DocumentNode): Compiled | null {
  if (!isFit(document)) return null;
  try {
    const compiled = compileQuery(schema, document);
    if (!isCompiledQuery(compiled)) return null;
    return {
      operationName: operationsOf(document)[0]?.name?.value,
      execute: compiled.query,
    };
  } catch {
    // A process that may not make code from strings loses nothing but time.
    return null;
  }
}

/** Whether a document is one query, with no directives but those that leave fields out, and of a reasonable size. */
function isFit(document: DocumentNode): boolean {
  const [operation, ...others] = operationsOf(document);
  if (operation?.operation !== OperationTypeNode.QUERY || others.length > 0) return false;
  let isPlain = fieldsIn(document, operation.selectionSet) <= most.fields;
  visit(document, {
    Directive({ name }) {
      isPlain &&= name.value === 'skip' || name.value === 'include';
    },
  });
  return isPlain;
}

/** How many fields a selection comes to with every fragment written out, as they are in compiled form. */
function fieldsIn({ definitions }: DocumentNode, operation: SelectionSetNode): number {
  const fragments = new Map<string, SelectionSetNode>();
  for (const definition of definitions) {
    if (definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    fragments.set(definition.name.value, definition.selectionSet);
  }
  // Each fragment is counted once: spread exponentially often, it still takes no longer.
  const counts = new Map<SelectionSetNode, number>();
  const countOf = (set: SelectionSetNode | undefined): number => {
    if (set === undefined) return 0;
    const known = counts.get(set);
    if (known !== undefined) return known;
    const count = set.selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        return sum + countOf(fragments.get(selection.name.value));
      }
      return sum + (selection.kind === Kind.FIELD ? 1 : 0) + countOf(selection.selectionSet);
    }, 0);
    counts.set(set, count);
    return count;
  };
  return countOf(operation);
}

function operationsOf({ definitions }: DocumentNode) {
  return definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
}
