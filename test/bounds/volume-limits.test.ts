// A small request cannot ask for a huge answer: values are bounded, and so are fields times accounts.
import { parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { answerSize } from '../../src/http/limits/answer-size.ts';
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
    const fields = numbered(90, (n) => `a${n}: accounts(ids: $ids) { id apiKey }`);
    const { status, errors } = await world.askRaw(`query ($ids: [ID!]) { ${fields} }`, {
      authorization: credentials(1),
      variables: { ids: Array.from({ length: 1_000 }, (_, n) => `id${n}`) },
    });
    expect(status).toBe(400);
    expect(errors[0]?.message).toContain('too large');
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
  const size = (query: string) => answerSize(schema, parse(query), null, 150_000);

  test.each([
    ['each for itself', '{ account { id apiKey } }', 3, 0],
    ['once where they are asked for twice', '{ account { id } account { id apiKey } }', 3, 0],
    ['by their aliases', '{ account { a: id b: id } }', 3, 0],
    ['below a list once for every item', '{ accounts { id user { id } } }', 1, 3],
    [
      'wherever a fragment is spread',
      '{ a: account { ...F } b: account { ...F ...F } } fragment F on Account { id apiKey }',
      6,
      0,
    ],
    [
      'in every type of a union',
      'mutation { renewSession(input: {}) { __typename ... on Session { id } ... on ApiError { code } } }',
      4,
      0,
    ],
    ['of introspection too', '{ __typename __schema { types { name } } }', 3, 1],
  ])('%s', (_how, query, once, forEach) => {
    expect(size(query)).toEqual({ once, forEach });
  });

  test('all that there is to ask of a thousand accounts may be asked', () => {
    const segment = `{ segment asOf enabled net
      available { adhocMargin cash openingBalance liveBalance collateral intradayPayin }
      utilised { debits exposure m2mRealised m2mUnrealised optionPremium payout span holdingSales turnover
        liquidCollateral stockCollateral delivery } }`;
    const { once, forEach } = size(`{ accounts { id apiKey
      user { id userId userName userShortname email userType broker exchanges products orderTypes avatarUrl
        meta { dematConsent } }
      margins { equity ${segment} commodity ${segment} }
      session { id apiKey loginTime authenticatedAt issuedAt state active expiresAt lastSeenAt
        devices { ipAddress userAgent firstSeenAt lastSeenAt } } } }`);
    expect(once + 1_000 * forEach).toBeLessThan(150_000);
  });
});
