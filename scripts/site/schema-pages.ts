// The reference of the schema: a page for each kind of type, with a link from each type to its place.
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedScalarType,
  isUnionType,
} from 'graphql';

/** One page of the reference, in Markdown. */
export interface SchemaPage {
  /** Without ending: `schema/queries`. */
  readonly address: string;
  readonly title: string;
  readonly text: string;
}

/** A field of an object, of an input, or an argument. */
type Member = GraphQLField<unknown, unknown> | GraphQLInputField | GraphQLArgument;

/** Prints the schema into pages. Descriptions of it are Markdown and stay as they are. */
export function schemaPages(schema: GraphQLSchema): readonly SchemaPage[] {
  const types = Object.values(schema.getTypeMap())
    .filter((type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type))
    .toSorted((one, other) => one.name.localeCompare(other.name));
  const roots = [
    ['queries', 'Queries', schema.getQueryType()],
    ['mutations', 'Mutations', schema.getMutationType()],
    ['subscriptions', 'Subscriptions', schema.getSubscriptionType()],
  ] as const;
  const isRoot = (type: GraphQLNamedType) => roots.some(([, , root]) => root === type);
  const kinds = [
    ['objects', 'Objects', isObjectType],
    ['inputs', 'Inputs', isInputObjectType],
    ['enums', 'Enums', isEnumType],
  ] as const;
  const pageOf = (type: GraphQLNamedType) =>
    kinds.find(([, , isKind]) => isKind(type))?.[0] ?? 'others';
  const link = (type: Member['type']) => {
    const named = getNamedType(type);
    const isOwn = types.includes(named);
    return isOwn
      ? `[\`${type}\`](/schema/${pageOf(named)}.md#${named.name.toLowerCase()})`
      : `\`${type}\``;
  };
  const rest = types.filter((type) => !isRoot(type) && pageOf(type) === 'others');
  return [
    ...roots.flatMap(([name, title, root]) =>
      root ? [page(name, title, Object.values(root.getFields()).map(operation(link)))] : [],
    ),
    ...kinds.map(([name, title, isKind]) =>
      page(
        name,
        title,
        types.filter((type) => isKind(type) && !isRoot(type)).map((type) => section(type, link)),
      ),
    ),
    page(
      'others',
      'Interfaces, unions, scalars',
      rest.map((type) => section(type, link)),
    ),
  ];
}

function page(name: string, title: string, parts: readonly string[]): SchemaPage {
  return { address: `schema/${name}`, title, text: `# ${title}\n\n${parts.join('\n\n')}\n` };
}

type Link = (type: Member['type']) => string;

/** A field of a root type: a heading of its own, and its arguments. */
function operation(link: Link): (field: GraphQLField<unknown, unknown>) => string {
  return (field) =>
    [
      `## ${field.name}`,
      `Returns ${link(field.type)}`,
      field.description ?? '',
      ...(field.args.length > 0 ? ['**Arguments**', list(field.args, link)] : []),
    ].join('\n\n');
}

function section(type: GraphQLNamedType, link: Link): string {
  const parts = [`## ${type.name}`, type.description ?? ''];
  if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type))
    parts.push(list(Object.values(type.getFields()), link));
  if (isUnionType(type)) parts.push(`One of ${type.getTypes().map(link).join(', ')}.`);
  if (isEnumType(type))
    parts.push(
      type
        .getValues()
        .map(({ name, description }) => item(`\`${name}\``, description))
        .join('\n'),
    );
  return parts.join('\n\n');
}

function list(members: readonly Member[], link: Link): string {
  return members
    .map((member) => {
      const args = 'args' in member ? member.args : [];
      const withArguments = args.map((each) => `${each.name}: ${each.type}`).join(', ');
      const name = args.length > 0 ? `${member.name}(${withArguments})` : member.name;
      return item(`\`${name}\`: ${link(member.type)}`, member.description);
    })
    .join('\n');
}

function item(head: string, description: string | null | undefined): string {
  const text = description?.replace(/\s*\n\s*/g, ' ');
  return text ? `- ${head}. ${text}` : `- ${head}`;
}
