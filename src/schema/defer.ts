// @defer: what a client may have later than the rest. @stream is not offered: every item of a list would wait for the
// one before it, and a list of accounts must not.
import {
  GraphQLBoolean,
  GraphQLDeferDirective,
  GraphQLDirective,
  GraphQLNonNull,
  type GraphQLResolveInfo,
  GraphQLString,
  type OperationDefinitionNode,
  visit,
} from 'graphql';

/** The directive `@defer`, with its description in the schema. */
export const deferDirective = new GraphQLDirective({
  ...GraphQLDeferDirective.toConfig(),
  description:
    'Sends this fragment when it is ready, after the rest of the answer. On a fragment of Account, each account ' +
    'arrives on its own. Makes no call to Kite that the same query would not make without it. The answer comes ' +
    'in parts, as multipart/mixed or text/event-stream, if the request accepts one of them. Otherwise it is one ' +
    'complete response. At most 20 times in an operation, and not at the root of a mutation.',
  args: {
    if: {
      type: new GraphQLNonNull(GraphQLBoolean),
      default: { value: true },
      description: 'Whether to defer. With false, the fragment is part of the first answer.',
    },
    label: {
      type: GraphQLString,
      description: 'Returned with the fragment, to identify it. Unique in a document.',
    },
  },
});

const deferring = new WeakMap<OperationDefinitionNode, boolean>();

/** Whether the answer comes in parts: then the first part waits for nothing that a later one reads. */
export function isDeferring({ operation, fragments }: GraphQLResolveInfo): boolean {
  const seen = deferring.get(operation);
  if (seen !== undefined) return seen;
  let found = false;
  for (const node of [operation, ...Object.values(fragments)]) {
    if (node === undefined) continue;
    visit(node, {
      Directive({ name }) {
        if (name.value === GraphQLDeferDirective.name) found = true;
      },
    });
  }
  deferring.set(operation, found);
  return found;
}
