// Query.node: every object with an id is found by it, as far as the request reaches it, and what fails is said.
import { beforeEach, describe, expect, test } from 'vitest';
import { Visitor } from '../support/visitor.ts';
import { startWorld, tokens } from '../support/world.ts';

const world = await startWorld();
const authorization = tokens('SIM0001', 'SIM0002', 'SIM0003');

interface Identified {
  readonly id: string;
  readonly __typename: string;
}

/** Asks as someone: by the query and its variables. */
type Ask = (query: string, variables?: object) => ReturnType<typeof world.askRaw>;

const withHeader =
  (header: string): Ask =>
  (query, variables) =>
    world.askRaw(query, { authorization: header, variables });

async function withKeyring(...userIds: readonly string[]): Promise<Ask> {
  const visitor = new Visitor(new URL(world.url).origin, 'http://localhost:4000');
  const loginUrl = new URL('/login?app=simulator', world.url).href;
  for (const userId of userIds) await visitor.logIn(loginUrl, userId);
  return (query, variables) => visitor.askRaw(query, variables);
}

const nodeQuery = (selection = '') =>
  `query ($id: ID!) { node(id: $id) { __typename id ${selection} } }`;

beforeEach(async () => {
  await world.reset();
  await world.clearFaults();
  await world.calls();
});

/** Every object of an answer that has an id. */
function identified(value: unknown): Identified[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = 'id' in value ? [value as Identified] : [];
  return [...own, ...Object.values(value).flatMap(identified)];
}

const segment = '{ __typename id available { __typename id } utilised { __typename id } }';
const sums = `{ __typename id equity ${segment} commodity ${segment} total ${segment} }`;
const everything = `query ($some: [ID!], $one: [ID!]) {
  apps { __typename id }
  accounts {
    __typename id
    user { __typename id }
    margins { __typename id equity ${segment} commodity ${segment} }
  }
  sessions { __typename id devices { __typename id } }
  all: combinedMargins ${sums}
  some: combinedMargins(accountIds: $some) ${sums}
  one: combinedMargins(accountIds: $one) ${sums}
  none: combinedMargins(accountIds: []) { __typename id }
}`;

const nodeTypes: readonly string[] = (
  await world.askRaw('{ __type(name: "Node") { possibleTypes { name } } }')
).data.__type.possibleTypes.map(({ name }: { name: string }) => name);

describe.each([
  // Sessions belong to keyrings.
  // Of another broker, whose own test finds it.
  [
    'header credentials',
    ['Session', 'SessionDevice', 'KotakMargins'],
    async () => withHeader(authorization),
  ],
  ['a keyring', ['KotakMargins'], () => withKeyring('SIM0001', 'SIM0002', 'SIM0003')],
])('with %s', (_name, unreached, login) => {
  test('node finds every object of every type that implements Node, and no two share an id', async () => {
    const ask = await login();
    const { data: ids } = await ask('{ accounts { id } }');
    const [one, , other] = ids.accounts.map(({ id }: Identified) => id);
    const { data, errors } = await ask(everything, { some: [other, one], one: [one] });
    expect(errors).toEqual([]);
    const found = identified(data);
    const types = new Set(found.map(({ __typename }) => __typename));
    expect(types).toEqual(new Set(nodeTypes.filter((name) => !unreached.includes(name))));
    expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
    for (const { id, __typename } of found) {
      const answer = await ask(nodeQuery(), { id });
      expect(answer.errors).toEqual([]);
      expect(answer.data.node).toEqual({ __typename, id });
    }
  });

  test('sums over chosen accounts are found by their id, with the same amounts', async () => {
    const ask = await login();
    const { data: ids } = await ask('{ accounts { id } }');
    const [one, , other] = ids.accounts.map(({ id }: Identified) => id);
    const selection = 'total { net } accounts { id } failures { accountId }';
    const combined = `query ($some: [ID!]) { combinedMargins(accountIds: $some) { id ${selection} } }`;
    const { data } = await ask(combined, { some: [one, other] });
    const { id, ...amounts } = data.combinedMargins;
    const turned = await ask(combined, { some: [other, one, other] });
    expect(turned.data.combinedMargins.id).toBe(id);
    const again = await ask(nodeQuery(`... on CombinedMargins { ${selection} }`), { id });
    expect(again.data.node).toEqual({ __typename: 'CombinedMargins', id, ...amounts });
  });

  test('an upstream failure is not NOT_FOUND', async () => {
    const ask = await login();
    const { data } = await ask(
      '{ accounts { margins { equity { id available { id } } } } combinedMargins { total { id } } }',
    );
    await world.fault({ kind: 'bad-gateway-html' });
    const found = identified(data);
    expect(found).toHaveLength(7);
    for (const { id } of found) {
      const { errors } = await ask(nodeQuery(), { id });
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['UPSTREAM_UNAVAILABLE']);
    }
  });
});

