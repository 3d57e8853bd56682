// A schema for the plans' tests: each value is, by chance, right or wrong, there at once or later, or an error. What
// is chosen depends on the seed and the place in the answer only, so that two executions can be compared.
import {
  buildSchema,
  type GraphQLAbstractType,
  GraphQLError,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  getNullableType,
  isAbstractType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import type { Limits } from '../../src/limits.ts';
import { AnswerMeter } from '../../src/shared/answer-meter.ts';

const thing = 'id: ID! name: String next: Thing things: [Thing!]';

/** The schema. Half of its fields have resolvers. */
export const unrulySchema = buildSchema(`
  interface Thing { ${thing} }
  type A implements Thing { ${thing} only: Int! color: Color b: B! grid: [[Int!]!] odd: Odd
    echo(text: String = "x", count: Int!, box: Box): String }
  type B implements Thing { ${thing} strict: B! a: A any: Any! floats: [Float] yes: Boolean!
    sum(of: [Int!]! = [1, 2], box: Box = { width: 1 }): Int }
  type C { c: String! self: C anys: [Any!]! many: [[C!]]! odds: [Odd!] }
  union Any = A | B | C
  enum Color { RED GREEN }
  scalar Odd
  input Box { width: Int! = 3 height: Float inner: Box tags: [String!] }
  type Query { a: A b: B! thing: Thing any: Any c: C cs: [C!] maybe: String must: ID!
    things(first: Int, color: Color = RED): [Thing] anys: [Any!]!
    echo(text: String = "y", count: Int, box: Box): String }
`);

/** What one execution sees: its chances, what it has asked for, and what it awaits. */
export class Unruly {
  readonly answer: AnswerMeter;
  /** What was asked for, in order. */
  readonly asked: string[] = [];
  readonly #seed: number;
  readonly #times = new Map<string, number>();
  readonly #awaited = new Map<string, (isLate: boolean) => void>();

  constructor(seed: number, limits: Limits) {
    this.#seed = seed;
    this.answer = new AnswerMeter(limits);
  }

  /** A number below another. */
  chance(label: string, below: number): number {
    let hash = 2_166_136_261 ^ this.#seed;
    for (const character of label) {
      hash = Math.imul(hash ^ character.charCodeAt(0), 16_777_619);
    }
    hash ^= hash >>> 15;
    return ((Math.imul(hash, 2_246_822_519) ^ (hash >>> 13)) >>> 0) % below;
  }

  /** The label for the next time that this is asked for. */
  ask(what: string): string {
    const times = (this.#times.get(what) ?? 0) + 1;
    this.#times.set(what, times);
    const label = `${what}#${times}`;
    this.asked.push(label);
    return label;
  }

  /** Settles one of the awaited values. @returns whether there was one. */
  settleOne(): boolean {
    const labels = [...this.#awaited.keys()].map(
      (label) => [this.chance(`${label} order`, 1e9), label] as const,
    );
    const [next] = labels.sort(([a], [b]) => a - b);
    if (next === undefined) return false;
    const settle = this.#awaited.get(next[1]);
    this.#awaited.delete(next[1]);
    settle?.(false);
    return true;
  }

  /** Rejects what is awaited still. */
  endLate(): void {
    for (const settle of this.#awaited.values()) settle(true);
  }

  /** The same outcome, perhaps later. @param mayBeForeign whether a promise may be of another kind than JavaScript's. */
  perhapsLater(label: string, outcome: () => unknown, mayBeForeign = false): unknown {
    const choice = this.chance(`${label} when`, 100);
    if (choice < 60) return outcome();
    // biome-ignore lint/suspicious/noThenProperty: what resolvers return may be a promise of another kind.
    if (choice < 64 && mayBeForeign) return { then: this.#thenable(label, outcome) };
    return new Promise((resolve, reject) => this.#thenable(label, outcome)(resolve, reject));
  }

  #thenable(label: string, outcome: () => unknown) {
    return (resolve: (value: unknown) => void, reject: (error: unknown) => void) => {
      this.#awaited.set(label, (isLate) => {
        try {
          if (isLate) throw new Error(`${label} came too late`);
          resolve(outcome());
        } catch (error) {
          reject(error);
        }
      });
    };
  }

  /** Some value for a type, or some failure. */
  outcome(label: string, type: GraphQLOutputType): unknown {
    const outcome = () => {
      const choice = this.chance(label, 100);
      if (choice < 6) return choice < 4 ? null : undefined;
      if (choice < 9) throw new Error(`${label} threw`);
      if (choice < 10) throw new GraphQLError(`${label} threw`, { extensions: { code: label } });
      if (choice < 11) throw `${label} threw a text`;
      if (choice < 14) return new TypeError(`${label} is an error`);
      return this.#value(label, isNonNullType(type) ? type.ofType : type);
    };
    // A list in a list that is not come to keeps its promises, which nothing handles then: it has none.
    return /\]\[\d+\]$/.test(label) ? outcome() : this.perhapsLater(label, outcome, true);
  }

  #value(label: string, type: GraphQLOutputType): unknown {
    if (isListType(type)) return this.#list(label, type.ofType);
    if (isObjectType(type)) return sourceOf(this, label, type.name);
    if (isAbstractType(type)) {
      const types = unrulySchema.getPossibleTypes(type);
      return sourceOf(this, label, types[this.chance(`${label} type`, types.length)]?.name ?? '');
    }
    if (isEnumType(type)) return ['RED', 'GREEN', 'GREEN', 'BLUE'][this.chance(`${label} of`, 4)];
    const values: readonly unknown[] = [label, 1, 0.5, true, 12, -0, label, '7', 1e10];
    const rare: readonly unknown[] = [
      Number.NaN,
      3n,
      new Date(7),
      { valueOf: () => 8 },
      {},
      [],
      Symbol.iterator,
      '',
    ];
    const all = this.chance(`${label} rare`, 10) === 0 ? rare : values;
    return all[this.chance(`${label} of`, all.length)];
  }

  #list(label: string, type: GraphQLOutputType): unknown {
    const count = this.chance(`${label} length`, 4);
    const kind = this.chance(`${label} kind`, 20);
    if (kind === 0) return 'no list';
    if (kind === 1) return count;
    const item = (index: number) => {
      try {
        return this.outcome(`${label}[${index}]`, type);
      } catch (error) {
        return error instanceof Error ? error : null;
      }
    };
    const ending = () => {
      if (this.chance(`${label} ends`, 4) === 0) throw new Error(`${label} ended`);
    };
    if (kind < 4) {
      return (function* () {
        for (let index = 0; index < count; index += 1) yield item(index);
        ending();
      })();
    }
    // Of others graphql-js leaves promises alone that reject meanwhile, which ends the process.
    if (kind < 7 && isLeafType(getNullableType(type))) {
      const later = (index: number) => this.perhapsLater(`${label}[${index}] next`, () => null);
      return (async function* () {
        for (let index = 0; index < count; index += 1) {
          await later(index);
          yield item(index);
        }
        ending();
      })();
    }
    const items = Array.from({ length: count }, (_, index) => item(index));
    return kind < 9 ? new Set(items) : items;
  }
}

