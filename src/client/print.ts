// Prints parsed documents, so that no bundle needs a GraphQL library for it.

interface Node {
  readonly kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: a node has other fields for each kind.
  readonly [field: string]: any;
}

/** The text of an executable document. */
export function printDocument(definitions: readonly unknown[]): string {
  return definitions.map((each) => print(each as Node)).join('\n');
}

function join(nodes: readonly Node[] | undefined, before: string, after: string): string {
  return nodes?.length ? `${before}${nodes.map(print).join(' ')}${after}` : '';
}

/** The directives and the selection set of a node, each if it has them. */
function rest({ directives, selectionSet }: Node): string {
  return (
    join(directives, ' ', '') + (selectionSet ? join(selectionSet.selections, ' { ', ' }') : '')
  );
}

function print(node: Node): string {
  const { kind, name, value, type } = node;
  switch (kind) {
    case 'Name':
    case 'IntValue':
    case 'FloatValue':
    case 'EnumValue':
    case 'BooleanValue':
      return `${value}`;
    case 'NullValue':
      return 'null';
    case 'StringValue':
      return JSON.stringify(value);
    case 'ListValue':
      return `[${node.values.map(print).join(' ')}]`;
    case 'ObjectValue':
      return `{${node.fields.map(print).join(' ')}}`;
    case 'ObjectField':
    case 'Argument':
      return `${print(name)}: ${print(value)}`;
    case 'Variable':
      return `$${print(name)}`;
    case 'NamedType':
      return print(name);
    case 'ListType':
      return `[${print(type)}]`;
    case 'NonNullType':
      return `${print(type)}!`;
    case 'VariableDefinition': {
      const { variable, defaultValue } = node;
      return `${print(variable)}: ${print(type)}${defaultValue ? ` = ${print(defaultValue)}` : ''}${rest(node)}`;
    }
    case 'Directive':
      return `@${print(name)}${join(node.arguments, '(', ')')}`;
    case 'Field':
      return `${node.alias ? `${print(node.alias)}: ` : ''}${print(name)}${join(node.arguments, '(', ')')}${rest(node)}`;
    case 'FragmentSpread':
      return `...${print(name)}${rest(node)}`;
    case 'InlineFragment':
      return `...${node.typeCondition ? ` on ${print(node.typeCondition)}` : ''}${rest(node)}`;
    case 'FragmentDefinition':
      return `fragment ${print(name)} on ${print(node.typeCondition)}${rest(node)}`;
    case 'OperationDefinition':
      return `${node.operation}${name ? ` ${print(name)}` : ''}${join(node.variableDefinitions, '(', ')')}${rest(node)}`;
    default:
      throw new TypeError(`A document for a server cannot contain ${kind}.`);
  }
}
