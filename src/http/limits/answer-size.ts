// How large the answer to an operation may become, as far as its document tells: fields multiply through aliases,
// and once more by every account that a list of accounts holds.
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  getOperationAST,
  isCompositeType,
  isListType,
  Kind,
  type SelectionSetNode,
  typeFromAST,
} from 'graphql';

/** How many fields an operation has answered. */
export interface AnswerSize {
  /** Fields that are answered once. */
  readonly once: number;
  /** Fields that are answered once for every item of a list, such as that of the accounts. */
  readonly forEach: number;
}

/** One field of an answer, with every place in the document that asks for more of it. */
interface Answered {
  readonly field: FieldNode;
  readonly parent: GraphQLCompositeType;
  readonly selections: SelectionSetNode[];
}

/**
 * Counts the fields of a valid operation's answer, each alias for itself, fragments wherever they are spread.
 * @param most where counting ends: documents can be written that would never be done.
 */
export function answerSize(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
  most: number,
): AnswerSize {
  const fragments = new Map(
    document.definitions.flatMap((each) =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each] as const] : [],
    ),
  );
  const size = { once: 0, forEach: 0 };

  /** Fields that are asked for twice are answered once, as graphql-js merges them. */
  function collect(
    set: SelectionSetNode,
    parent: GraphQLCompositeType,
    found: Map<string, Answered>,
    spread: Set<string>,
  ): void {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        const key = `${parent.name}.${(selection.alias ?? selection.name).value}`;
        const answered = found.get(key) ?? { field: selection, parent, selections: [] };
        if (selection.selectionSet) answered.selections.push(selection.selectionSet);
        found.set(key, answered);
        continue;
      }
      const isSpread = selection.kind === Kind.FRAGMENT_SPREAD;
      const fragment = isSpread ? fragments.get(selection.name.value) : selection;
      if (fragment === undefined || (isSpread && spread.has(selection.name.value))) continue;
      if (isSpread) spread.add(selection.name.value);
      const narrowed = fragment.typeCondition && typeFromAST(schema, fragment.typeCondition);
      const type = isCompositeType(narrowed) ? narrowed : parent;
      collect(fragment.selectionSet, type, found, spread);
    }
  }

  function count(
    sets: readonly SelectionSetNode[],
    parent: GraphQLCompositeType,
    inList: boolean,
  ): void {
    const found = new Map<string, Answered>();
    const spread = new Set<string>();
    for (const set of sets) collect(set, parent, found, spread);
    for (const answered of found.values()) {
      if (size.once + size.forEach > most) return;
      size[inList ? 'forEach' : 'once'] += 1;
      const type = schema.getField(answered.parent, answered.field.name.value)?.type;
      const named = type && getNamedType(type);
      if (!isCompositeType(named)) continue;
      count(answered.selections, named, inList || isListType(getNullableType(type)));
    }
  }

  const operation = getOperationAST(document, operationName);
  const root = operation && schema.getRootType(operation.operation);
  if (root) count([operation.selectionSet], root, false);
  return size;
}
