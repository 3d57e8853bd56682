// Queries at random, for what has to hold of every one of them.
import * as fc from 'fast-check';
import {
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isNonNullType,
  isUnionType,
} from 'graphql';

/** A valid query, and the values of its variables. */
export interface AnyQuery {
  readonly query: string;
  readonly variables: Readonly<Record<string, boolean>>;
}

/** Levels of fields; what is asked of accounts of accounts is nothing new. */
const deepest = 4;

/** Any valid query, with aliases and fragments; one in three with directives whose variables leave fields out. */
export function anyQuery(gen: fc.GeneratorValue, schema: GraphQLSchema): AnyQuery {
  const variables: Record<string, boolean> = {};
  const declared: string[] = [];
  const fragments: string[] = [];
  const pick = (most: number) => gen(fc.nat, { max: most });
  const chance = (inTen: number) => pick(9) < inTen;

  const hasDirectives = chance(3);
  const directive = (): string => {
    if (!hasDirectives || !chance(2)) return '';
    const name = `v${declared.length}`;
    declared.push(`$${name}: Boolean!`);
    variables[name] = chance(5);
    return ` @${chance(5) ? 'skip' : 'include'}(if: $${name})`;
  };

  const inFragment = (typeName: string, text: string): string => {
    if (chance(5)) return `... on ${typeName}${directive()} { ${text} }`;
    const name = `F${fragments.length}`;
    fragments.push(`fragment ${name} on ${typeName} { ${text} }`);
    return `...${name}${directive()} ...${name}`;
  };

  const selection = (typeName: string, depth: number): string => {
    const type = schema.getType(typeName);
    if (!isCompositeType(type)) return '';
    const chosen: string[] = ['__typename'];
    for (const [name, field] of isUnionType(type) ? [] : Object.entries(type.getFields())) {
      const named = getNamedType(field.type);
      if (field.args.some((argument) => isNonNullType(argument.type))) continue;
      if (isCompositeType(named) && depth === 0) continue;
      for (let times = chance(3) ? 1 + pick(1) : 0; times > 0; times -= 1) {
        const alias = chance(3) ? `${'abc'[pick(2)]}_${name}: ` : '';
        const text = `${alias}${name}${directive()} ${selection(named.name, depth - 1)}`;
        chosen.push(chance(2) ? inFragment(typeName, text) : text);
      }
    }
    return `{ ${chosen.join(' ')} }`;
  };

  const body = selection('Query', deepest);
  const variablesOf = declared.length > 0 ? `(${declared.join(', ')})` : '';
  return { query: [`query Any${variablesOf} ${body}`, ...fragments].join('\n'), variables };
}
