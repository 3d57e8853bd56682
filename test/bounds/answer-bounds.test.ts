// An answer is bounded in bytes, fields and errors while it is made, whatever a small request asks for.
import { describe, expect, test } from 'vitest';
import { readableLog } from '../support/readable-log.ts';
import { startWorld, tokens } from '../support/world.ts';

const log = readableLog();
const world = await startWorld({ logger: log.logger });
const numbered = (count: number, of: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => of(n)).join(' ');

describe('arguments that come back in an answer', () => {
  const pairs = (count: number, value: string) =>
    Array.from({ length: count }, (_, n) => ({ name: `n${n}`, value }));
  const kite = 'query ($p: [RedirectParam!]) { apps { brokerLoginUrl(redirectParams: $p) } }';
  const own = 'query ($to: String) { apps { loginUrl(returnTo: $to) } }';

  test.each([
    ['ten parameters of 500 characters together', kite, { p: pairs(10, 'v'.repeat(48)) }, true],
    ['eleven parameters', kite, { p: pairs(11, 'v') }, false],
    [
      'parameters of 501 characters together',
      kite,
      { p: [{ name: 'n', value: 'v'.repeat(500) }] },
      false,
    ],
    ['a returnTo of 500 characters', own, { to: 'r'.repeat(500) }, true],
    ['a returnTo of 501 characters', own, { to: 'r'.repeat(501) }, false],
  ])('%s', async (_what, query, variables, fits) => {
    const { errors } = await world.askRaw(query, { variables });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(fits ? [] : ['BAD_USER_INPUT']);
  });
});

describe('an answer of too many bytes is TOO_LARGE', () => {
  const refused = {
    status: 200,
    data: null,
    errors: [
      {
        message: 'The answer would be too large. Ask for less at a time.',
        extensions: { code: 'TOO_LARGE', retryable: false },
      },
    ],
  };

  test('where arguments come back from fourteen thousand aliases', async () => {
    const fields = numbered(142, (n) => `b${n}: brokerLoginUrl(redirectParams: $p)`);
    const query = `query ($p: [RedirectParam!]) { ${numbered(100, (n) => `a${n}: apps { ...F }`)} }
      fragment F on App { ${fields} }`;
    const p = Array.from({ length: 10 }, (_, n) => ({ name: `n${n}`, value: 'é'.repeat(48) }));
    const before = process.memoryUsage().rss;
    expect(await world.askRaw(query, { variables: { p } })).toMatchObject(refused);
    expect(process.memoryUsage().rss - before).toBeLessThan(300_000_000);
  });

  test('where long aliases come back from a thousand accounts', async () => {
    const alias = 'a'.repeat(20_000);
    const authorization = Array.from({ length: 1_000 }, (_, n) => `token a:t${n}`).join(',');
    const answer = await world.askRaw(`{ accounts { ${alias}: id } }`, { authorization });
    expect(answer).toMatchObject(refused);
    expect(answer.text.length).toBeLessThan(1_000);
  });

  test('where introspection multiplies', async () => {
    const small = await startWorld({ limits: { answerBytes: 20_000 } });
    const query = '{ __schema { types { name description fields { name description } } } }';
    expect(await small.askRaw(query)).toMatchObject(refused);
  });

  test('in a part of an answer, which the rest does without', async () => {
    const small = await startWorld({ limits: { answerBytes: 1_000 } });
    const deferred = numbered(20, (n) => `a${n}: user { userName email exchanges }`);
    const response = await fetch(small.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: tokens('SIM0001'),
      },
      body: JSON.stringify({ query: `{ account { id ... @defer { ${deferred} } } }` }),
    });
    const text = await response.text();
    expect(text).toContain('"data":{"account":{"id":"');
    expect(text).toContain('"code":"TOO_LARGE"');
    expect(text).not.toContain('userName');
    expect(text).toContain('event: complete');
  });

  test('but the result of a mutation in the same operation is returned', async () => {
    const small = await startWorld({ limits: { answerBytes: 1_000 } });
    const many = numbered(100, (n) => `c${n}: code`);
    const { data, errors } = await small.askRaw(
      `mutation {
        one: renewSession(input: { refreshToken: "r" }) { __typename }
        two: renewSession(input: { refreshToken: "r" }) { ... on ApiError { ${many} } }
      }`,
    );
    expect(data).toEqual({ one: { __typename: expect.any(String) }, two: null });
    expect(errors).toMatchObject([{ path: ['two'], extensions: { code: 'TOO_LARGE' } }]);
  });
});

