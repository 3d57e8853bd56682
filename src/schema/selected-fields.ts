// Which fields of an object are asked for, so that nothing is fetched for those that are not.
import {
  type DirectiveNode,
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
 */
export function selectedFields(info: GraphQLResolveInfo): ReadonlySet<string> {
  const { fieldNodes, fragments, variableValues } = info;
  const names = new Set<string>();
  const isOut = (node: { readonly directives?: readonly DirectiveNode[] | undefined }) =>
    getDirectiveValues(GraphQLSkipDirective, node, variableValues)?.if === true ||
    getDirectiveValues(GraphQLIncludeDirective, node, variableValues)?.if === false;
  // Each fragment is walked once: spread exponentially often, it still costs no more.
  const walked = new Set<string>();
  const walk = (set: SelectionSetNode | undefined): void => {
    for (const selection of set?.selections ?? []) {
      if (isOut(selection)) continue;
      if (selection.kind === Kind.FIELD) names.add(selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) walk(selection.selectionSet);
      else if (!walked.has(selection.name.value)) {
        walked.add(selection.name.value);
        walk(fragments[selection.name.value]?.selectionSet);
      }
    }
  };
  for (const node of fieldNodes) walk(node.selectionSet);
  return names;
}
