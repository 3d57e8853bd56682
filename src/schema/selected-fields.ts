// Which fields of an object are asked for, so that nothing is fetched for those that are not.
import {
  type DirectiveNode,
  type FieldNode,
  GraphQLIncludeDirective,
  type GraphQLResolveInfo,
  GraphQLSkipDirective,
  getDirectiveValues,
  Kind,
  type SelectionSetNode,
} from 'graphql';

/**
 * The names of the fields selected below a field whose type is an object: through aliases and fragments, and
 * without what @skip and @include take out. A fragment on such a type always applies: there is nothing to narrow.
 * @param path names of fields of objects to go down by first.
 */
export function selectedFields(
  info: GraphQLResolveInfo,
  ...path: readonly string[]
): ReadonlySet<string> {
  let fields: readonly FieldNode[] = info.fieldNodes;
  for (const step of path) fields = fieldsBelow(fields, info).filter(named(step));
  return new Set(fieldsBelow(fields, info).map(({ name }) => name.value));
}

function named(name: string) {
  return (field: FieldNode) => field.name.value === name;
}

function fieldsBelow(
  parents: readonly FieldNode[],
  { fragments, variableValues }: GraphQLResolveInfo,
): readonly FieldNode[] {
  const fields: FieldNode[] = [];
  const isOut = (node: { readonly directives?: readonly DirectiveNode[] | undefined }) =>
    getDirectiveValues(GraphQLSkipDirective, node, variableValues)?.if === true ||
    getDirectiveValues(GraphQLIncludeDirective, node, variableValues)?.if === false;
  // Each fragment is walked once: spread exponentially often, it still costs no more.
  const walked = new Set<string>();
  const walk = (set: SelectionSetNode | undefined): void => {
    for (const selection of set?.selections ?? []) {
      if (isOut(selection)) continue;
      if (selection.kind === Kind.FIELD) fields.push(selection);
      else if (selection.kind === Kind.INLINE_FRAGMENT) walk(selection.selectionSet);
      else if (!walked.has(selection.name.value)) {
        walked.add(selection.name.value);
        walk(fragments[selection.name.value]?.selectionSet);
      }
    }
  };
  for (const node of parents) walk(node.selectionSet);
  return fields;
}
