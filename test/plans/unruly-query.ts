// Valid queries at random over the unruly schema, with all that a query can have.
import {
  type GraphQLCompositeType,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isUnionType,
} from 'graphql';
import { unrulySchema } from './unruly-schema.ts';

/** A query, valid but for names that may clash, and its variables. */
export interface UnrulyQuery {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

const declared = [
  '$yes: Boolean!',
  '$no: Boolean! = false',
  '$may: Boolean = true',
  '$count: Int! = 2',
  '$some: Int',
  '$text: String = "default"',
  '$color: Color! = GREEN',
  '$box: Box = { height: 2.5 }',
  '$tag: String!',
];
const texts = ['text: null', 'text: "long"', 'text: $text', ''];
const boxes = ['', 'box: $box', 'box: { inner: { tags: [$tag, "b"] } }', 'box: {}', 'box: null'];
const given: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'A.echo': [texts, ['count: 1', 'count: $count'], boxes],
  'B.sum': [['', 'of: 5', 'of: [$count, 3]', 'of: []'], boxes],
  'Query.things': [
    ['', 'first: 1', 'first: $some'],
    ['', 'color: $color', 'color: GREEN', 'color: null'],
  ],
  'Query.echo': [texts, ['', 'count: $some', 'count: $count'], boxes],
};
const conditions = ['true', 'false', '$yes', '$yes', '$no', '$may'];
const names = ['then', '__proto__', 'toString', 'constructor', 'x', 'y', 'toJSON'];

/** A query over the unruly schema, the same for the same seed. */
export function unrulyQuery(seed: number): UnrulyQuery {
  let state = seed;
  const below = (most: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % most;
  };
  const fragments: string[] = [];
  const one = <T>(of: readonly T[]): T => of[below(of.length)] as T;
  const chance = (inTen: number) => below(10) < inTen;

  const directive = (): string =>
    chance(1) ? ` @${chance(5) ? 'skip' : 'include'}(if: ${one(conditions)})` : '';

  const field = (type: GraphQLCompositeType, depth: number): string => {
    if (isUnionType(type) || chance(1)) return `${chance(2) ? `${one(names)}: ` : ''}__typename`;
    const { name, type: returned } = one(Object.values(type.getFields()));
    const named = getNamedType(returned);
    if (isCompositeType(named) && depth === 0) return '__typename';
    const choices = given[`${type.name}.${name}`] ?? [];
    const args = choices.map(one).filter((text) => text !== '');
    const alias = chance(2) ? `${chance(3) ? one(names) : `${one(names)}_${name}`}: ` : '';
    const rest = isCompositeType(named) ? ` ${selection(named, depth - 1)}` : '';
    const list = args.length > 0 ? `(${args.join(', ')})` : '';
    return `${alias}${name}${list}${directive()}${rest}`;
  };

  const selection = (type: GraphQLCompositeType, depth: number): string => {
    const parts: string[] = [];
    const count = 1 + below(4);
    while (parts.length < count) {
      if (depth === 0 || !chance(3)) {
        parts.push(field(type, depth));
        continue;
      }
      const possible = isAbstractType(type) ? unrulySchema.getPossibleTypes(type) : [type];
      const inner = chance(2) ? type : one(possible);
      const body = selection(inner, depth - 1);
      if (chance(6)) {
        parts.push(`...${chance(8) || inner !== type ? ` on ${inner}` : ''}${directive()} ${body}`);
        continue;
      }
      const name = `F${fragments.length}`;
      fragments.push(`fragment ${name} on ${inner} ${body}`);
      parts.push(`...${name}${directive()}`);
      if (chance(5)) parts.push(`...${name}${directive()}`);
    }
    return `{ ${parts.join(' ')} }`;
  };

  const body = selection(unrulySchema.getQueryType() as GraphQLCompositeType, 4);
  const variables: Record<string, unknown> = { yes: chance(5), tag: 'tag' };
  if (chance(3)) variables.no = chance(5);
  if (chance(2)) variables.may = one([true, false, null]);
  if (chance(3)) variables.some = one([null, 4]);
  if (chance(3)) variables.text = one([null, 'given']);
  if (chance(3)) variables.box = one([null, { width: 9, inner: {} }]);
  const head = `query Unruly(${declared.join(', ')})`;
  return { query: [`${head} ${body}`, ...fragments].join('\n'), variables };
}
