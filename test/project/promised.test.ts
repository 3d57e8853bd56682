// The schema keeps what promised.graphql promises to clients: it adds, and never breaks.
import { readFileSync } from 'node:fs';
import {
  buildSchema,
  DangerousChangeType,
  findBreakingChanges,
  findDangerousChanges,
  type GraphQLSchema,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from '../../src/schema/schema.ts';

const text = readFileSync(new URL('promised.graphql', import.meta.url), 'utf8');
const promised = buildSchema(text);

/** What of a promise a schema does not keep. */
function broken(promise: GraphQLSchema, given: GraphQLSchema): string[] {
  const defaults = findDangerousChanges(promise, given).filter(
    ({ type }) => type === DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE,
  );
  return [
    ...[...findBreakingChanges(promise, given), ...defaults].map(({ description }) => description),
    ...fieldsOf(promise).filter((field) => !fieldsOf(given).includes(field)),
  ];
}

/**
 * Every field with its type. Breaking changes let a nullable field become non-null, though it would then take its parent
 * along where it fails.
 */
function fieldsOf(given: GraphQLSchema): string[] {
  return Object.values(given.getTypeMap()).flatMap((type) => {
    const hasFields = isObjectType(type) || isInterfaceType(type) || isInputObjectType(type);
    if (!hasFields || type.name.startsWith('__')) return [];
    return Object.values(type.getFields()).map(
      (field) => `${type.name}.${field.name}: ${String(field.type)}`,
    );
  });
}

test('the schema keeps every promise', () => {
  expect(broken(promised, schema)).toEqual([]);
});

describe('a schema breaks its promise', () => {
  test.each([
    ['without a type', 'UserMeta', 'Meta'],
    ['without a field', '  userShortname: String\n', ''],
    ['without an argument', 'account(id: ID)', 'account'],
    ['with another type of a field', 'brokerStatus: Int', 'brokerStatus: String'],
    ['with null where a value was promised', '  net: Float!', '  net: Float'],
    ['with no null where null was promised', '  user: User\n', '  user: User!\n'],
    ['with an argument that must be given', 'returnTo: String', 'returnTo: String!'],
    ['with an input field that must be given', '  state: String\n', '  state: String!\n'],
    ['with another default', 'everySeconds: Int = 5', 'everySeconds: Int = 6'],
    ['without an enum value', '  NOT_SUPPORTED\n', ''],
    ['without a member of a union', ' | UpstreamError', ''],
    ['without an interface', 'type App implements Node', 'type App'],
  ])('%s', (_what, before, after) => {
    expect(text).toContain(before);
    const given = buildSchema(text.replaceAll(before, after), {
      assumeValid: true,
      assumeValidSDL: true,
    });
    expect(broken(promised, given)).not.toEqual([]);
  });

  test('but not by adding to it', () => {
    const given = buildSchema(`${text}\nextend type User { nickname: String }`);
    expect(broken(promised, given)).toEqual([]);
  });
});
