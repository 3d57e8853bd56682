// A small request cannot ask for a huge answer: values are bounded, and so are fields times accounts.
import { parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { answerFields, fieldCount } from '../../src/http/limits/answer-size.ts';
import { schema } from '../../src/schema/schema.ts';
import { graphql } from '../generated/gql.ts';
import { startWorld } from '../support/world.ts';

const world = await startWorld();
const numbered = (count: number, of: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => of(n)).join(' ');
const credentials = (count: number) =>
  Array.from({ length: count }, (_, n) => `token a:t${n}`).join(',');

describe('values', () => {
  const named = graphql(`query VolumeNamed($ids: [ID!]) { accounts(ids: $ids) { id } }`);
  const authorization = 'token a:b';

  test('a list as long as a request may reach accounts is answered, a longer one refused', async () => {
    const ids = Array.from({ length: 1_001 }, (_, n) => `id${n}`);
    const most = await world.ask(named, { authorization, variables: { ids: ids.slice(1) } });
    expect(most.data?.accounts).toHaveLength(1_000);
    const more = await world.ask(named, { authorization, variables: { ids } });
    expect(more.status).toBe(400);
    expect(more.errors).toMatchObject([
      {
        message: 'A list is too long: 1000 values are allowed.',
        extensions: { code: 'BAD_USER_INPUT', retryable: false },
      },
    ]);
  });

  test('a subscription is held to the same', async () => {
    const { status, errors } = await world.askRaw(
      'subscription ($ids: [ID!]) { marginsChanged(accountIds: $ids) { account { id } } }',
      { authorization, variables: { ids: Array.from({ length: 1_001 }, (_, n) => `id${n}`) } },
    );
    expect(status).toBe(400);
    expect(errors[0]?.message).toContain('too long');
  });

  test('a string longer than any argument is refused, and not repeated', async () => {
    const text = 's'.repeat(2_001);
    for (const [document, variables] of [
      ['query ($to: String) { apps { loginUrl(returnTo: $to) } }', { to: text }],
      [`{ apps { loginUrl(returnTo: "${text}") } }`, {}],
    ] as const) {
      const { status, errors, text: answer } = await world.askRaw(document, { variables });
      expect(status).toBe(400);
      expect(errors.map(({ message }) => message)).toEqual([
        'A string is too long: 2000 characters are allowed.',
      ]);
      expect(answer).not.toContain('ssss');
    }
  });

  test('values nested deeper than any stack are no fault of the gateway', async () => {
    const levels = 20_000;
    const response = await fetch(world.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"query":"{ apps { apiKey } }","variables":{"x":${'['.repeat(levels)}${']'.repeat(levels)}}}`,
    });
    expect(await response.json()).toEqual({ data: { apps: [{ apiKey: 'simulator' }] } });
  });
});

describe('the answer', () => {
  test('of aliases times accounts is bounded, before Kite is called', async () => {
    const query = `{ accounts { ${numbered(80, (n) => `a${n}: user { id }`)} } }`;
    const { status, data, errors } = await world.askRaw(query, {
      authorization: credentials(1_000),
    });
    expect({ status, data }).toEqual({ status: 400, data: undefined });
    expect(errors[0]?.message).toContain('150000 fields');
    expect(await world.calls()).toEqual([]);
  });

  test('of unknown ids, multiplied by the fields that use them, is bounded', async () => {
    const fields = numbered(100, (n) => `a${n}: accounts(ids: $ids) { id }`);
    const { status, errors } = await world.askRaw(`query ($ids: [ID!]) { ${fields} }`, {
      authorization: credentials(1),
      variables: { ids: Array.from({ length: 1_000 }, (_, n) => `i${n}`) },
    });
    expect(status).toBe(400);
    expect(errors[0]?.message).toContain('too large');
  });

  test('counts the items that each list asks for, and not those of the longest list', async () => {
    const aliases = numbered(160, (n) => `a${n}: broker`);
    const query = `query ($many: [ID!]) {
      few: accounts(ids: ["x"]) { ${aliases} } many: accounts(ids: $many) { id }
    }`;
    const { status, errors } = await world.askRaw(query, {
      authorization: credentials(1_000),
      variables: { many: Array.from({ length: 1_000 }, (_, n) => `i${n}`) },
    });
    expect(status).toBe(200);
    expect(errors[0]?.extensions.code).toBe('NOT_FOUND');
  });

  test('with an unbounded answer is refused at once', async () => {
    const fragments = numbered(
      7,
      (level) => `fragment F${level} on Session {
        ${numbered(15, (n) => `a${n}: account { b${n}: session { ...F${level + 1} } }`)}
      }`,
    );
    const { status, errors } = await world.askRaw(
      `{ sessions { ...F0 } } ${fragments} fragment F7 on Session { id }`,
    );
    expect(status).toBe(400);
    expect(errors[0]?.message).toContain('too large');
  });
});

describe('fields are counted', () => {
  /** Where a list that names no items has ten, one of apps two, and one of devices three. */
  const size = (query: string, all = 10) =>
    fieldCount(answerFields(schema, parse(query), null, 150_000), ({ asked, type }) => {
      if (typeof asked === 'number') return asked;
      if (asked !== null) return 100;
      return (
        { App: 2, SessionDevice: 3, Account: all, AccountFailure: all, Session: all }[type] ?? 1
      );
    });

  test.each([
    ['each for itself', '{ account { id apiKey } }', 3],
    ['once where they are asked for twice', '{ account { id } account { id apiKey } }', 3],
    ['by their aliases', '{ account { a: id b: id } }', 3],
    ['below a list once for every item, and the item too', '{ accounts { id user { id } } }', 41],
    ['by the ids that a list names', '{ accounts(ids: ["a", "b"]) { id } }', 5],
    ['by the one id that stands for a list', '{ accounts(ids: "a") { id } }', 3],
    ['by all items where null is named', '{ accounts(ids: null) { id } }', 21],
    [
      'by a variable',
      'query ($ids: [ID!]) { a: accounts(ids: $ids) { id } b: accounts { id } }',
      222,
    ],
    ['by the apps', '{ apps { apiKey name } }', 7],
    ['by lists in lists', '{ sessions { devices { id } } }', 81],
    [
      'by the ids of sums, in each list of theirs',
      '{ combinedMargins(accountIds: ["a", "b"]) { id accounts { id } failures { account { id } } } }',
      14,
    ],
    [
      'by all items again below an item',
      '{ accounts(ids: ["a"]) { session { devices { id } } } }',
      10,
    ],
    [
      'wherever a fragment is spread',
      '{ a: account { ...F } b: account { ...F ...F } } fragment F on Account { id apiKey }',
      6,
    ],
    [
      'in every type of a union',
      'mutation { renewSession(input: {}) { __typename ... on Session { id } ... on ApiError { code } } }',
      4,
    ],
    ['of introspection too', '{ __typename __schema { types { name } } }', 5],
  ])('%s', (_how, query, count) => {
    expect(size(query)).toBe(count);
  });

  test('all that there is to ask of a thousand accounts may be asked', () => {
    const segment = `{ segment asOf enabled net
      available { adhocMargin cash openingBalance liveBalance collateral intradayPayin }
      utilised { debits exposure m2mRealised m2mUnrealised optionPremium payout span holdingSales turnover
        liquidCollateral stockCollateral delivery } }`;
    const count = size(
      `{ accounts { id apiKey
      user { id userId userName userShortname email userType broker exchanges products orderTypes avatarUrl
        meta { dematConsent } }
      margins { equity ${segment} commodity ${segment} }
      session { id apiKey loginTime authenticatedAt issuedAt state active expiresAt lastSeenAt
        devices { ipAddress userAgent firstSeenAt lastSeenAt } } } }`,
      1_000,
    );
    expect(count).toBeLessThan(150_000);
  });
});