describe('a User', () => {
  const userOf = async (ask: Ask, index: number): Promise<string> =>
    (await ask('{ accounts { user { id } } }')).data.accounts[index].user.id;

  test('of a keyring makes no call for fields that are known from the login', async () => {
    const ask = await withKeyring('SIM0001', 'SIM0002');
    const id = await userOf(ask, 1);
    await world.calls();
    const { data } = await ask(nodeQuery('... on User { userId userName }'), { id });
    expect(data.node).toMatchObject({ id, userId: 'SIM0001' });
    expect(await world.calls()).toEqual([]);
    await ask(nodeQuery('... on User { email }'), { id });
    expect((await world.calls()).map(({ path, userId }) => [path, userId])).toEqual([
      ['/user/profile', 'SIM0001'],
    ]);
  });

  test('of header credentials costs one call an account at most, however many aliases ask', async () => {
    const ask = withHeader(authorization);
    const id = await userOf(ask, 2);
    await world.calls();
    const query = `query ($id: ID!) { a: node(id: $id) { id ... on User { email } } b: node(id: $id) { id } }`;
    const { data } = await ask(query, { id });
    expect(data).toEqual({ a: { id, email: expect.any(String) }, b: { id } });
    expect(await world.calls()).toHaveLength(3);
  });

  test('is found beside an account that fails; without it, the error has the code of the failure', async () => {
    const ask = withHeader(authorization);
    const [first, second] = [await userOf(ask, 0), await userOf(ask, 1)];
    await world.fault({ kind: 'bad-gateway-html', userId: 'SIM0002' });
    expect((await ask(nodeQuery(), { id: first })).data.node.id).toBe(first);
    const { data, errors } = await ask(nodeQuery(), { id: second });
    expect(data).toEqual({ node: null });
    expect(errors[0]?.extensions).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
  });
});

test('a User that is not found fails with a retryable error before a permanent one', async () => {
  const id = (await withHeader(tokens('SIM0002'))('{ account { user { id } } }')).data.account.user
    .id;
  await world.fault({ kind: 'bad-gateway-html', userId: 'SIM0002' });
  const { errors } = await withHeader(`token simulator:expired, ${tokens('SIM0002', 'SIM0003')}`)(
    nodeQuery(),
    { id },
  );
  expect(errors.map(({ extensions }) => extensions.code)).toEqual(['UPSTREAM_UNAVAILABLE']);
});

test('a hanging account does not hold back a User of another, and its call is cancelled', async () => {
  const ask = withHeader(authorization);
  const id = (await ask('{ accounts { user { id } } }')).data.accounts[2].user.id;
  await world.fault({ kind: 'hang', userId: 'SIM0001' });
  expect((await ask(nodeQuery(), { id })).data.node.id).toBe(id);
  await world.clearFaults();
  // A call that is still in flight would be joined, and time out.
  expect((await ask('{ accounts { user { id } } }')).errors).toEqual([]);
});

describe('costs', () => {
  test.each([
    ['Margins', '... on Margins { id }', []],
    ['Margins', '... on Margins { equity { net } }', ['/user/margins/equity']],
    ['CombinedMargins', '', []],
    [
      'CombinedMargins',
      '... on CombinedMargins { equity { net } }',
      Array(3).fill('/user/margins/equity'),
    ],
    ['SegmentMargins', '', Array(3).fill('/user/margins/commodity')],
  ])(
    'no more than what is asked of the object costs: %s %s',
    async (typeName, selection, calls) => {
      const ask = withHeader(authorization);
      const { data } = await ask(
        '{ accounts { margins { __typename id } } combinedMargins { __typename id commodity { __typename id } } }',
      );
      await world.calls();
      const object = identified(data).find(({ __typename }) => __typename === typeName);
      const { errors } = await ask(nodeQuery(selection), { id: object?.id });
      expect(errors).toEqual([]);
      expect((await world.calls()).map(({ path }) => path)).toEqual(calls);
    },
  );
});

describe('is null with', () => {
  const failing = async (ask: Ask, id: string) => {
    const { data, errors } = await ask(nodeQuery(), { id });
    expect(data).toEqual({ node: null });
    return errors[0];
  };

  test.each(['', 'x', 'TWFyZ2luczp4', 'QXBwOnVua25vd24', 'VXNlcjp4', 'Q29tYmluZWRNYXJnaW5zOng'])(
    'NOT_FOUND for an id that is not reached: %j',
    async (id) => {
      expect((await failing(withHeader(authorization), id))?.extensions.code).toBe('NOT_FOUND');
    },
  );

  test('NOT_FOUND for sums over accounts that the request does not reach, and says so', async () => {
    const { data } = await withHeader(authorization)('{ combinedMargins { id } }');
    const error = await failing(withHeader(tokens('SIM0001')), data.combinedMargins.id);
    expect(error?.extensions.code).toBe('NOT_FOUND');
    expect(error?.message).toContain('does not reach every account');
  });

  test('UNAUTHENTICATED where no credential came, except for an app', async () => {
    const ask: Ask = (query, variables) => world.askRaw(query, { variables });
    const { data } = await withHeader(authorization)(
      '{ apps { id } accounts { id user { id } margins { id } } combinedMargins { id } }',
    );
    for (const { id } of identified([data.accounts, data.combinedMargins])) {
      expect((await failing(ask, id))?.extensions.code).toBe('UNAUTHENTICATED');
    }
    expect((await ask(nodeQuery(), { id: data.apps[0].id })).errors).toEqual([]);
  });
});
