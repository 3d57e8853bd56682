// What of a query GraphiQL keeps in its history and in links.
import { expect, test } from 'vitest';
import { plainQuery } from '../../src/http/graphiql/plain-query.ts';

const textOf = (query: string) => plainQuery(query, true).text;

test('of a query that cannot log in, everything stays', () => {
  const query =
    '# mine\nquery Q($id: ID = "a", $n: Int = 2) { all: accounts(ids: [$id, "b"]) { sessions(scope: USER) { id } } }';
  expect(plainQuery(query, true)).toEqual({ text: query, mayLogIn: false });
  expect(plainQuery(query, false).text).toBe(query.replace('# mine', ''));
});

test.each([
  ['mutation In { login: exchangeToken(input: { requestToken: "canary" }) { __typename } }', '""'],
  ['mutation In { exchangeToken(input: { requestToken: canary }) { __typename } }', '""'],
  ['{ beginLogin(input: { user: "canary", word: canary, n: [canary, -8.6e4] }) { id } }', '""'],
  ['{ exchange(checksum: "canary") { id } }', '""'],
  ['query Renew { session(refreshToken: "canary") { id } }', '""'],
  ['{ anything(password: """ca \\""" canary """) { id } }', '""'],
  ['{ anything(passcode: "canary) { id } }\n}', '""'],
  [
    '# canary\nmutation M($input: Login! = { pin: canary } $all: [ID!]! = canary) { a(b: $input c: canary) }',
    '""',
  ],
])('no value of what may log in stays: %s', (query, empty) => {
  const text = textOf(query);
  expect(text).not.toMatch(/canary|8\.6/);
  expect(text).toContain(empty);
});

test('what may log in keeps its names, types, variables and constants', () => {
  const query =
    'mutation M($input: [Login!]! @a, $is: Boolean = true) { one: a(b: $input, c: null) @skip(if: $is) { __typename } }';
  expect(plainQuery(query, true)).toEqual({ text: query, mayLogIn: true });
});