test('nested lists count with their real sizes', async () => {
  const small = await startWorld({ limits: { answerFields: 200 } });
  const { errors } = await small.askRaw('{ __schema { types { fields { args { name } } } } }');
  expect(errors).toMatchObject([{ extensions: { code: 'TOO_LARGE' } }]);
});

describe('introspection', () => {
  test('takes few aliases, fragments included', async () => {
    const { errors } = await world.askRaw(
      `{ __schema { ...F } } fragment F on __Schema { ${numbered(6, (n) => `a${n}: types { name }`)} }`,
    );
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(errors[0]?.message).toContain('aliases');
  });

  test('is off by default, and then messages suggest no names', async () => {
    const closed = await startWorld({ introspection: false });
    const named = await closed.askRaw('{ accounts { usr { userName } } }');
    expect(named.errors[0]?.message).toBe('Cannot query field "usr" on type "Account".');
    const variable = await closed.askRaw(
      'mutation ($i: ExchangeTokenInput!) { exchangeToken(input: $i) { __typename } }',
      { variables: { i: { requestTokn: 'x' } } },
    );
    expect(variable.text).not.toMatch(/did you mean/i);
  });
});

describe('errors', () => {
  const query = `query ($ids: [ID!]) { ${numbered(100, (n) => `a${n}: accounts(ids: $ids) { id }`)} }`;
  const ids = Array.from({ length: 700 }, (_, n) => `unknown${n}`);

  test('five hundred are listed, the last of which counts the rest', async () => {
    const { data, errors, text } = await world.askRaw(query, {
      authorization: tokens('SIM0001'),
      variables: { ids },
    });
    expect(errors).toHaveLength(500);
    expect(errors[0]?.extensions.code).toBe('NOT_FOUND');
    expect(errors.at(-1)).toMatchObject({
      message: '69501 more errors are not listed. Select less in one request.',
      extensions: { code: 'TOO_LARGE', omittedErrors: 69_501, requestId: expect.any(String) },
    });
    expect(data.a0).toHaveLength(700);
    expect(text.length).toBeLessThan(1_000_000);
    await expect
      .poll(() => log.operations().at(-1))
      .toMatchObject({ errors: { NOT_FOUND: 499, TOO_LARGE: 1 } });
  });

  test('an operation with errors is executed once', async () => {
    await world.fault({ kind: 'internal-error' });
    await world.calls();
    for (let times = 0; times < 12; times += 1) {
      await world.askRaw('mutation Once { logout { loggedOut } }', {
        authorization: tokens('SIM0002'),
      });
    }
    const calls = (await world.calls()).filter(({ method }) => method === 'DELETE');
    expect(calls).toHaveLength(12);
    await world.reset();
  });
});

describe('names that mean something to JavaScript are response names like any other', () => {
  test.each(['application/json', 'multipart/mixed', 'text/event-stream'])(
    'in %s',
    async (accept) => {
      const names = ['then', '__proto__', 'constructor', 'toString', 'catch', 'valueOf'];
      const fields = names.map((name) => `${name}: __typename`).join(' ');
      const response = await fetch(world.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept, authorization: tokens('SIM0001') },
        body: JSON.stringify({
          query: `{ ${fields} account { ${fields} ... @defer { user { ${fields} } } } }`,
        }),
      });
      expect(response.status).toBe(200);
      const text = await response.text();
      expect(text).not.toContain('errors');
      for (const name of names) expect(text).toContain(`"${name}":"Query"`);
      for (const name of names) expect(text).toContain(`"${name}":"User"`);
    },
  );
});
