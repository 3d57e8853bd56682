// What a client can get wrong: it is told what, with a code, and nothing that it sent is repeated.
import { describe, expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { startWorld, tokens } from '../support/world.ts';

const world = await startWorld();
const secret = 'Sup3rS3cr3tT0ken';

const documents: readonly [why: string, query: string, variables?: unknown][] = [
  ['a syntax error', `{ account(id: "${secret}" { id } }`],
  ['a string where a name belongs', `{ "${secret}" }`],
  ['a name where none belongs', `{ account } ${secret}`],
  ['an unterminated string', `mutation { exchangeToken(input: { requestToken: "${secret}`],
  ['a broken escape', `{ account(id: "\\${secret}") { id } }`],
  ['a bad unicode escape', `{ account(id: "\\u${secret}") { id } }`],
  ['a number too many', `{ account(id: 00${'7'.repeat(12)}) { id } }`],
  [
    'a bare word as a token',
    `mutation { exchangeToken(input: { requestToken: ${secret} }) { __typename } }`,
  ],
  [
    'an object as a token',
    `mutation { exchangeToken(input: { requestToken: { a: "${secret}" } }) { __typename } }`,
  ],
  [
    'a missing field beside a token',
    `mutation { exchangeToken(input: { checksum: "${secret}" }) { __typename } }`,
  ],
  [
    'an unknown field beside a token',
    `mutation { exchangeToken(input: { requestToken: "${secret}", x: 1 }) { __typename } }`,
  ],
  ['an object as an id', `{ account(id: { a: "${secret}" }) { id } }`],
  [
    'a variable of the wrong type',
    'query ($id: ID) { account(id: $id) { id } }',
    { id: { a: secret } },
  ],
  [
    'a variable with an unknown field',
    'mutation ($i: ExchangeTokenInput!) { exchangeToken(input: $i) { __typename } }',
    { i: { requestToken: secret, other: secret } },
  ],
  [
    'a variable without its field',
    'mutation ($i: ExchangeTokenInput!) { exchangeToken(input: $i) { __typename } }',
    { i: { checksum: secret } },
  ],
  [
    'a variable of wrong depth',
    'mutation ($i: ExchangeTokenInput!) { exchangeToken(input: $i) { __typename } }',
    { i: { requestToken: [secret] } },
  ],
  [
    'a list with one bad id',
    'query ($ids: [ID!]) { accounts(ids: $ids) { id } }',
    { ids: ['a', [secret]] },
  ],
  [
    'a bad id for a subscription',
    'subscription ($ids: [ID!]) { marginsChanged(accountIds: $ids) { account { id } } }',
    { ids: ['a', [secret]] },
  ],
  [
    'a word where a subscription wants a number',
    'subscription ($n: Int) { marginsChanged(everySeconds: $n) { account { id } } }',
    { n: secret },
  ],
  ['variables that are no object', '{ apps { apiKey } }', secret],
];

test.each(documents)('%s is BAD_USER_INPUT, and not repeated', async (_why, query, variables) => {
  const { status, data, errors, text } = await world.askRaw(query, { variables });
  expect(status).toBe(400);
  expect(data ?? null).toBeNull();
  expect(errors.length).toBeGreaterThan(0);
  for (const { message, extensions } of errors) {
    expect(extensions).toEqual({
      code: 'BAD_USER_INPUT',
      retryable: false,
      requestId: expect.any(String),
    });
    expect(message.length).toBeGreaterThan(10);
  }
  for (let at = 0; at + 6 <= secret.length; at += 1) {
    expect(text).not.toContain(secret.slice(at, at + 6));
  }
  expect(await world.calls()).toEqual([]);
});

test('names stay, so that a typing error can be found', async () => {
  const typo = await world.askRaw('{ accounts { usr { userName } } }');
  expect(typo.errors[0]?.message).toBe(
    'Cannot query field "usr" on type "Account". Did you mean "user"?',
  );
  const variable = await world.askRaw(
    'mutation ($input: ExchangeTokenInput!) { exchangeToken(input: $input) { __typename } }',
    { variables: { input: { requestToken: 5 } } },
  );
  expect(variable.errors[0]?.message).toBe(
    'Variable "$input" has invalid value at .requestToken; String cannot represent a non string value.',
  );
});

describe('limits', () => {
  const deep = (levels: number) =>
    `{ __type(name: "Query") ${'{ ofType '.repeat(levels)}{ name }${' }'.repeat(levels)} }`;

  test('a query too deep is refused, also through fragments', async () => {
    const straight = await world.askRaw(deep(20));
    expect(straight.errors.map(({ message }) => message)).toEqual([
      'The query is too deep: 16 levels of fields are allowed.',
    ]);
    const fragments = Array.from(
      { length: 12 },
      (_, n) => `fragment F${n} on __Type { ofType { ofType { ...F${n + 1} name } } }`,
    ).join(' ');
    const spread = await world.askRaw(
      `{ __type(name: "Query") { ...F0 } } ${fragments} fragment F12 on __Type { name }`,
    );
    expect(spread.errors[0]?.message).toContain('too deep');
    expect(spread.errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  test('a document too long or too wide is refused', async () => {
    const long = await world.askRaw(`{ apps { ${'apiKey '.repeat(2_000)} } }`);
    expect(long.errors[0]?.message).toContain('tokens');
    const wide = await world.askRaw(
      `{ ${Array.from({ length: 101 }, (_, n) => `a${n}: apps { apiKey }`).join(' ')} }`,
    );
    expect(wide.errors[0]?.message).toContain('too wide');
    const wideThroughFragments = await world.askRaw(
      `{ ...A ...A2 ... { ${Array.from({ length: 60 }, (_, n) => `b${n}: apps { apiKey }`).join(' ')} } }
       fragment A on Query { ${Array.from({ length: 30 }, (_, n) => `c${n}: apps { apiKey }`).join(' ')} }
       fragment A2 on Query { ${Array.from({ length: 30 }, (_, n) => `d${n}: apps { apiKey }`).join(' ')} }`,
    );
    expect(wideThroughFragments.errors[0]?.message).toContain('too wide');
  });

  test('a fragment that is spread exponentially costs no time', async () => {
    const fragments = Array.from(
      { length: 30 },
      (_, n) => `fragment F${n} on App { ...F${n + 1} ...F${n + 1} ...F${n + 1} }`,
    ).join(' ');
    const { errors } = await world.askRaw(
      `{ apps { ...F0 } } ${fragments} fragment F30 on App { name }`,
    );
    expect(errors).toEqual([]);
  });

  test('a body too long is refused', async () => {
    const response = await fetch(world.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: '{ apps { apiKey } }',
        extensions: { x: 'x'.repeat(1_100_000) },
      }),
    });
    expect(response.status).toBe(413);
  });

  test('introspection can be switched off', async () => {
    const closed = await startWorld({ introspection: false });
    const { errors } = await closed.askRaw('{ __schema { types { name } } }');
    expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
    const { data } = await closed.ask(graphql(`query StillApps { apps { apiKey __typename } }`));
    expect(data?.apps).toHaveLength(1);
  });
});

describe('with introspection off', async () => {
  const closed = await startWorld({ introspection: false });

  test.each<[string, string, object?]>([
    ['a field', '{ accounts { usr { userName } } }'],
    ['a field at the root', '{ acounts { id } }'],
    ['an argument', '{ account(idd: "x") { id } }'],
    ['a type', 'query ($id: IDD) { account(id: $id) { id } }'],
    ['a fragment’s type', '{ accounts { ... on Acount { id } } }'],
    ['a field of an interface', '{ node(id: "x") { idd } }'],
    ['a directive’s argument', '{ accounts { id @skip(iff: true) } }'],
    [
      'a field of an input',
      'mutation { exchangeToken(input: { requestTokn: "x" }) { __typename } }',
    ],
    [
      'a field of an input in the variables',
      'mutation ($input: ExchangeTokenInput!) { exchangeToken(input: $input) { __typename } }',
      { input: { requestTokn: 'x' } },
    ],
  ])('a misspelt name of %s is refused without a suggestion', async (_what, query, variables) => {
    const messagesOf = async ({ url }: { url: string }) => {
      const plain = JSON.stringify({ query, variables });
      const search = new URLSearchParams({ query, variables: JSON.stringify(variables ?? {}) });
      const answers = await Promise.all([
        fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: plain,
        }),
        ...(query.startsWith('mutation')
          ? []
          : [fetch(`${url}?${search}`, { headers: { accept: 'application/json' } })]),
      ]);
      const texts = await Promise.all(answers.map((answer) => answer.text()));
      return texts.map((text) => {
        const { errors } = JSON.parse(text);
        expect(errors.length).toBeGreaterThan(0);
        for (const { extensions } of errors) expect(extensions.code).toBe('BAD_USER_INPUT');
        return errors.map(({ message }: { message: string }) => message).join(' ');
      });
    };
    for (const message of await messagesOf(closed)) expect(message).not.toMatch(/did you mean/i);
  });
});

test('nothing of a secret is in any answer, however Kite repeats it', async () => {
  const token = 'SIM0001-token';
  for (const message of [
    `Token ${token} is invalid`,
    `<b>${token}</b>`,
    `prefix ${token.slice(0, 9)} only`,
    'connect to kite-internal.zerodha.local:8080 (10.0.0.7) failed, see https://x.example/y?z=1',
  ]) {
    await world.reset();
    await world.fault({
      kind: 'error-envelope',
      message,
      errorType: 'GeneralException',
      status: 400,
    });
    const { errors, text } = await world.ask(
      graphql(`query Leak { account { user { userName } } }`),
      {
        authorization: tokens('SIM0001'),
      },
    );
    expect(errors[0]?.extensions.code).toBe('UPSTREAM_ERROR');
    expect(text).not.toMatch(/SIM0001-|0001-tok|-token|<b>|zerodha|10\.0\.0|https?:/);
  }
  await world.reset();
});
