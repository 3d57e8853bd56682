// Queries that come again and again, compiled to JavaScript, which executes them in a fraction of the time.
import {
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  OperationTypeNode,
  type SelectionSetNode,
  visit,
} from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import type { GraphQLParams } from 'graphql-yoga';

/** The most queries that are known at a time, and the most characters and, fragments written out, fields of each. */
const most = { queries: 200, characters: 10_000, fields: 300 };

/** A query in its compiled form. */
export interface Compiled {
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  /** Executes it, given root value, context and variables. */
  readonly execute: CompiledQuery['query'];
}

interface Known {
  uses: number;
  /** Null where the query is not fit to be compiled; undefined while nobody has tried. */
  compiled: Compiled | null | undefined;
}

/** Counts how often queries come, and compiles those that come often. */
export class CompiledQueries {
  /** Oldest first. */
  readonly #known = new Map<string, Known>();
  readonly #schema: GraphQLSchema;
  readonly #afterUses: number;

  /** @param afterUses how often a query comes before it is compiled, which takes as long as some hundred executions. */
  constructor(schema: GraphQLSchema, afterUses: number) {
    this.#schema = schema;
    this.#afterUses = afterUses;
  }

  /**
   * The compiled form of a query; null where there is none, or none yet.
   * @param read parses and validates it; null where it may not be executed.
   */
  find(
    { query = '', operationName }: GraphQLParams,
    read: () => DocumentNode | null,
  ): Compiled | null {
    const known = this.#known.get(query) ?? this.#remember(query);
    known.uses += 1;
    if (known.uses <= this.#afterUses) return null;
    if (known.compiled === undefined) known.compiled = this.#compile(read());
    if (known.compiled === null) return null;
    const isMeant = operationName == null || operationName === known.compiled.operationName;
    return isMeant ? known.compiled : null;
  }

  #remember(query: string): Known {
    const known: Known = { uses: 0, compiled: undefined };
    if (query.length > most.characters) return known;
    // A query that has to make room must come often again: else more of them than there is room for would be compiled
    // at each use.
    const [oldest] = this.#known.keys();
    if (this.#known.size >= most.queries && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(query, known);
    return known;
  }

  #compile(document: DocumentNode | null): Compiled | null {
    if (document === null || !isFit(document)) return null;
    try {
      const compiled = compileQuery(this.#schema, document);
      if (!isCompiledQuery(compiled)) return null;
      const operationName = operationsOf(document)[0]?.name?.value;
      return { document, operationName, execute: compiled.query };
    } catch {
      // A process that may not make code from strings loses nothing but time.
      return null;
    }
  }
}

/**
 * Whether a document is one query of a reasonable size, without directives: of a field that is selected twice under
 * different conditions, the compiled form loses one.
 */
function isFit(document: DocumentNode): boolean {
  const [operation, ...others] = operationsOf(document);
  if (operation?.operation !== OperationTypeNode.QUERY || others.length > 0) return false;
  let hasDirectives = false;
  visit(document, {
    Directive() {
      hasDirectives = true;
    },
  });
  return !hasDirectives && fieldsIn(document, operation.selectionSet) <= most.fields;
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
