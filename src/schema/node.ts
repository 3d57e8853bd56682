// Node: what a client's cache can meet twice. Its ids are shared by no two objects of any type.
import { builder } from './builder.ts';

const typeNames = new WeakMap<object, string>();

/** The GraphQL interface Node. */
export const NodeRef = builder.interfaceRef<object>('Node').implement({
  description:
    'An object with an id that no other object of any type shares. Select `id` wherever a cache merges the ' +
    'results of several queries. Without it, two parts of a page that select different fields overwrite each ' +
    'other.',
  resolveType: (value) => typeNames.get(value),
  fields: (t) => ({
    id: t.id({
      nullable: false,
      description: 'Opaque. The same object has the same id in every answer.',
      resolve: (value) => (value as { readonly id: string }).id,
    }),
  }),
});

/** The same value, where GraphQL is to know its type by itself. */
export function asNode<T extends object>(typeName: string, value: T): T {
  // A view of its own: an account stands for its margins too.
  const view: T = Object.create(value);
  typeNames.set(view, typeName);
  return view;
}

/** An id of a type, from which {@link readNodeId} gives the parts back. Parts hold no colon, and nothing secret. */
export function nodeId(typeName: string, ...parts: readonly string[]): string {
  return Buffer.from([typeName, ...parts].join(':')).toString('base64url');
}

/** What an id was made from; of an id that was not made here, a type that does not exist. */
export function readNodeId(id: string): { readonly typeName: string; readonly parts: string[] } {
  const [typeName = '', ...parts] = Buffer.from(id, 'base64url').toString().split(':');
  return { typeName, parts };
}
