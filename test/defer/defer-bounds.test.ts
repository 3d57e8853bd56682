// @defer where it is not offered, not allowed, or too much.
import { beforeEach, describe, expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { allOf, askInParts, fragmentsOf } from '../support/parts.ts';
import { users } from '../support/windows.ts';
import { startWorld, tokens } from '../support/world.ts';

const world = await startWorld({}, { accounts: 1_000 });
const both = tokens('SIM0001', 'SIM0002');

beforeEach(() => world.reset());

describe('bounds', () => {
  const deferred = (count: number) => '... @defer { user { userId } } '.repeat(count);

  test.each([
    ['@stream', '{ accounts @stream { id } }', 'Unknown directive "@stream".'],
    [
      '@defer on a field',
      '{ accounts @defer { id } }',
      'Directive "@defer" may not be used on FIELD.',
    ],
    [
      'two fragments of one label',
      '{ account { ... @defer(label: "a") { id } ... @defer(label: "a") { id } } }',
      'Value for arguments "defer(label:)" and "stream(label:)" must be unique across all Defer/Stream directive usages.',
    ],
    [
      'a mutation at whose root something is deferred',
      'mutation { ... @defer { logout { loggedOut } } }',
      'Defer directive cannot be used on root mutation type "Mutation".',
    ],
    [
      'too many fragments',
      `{ accounts { ${deferred(21)} } }`,
      'The operation comes in too many parts: 20 deferred fragments are allowed.',
    ],
    [
      'too many through fragments of fragments',
      `{ accounts { ...A1 @defer ...A1 @defer } } ${Array.from(
        { length: 100 },
        (_, n) => `fragment A${n + 1} on Account { ...A${n + 2} @defer ...A${n + 2} @defer }`,
      ).join(' ')} fragment A101 on Account { id }`,
      'The operation comes in too many parts: 20 deferred fragments are allowed.',
    ],
  ])('%s is BAD_USER_INPUT', async (_what, query, message) => {
    const { errors } = await world.askRaw(query, { authorization: both });
    expect(errors[0]).toMatchObject({ message, extensions: { code: 'BAD_USER_INPUT' } });
    expect(await world.calls()).toEqual([]);
  });

  test('an invalid variable is refused and not quoted', async () => {
    const query = `query ($ids: [ID!]) { accounts(ids: $ids) { id ... @defer { user { userId } } } }`;
    const variables = { ids: [{ secret: 'hunter2' }] };
    const headers = { accept: 'multipart/mixed, application/json' };
    const deferred = await world.askRaw(query, { authorization: both, variables, headers });
    const plain = await world.askRaw(query.replace('@defer', ''), {
      authorization: both,
      variables,
    });
    expect(deferred.errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
    expect(deferred.errors[0]?.message).toBe(plain.errors[0]?.message);
    expect(deferred.text).not.toContain('hunter2');
  });

  test('a thousand accounts in as many parts as there may be all arrive', async () => {
    const document = `{ accounts { ${deferred(20)} } }`;
    const { parts } = await askInParts(world.url, document, {
      authorization: tokens(...users(1_000)),
    });
    expect(fragmentsOf(await allOf(parts))).toHaveLength(20_000);
    expect(await world.calls()).toHaveLength(1_000);
  });
});

test('clients learn of @defer from introspection, and of no @stream', async () => {
  const { data } = await world.ask(
    graphql(`query Directives { __schema { directives { name } } }`),
  );
  const names = data?.__schema.directives.map(({ name }) => name);
  expect(names).toContain('defer');
  expect(names).not.toContain('stream');
});
