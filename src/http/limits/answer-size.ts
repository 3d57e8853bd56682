// How large the answer to an operation may become, as far as its document tells: fields multiply through aliases, and by
// the items of every list around them.
import {
  type ConstValueNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  getOperationAST,
  isCompositeType,
  isListType,
  Kind,
  type SelectionSetNode,
  typeFromAST,
  type ValueNode,
} from 'graphql';

/** The fields of an answer, as far as the document tells: those of each list are answered once for every item. */
export interface AnswerFields {
  /** Fields that are in no list below. */
  once: number;
  /** Lists of the same length stand here as one. */
  readonly lists: Map<string, AnswerList>;
}

/** Lists of one length in an answer. */
export interface AnswerList {
  /** How many items the document asks for; a variable where it does; null where it names none: then all that there are. */
  readonly asked: number | { readonly variable: string; readonly default: number | null } | null;
  /** The type of the items. */
  readonly type: string;
  /** What is answered of each item, the item itself included. */
  readonly fields: AnswerFields;
}

/** How many fields an answer has, where a list has at least one item. @param itemsOf how many items a list has. */
export function fieldCount(
  { once, lists }: AnswerFields,
  itemsOf: (list: AnswerList) => number,
): number {
  let count = once;
  for (const list of lists.values()) {
    count += Math.max(1, itemsOf(list)) * fieldCount(list.fields, itemsOf);
  }
  return count;
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
export function answerFields(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
  most: number,
): AnswerFields {
  const fragments = new Map(
    document.definitions.flatMap((each) =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each] as const] : [],
    ),
  );
  const root: AnswerFields = { once: 0, lists: new Map() };
  let counted = 0;

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

  /** @param asked what the nearest list argument around says. */
  function count(
    sets: readonly SelectionSetNode[],
    parent: GraphQLCompositeType,
    fields: AnswerFields,
    asked: AnswerList['asked'],
  ): void {
    const found = new Map<string, Answered>();
    const spread = new Set<string>();
    for (const set of sets) collect(set, parent, found, spread);
    for (const { field, parent: owner, selections } of found.values()) {
      if (counted > most) return;
      counted += 1;
      fields.once += 1;
      const definition = schema.getField(owner, field.name.value);
      const named = definition && getNamedType(definition.type);
      if (!isCompositeType(named)) continue;
      const isList = isListType(getNullableType(definition?.type));
      const ownAsked = definition && askedBy(definition, field, defaults);
      const here = ownAsked === undefined ? asked : ownAsked;
      // Below an item of a list its arguments say nothing any more.
      if (isList) count(selections, named, listOf(fields, here, named.name).fields, null);
      else count(selections, named, fields, here);
    }
  }

  const operation = getOperationAST(document, operationName);
  const defaults = new Map(
    operation?.variableDefinitions?.map((each) => [each.variable.name.value, each.defaultValue]),
  );
  const type = operation && schema.getRootType(operation.operation);
  if (type) count([operation.selectionSet], type, root, null);
  return root;
}

/** The fields of a list, beside those of other lists of its length. */
function listOf({ lists }: AnswerFields, asked: AnswerList['asked'], type: string): AnswerList {
  const length = typeof asked === 'object' ? `$${asked?.variable}` : asked;
  const key = `${length} ${type}`;
  const list = lists.get(key) ?? { asked, type, fields: { once: 0, lists: new Map() } };
  // The item itself.
  list.fields.once += 1;
  lists.set(key, list);
  return list;
}

/** How many items a field's own list argument asks for; undefined where it has none. */
function askedBy(
  { args }: GraphQLField<unknown, unknown>,
  { arguments: given = [] }: FieldNode,
  defaults: ReadonlyMap<string, ConstValueNode | undefined>,
): AnswerList['asked'] | undefined {
  const list = args.find(({ type }) => isListType(getNullableType(type)));
  if (list === undefined) return undefined;
  const value = given.find(({ name }) => name.value === list.name)?.value;
  if (value?.kind !== Kind.VARIABLE) return value ? itemsIn(value) : null;
  const variable = value.name.value;
  const fallback = defaults.get(variable);
  return { variable, default: fallback ? itemsIn(fallback) : null };
}

/** A single value stands for a list of one. */
function itemsIn(value: ValueNode): number | null {
  if (value.kind === Kind.NULL) return null;
  return value.kind === Kind.LIST ? value.values.length : 1;
}