/** An object of a type, whose fields are properties. */
interface Source {
  readonly world: Unruly;
  readonly label: string;
  readonly type: string;
}

const prototypes = new Map<string, object>();

function sourceOf(world: Unruly, label: string, type: string): object {
  const own: Source = { world, label, type };
  const source = Object.assign(Object.create(prototypes.get(type) ?? null), own);
  if (world.chance(`${label} knows`, 3) === 0) source.__typename = type;
  return source;
}

function pathOf(path: GraphQLResolveInfo['path'] | undefined): string {
  return path === undefined ? '' : `${pathOf(path.prev)}.${path.typename ?? ''}:${path.key}`;
}

for (const type of Object.values(unrulySchema.getTypeMap())) {
  if (type.name === 'Thing') {
    (type as GraphQLAbstractType).resolveType = (source, world: Unruly, info) => {
      const label = world.ask(`type of ${(source as Source)?.label} at ${pathOf(info.path)}`);
      return world.perhapsLater(label, () => {
        const choice = world.chance(label, 40);
        if (choice === 0) throw new Error(`${label} threw`);
        return ['C', 'Nothing', 'Color', undefined, 3][choice - 1] ?? (source as Source).type;
      }) as string;
    };
  }
  if (!isObjectType(type) || type.name.startsWith('__')) continue;
  const prototype = {};
  prototypes.set(type.name, prototype);
  if (type.name !== 'Query') {
    type.isTypeOf = (source, world: Unruly, info) => {
      const label = world.ask(`${type} ${(source as Source)?.label} at ${pathOf(info.path)}`);
      const outcome = () => {
        const choice = world.chance(label, 60);
        if (choice === 0) throw new Error(`${label} threw`);
        return choice !== 1 && (source as Source)?.type === type.name;
      };
      return (type.name === 'C' ? world.perhapsLater(label, outcome) : outcome()) as boolean;
    };
  }
  for (const field of Object.values(type.getFields())) {
    const isProperty = type.name !== 'Query' && field.name.length % 2 === 0;
    if (isProperty) {
      Object.defineProperty(prototype, field.name, {
        get(this: Source) {
          const what = `${this.label}.${field.name}`;
          if (this.world.chance(what, 5) > 0) {
            return this.world.outcome(this.world.ask(what), field.type);
          }
          return (args: unknown, world: Unruly, info: GraphQLResolveInfo) => {
            const called = `${what}(${JSON.stringify(args)}) at ${pathOf(info.path)}`;
            return world.outcome(world.ask(called), field.type);
          };
        },
      });
    } else {
      field.resolve = (_source, args, world: Unruly, info) =>
        world.outcome(world.ask(`${pathOf(info.path)}(${JSON.stringify(args)})`), field.type);
    }
  }
}
const odd = unrulySchema.getType('Odd') as unknown as {
  coerceOutputValue(value: unknown): unknown;
};
odd.coerceOutputValue = (value) => {
  if (value === 1) throw new Error('One is not odd');
  if (value === true) return null;
  if (value === 12) return undefined;
  return typeof value === 'string' ? { text: value } : 'odd';
};
