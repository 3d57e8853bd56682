// Every bound is a setting: it has a range, it is kept to, and what it refuses carries a code.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { type Limits, limitDefinitions, limitNames, limitVariable } from '../../src/limits.ts';
import { startWorld, tokens } from '../support/world.ts';

const src = fileURLToPath(new URL('../../src', import.meta.url));
const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && file !== 'limits.ts')
  // What runs elsewhere than in the gateway has its own bounds.
  .filter((file) => !/^(simulator|client|console|testing)\//.test(file))
  .map((file) => ({ file, text: readFileSync(join(src, file), 'utf8') }));

const faultsOf = (environment: Record<string, string>) => {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
};

test.each(limitNames)('%s is used', (name) => {
  expect(sources.some(({ text }) => new RegExp(`\\b${name}\\b`).test(text))).toBe(true);
});

test('no bound stands outside the table', () => {
  const bound =
    /\bconst ((?:max|most|least|longest|shortest|few|patience|pause)[A-Z]?\w*) = (?=[\d(])/;
  const found = sources.flatMap(({ file, text }) =>
    text.split('\n').flatMap((line) => {
      const name = bound.exec(line)?.[1];
      return name === undefined ? [] : [`${file}: ${name}`];
    }),
  );
  expect(found.filter((constant) => !knownConstants.has(constant))).toEqual([]);
});

/** What no operator has a reason to move: promises of the API, and what is assumed of the network. */
const knownConstants: ReadonlySet<string> = new Set([
  // What is repeated of a broker's words, and what of a secret is hidden: a greater value would let more out.
  'brokers/upstream/clean-message.ts: longest',
  'brokers/upstream/clean-message.ts: longestRead',
  'brokers/upstream/clean-message.ts: shortestPiece',
  'http/plugins/redaction.ts: longestMessage',
  'http/plugins/redaction.ts: shortestWord',
  // How turns are given, which bounds nothing.
  'brokers/upstream/budget/lane-calls.ts: fewCalls',
  // How soon what has failed is tried again.
  'brokers/upstream/budget/rate-log/redis-counts.ts: pauseMilliseconds',
  'http/limits/minute-limits.ts: pause',
  'log-stream.ts: pause',
  'process/audit-file.ts: pause',
  'operator/output.ts: pause',
  'brokers/upstream/budget/rate-log/rate-log.ts: longestWayMilliseconds',
  // The form of what the operator writes, judged once at the start.
  'session-tokens/token-template.ts: maxTtlSeconds',
  'session-tokens/token-template.ts: maxClaimDepth',
  'http/relay/relay-secrets.ts: maxCharacters',
  // The size of a piece of work, so that no request waits for more than one.
  'keyring/stores/sqlite/purge.ts: maxRows',
  // What the arithmetic of float64 allows.
  'sums/exact-sum.ts: mostPaise',
  // Codes are a list of the project's own.
  'metrics/prometheus.ts: maxCodes',
]);

test.each(limitNames)(
  '%s has a range, its default in it, and a word for what is outside',
  (name) => {
    const { min = 1, max = 1_000_000_000, default: value } = limitDefinitions[name];
    expect(value).toBeGreaterThanOrEqual(min);
    expect(value).toBeLessThanOrEqual(max);
    const variable = limitVariable(name);
    for (const text of ['', 'many', '-1', '1.5', '1e3', String(min - 1), String(max + 1)]) {
      if (text === '') continue;
      expect(faultsOf({ KITE_API_KEY: 'key', [variable]: text })).toContain(variable);
    }
    for (const text of [min, value, max]) {
      expect(faultsOf({ KITE_API_KEY: 'key', [variable]: String(text) })).toBe('');
    }
  },
);

const two = tokens('SIM0001', 'SIM0002');

/** A bound made small, what meets it, and the code and status of its refusal. */
const refused: readonly [
  limits: Partial<Limits>,
  query: string,
  settings: { authorization?: string; variables?: unknown },
  code: string,
  status: number,
][] = [
  [{ credentials: 1 }, '{ accounts { id } }', { authorization: two }, 'BAD_USER_INPUT', 400],
  [{ requestBytes: 20 }, '{ apps { apiKey name } }', {}, 'BAD_USER_INPUT', 413],
  [{ documentTokens: 5 }, '{ apps { apiKey name } }', {}, 'BAD_USER_INPUT', 400],
  [{ documentDepth: 1 }, '{ apps { apiKey } }', {}, 'BAD_USER_INPUT', 400],
  [{ rootFields: 1 }, '{ a: __typename b: __typename }', {}, 'BAD_USER_INPUT', 400],
  [{ introspectionAliases: 0 }, '{ a: __schema { __typename } }', {}, 'BAD_USER_INPUT', 400],
  [
    { textCharacters: 3 },
    'query ($to: String) { apps { loginUrl(returnTo: $to) } }',
    { variables: { to: '/long' } },
    'BAD_USER_INPUT',
    400,
  ],
  [
    { listItems: 1 },
    'query ($ids: [ID!]) { accounts(ids: $ids) { id } }',
    { authorization: two, variables: { ids: ['a', 'b'] } },
    'BAD_USER_INPUT',
    400,
  ],
  [
    { returnToCharacters: 5 },
    '{ apps { loginUrl(returnTo: "/longer") } }',
    {},
    'BAD_USER_INPUT',
    200,
  ],
  [
    { redirectParamsCharacters: 3 },
    '{ apps { brokerLoginUrl(redirectParams: [{ name: "ab", value: "cd" }]) } }',
    {},
    'BAD_USER_INPUT',
    200,
  ],
  [
    { redirectParams: 1 },
    '{ apps { brokerLoginUrl(redirectParams: [{ name: "a", value: "" }, { name: "b", value: "" }]) } }',
    {},
    'BAD_USER_INPUT',
    200,
  ],
  [{ answerFields: 2 }, '{ accounts { id apiKey } }', { authorization: two }, 'TOO_LARGE', 400],
  [
    { callsPerOperation: 1 },
    '{ accounts { user { userName } } }',
    { authorization: two },
    'RATE_LIMITED',
    200,
  ],
];

test.each(refused)('%o refuses %s', async (limits, query, settings, code, status) => {
  const world = await startWorld({ limits });
  const answer = await world.askRaw(query, settings);
  expect(answer.errors.map(({ extensions }) => extensions.code)).toContain(code);
  expect(answer.status).toBe(status);
});

test('the cookie of a begun login outlasts the login, whatever the bound', async () => {
  const { headers } = await fetch(
    (await startWorld({ limits: { pendingLoginSeconds: 50 } })).url.replace(
      'graphql',
      'login?app=simulator',
    ),
    { redirect: 'manual' },
  );
  // Six times as long as the login may take, so that a late return is told so.
  expect(headers.getSetCookie()[0]).toMatch(/Max-Age=300\b/i);
});
