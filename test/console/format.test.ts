// What the console writes: amounts as India groups them, exact differences, times, CSV, and texts to copy.
import { describe, expect, test } from 'vitest';
import { difference, formatAmount, formatChange } from '../../console/format/amounts.ts';
import { toCsv } from '../../console/format/csv.ts';
import { asCurl, asFetch, asGraphql, graphiqlLink } from '../../console/format/snippets.ts';
import { formatDuration, formatMoment } from '../../console/format/times.ts';
import { wordsFor } from '../../console/format/words.ts';
import { FundsDocument } from '../../console/generated/graphql.ts';
import { schema } from '../../src/schema/schema.ts';

test.each([
  [245431.6, 'rupee', '2,45,431.60'],
  [34_21_905.6, 'lakh', '34.22'],
  [34_21_905.6, 'crore', '0.34'],
  [99725.05000000002, 'rupee', '99,725.05'],
  [-1000, 'rupee', '−1,000.00'],
  [-0.001, 'rupee', '0.00'],
  [0, 'rupee', '0.00'],
  [null, 'rupee', '–'],
] as const)('%d in %s is %s', (amount, unit, text) => {
  expect(formatAmount(amount, unit)).toBe(text);
});

test.each([
  [0.3, 0.1, 0.2],
  [99725.05000000002, 99725.05, 2e-11],
  [1e21, 1, 1e21],
  [-0.1, 0.2, -0.3],
  [102225.55, 99725.05, 2500.5],
])('%d less %d is %d, exactly', (later, earlier, change) => {
  expect(difference(later, earlier)).toBe(change);
});

test('a change has a sign and a word', () => {
  expect(formatChange(2500.5)).toBe('+2,500.50 up');
  expect(formatChange(-1200)).toBe('−1,200.00 down');
  expect(formatChange(0)).toBeNull();
});

test('times are those of India', () => {
  const now = Date.parse('2026-01-05T00:30:00+05:30');
  expect(formatMoment('2026-01-04T18:45:00Z', now)).toBe('00:15');
  expect(formatMoment('2026-01-04T15:31:00+05:30', now)).toBe('yesterday 15:31');
  expect(formatMoment('2026-01-02T15:31:00+05:30', now)).toBe('2 Jan 15:31');
  expect([formatDuration(22_320_000), formatDuration(720_000), formatDuration(5_000)]).toEqual([
    '6 h 12 min',
    '12 min',
    'less than a minute',
  ]);
});

test.each(['＝1+1', '\u200b=1+1', '=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '\r=1'])(
  'a spreadsheet does not execute the label %j',
  (label) => {
    const [cell = ''] = toCsv([[label]])
      .split('\r\n')
      .slice(0, 1);
    expect(cell.replace(/^"/, '').startsWith("'")).toBe(true);
  },
);

test.each([
  ['Mother;=1+1', "Mother;'=1+1"],
  ['Mother; @SUM(A1);-2', "Mother;' @SUM(A1);'-2"],
  ['Mother\t+1', "Mother\t'+1"],
  ['Mother;"＝1+1', `"Mother;'""＝1+1"`],
  ['Mother\n=1+1', `"Mother\n'=1+1"`],
  ['Mother; Father - 1=2', 'Mother; Father - 1=2'],
])('a spreadsheet with other separators does not execute a part of the label %j', (label, cell) => {
  expect(toCsv([[label]])).toBe(`${cell}\r\n`);
});

test('CSV keeps numbers as they are, and quotes what needs it', () => {
  expect(toCsv([['Mother, "Ma"', -1200.5, null, 'a\nb']])).toBe(
    '"Mother, ""Ma""",-1200.5,,"a\nb"\r\n',
  );
});

describe('a text to copy', () => {
  const snippet = { document: FundsDocument, variables: { kite: ['a"b'], kotak: [] } };
  const url = 'http://localhost:4000/graphql';

  test('as GraphQL has its variables as defaults', () => {
    expect(asGraphql(snippet)).toContain(
      'query Funds($kite: [ID!] = ["a\\"b"], $kotak: [ID!] = [])',
    );
  });

  test('as curl has no credential, and quotes for a shell', () => {
    const quoted = asCurl({ document: '{ a }', variables: { text: "it's" } }, url);
    expect(quoted).toContain('<api_key>:<access_token>');
    expect(quoted).toContain(`"it'\\''s"`);
  });

  test('as fetch is a program', () => {
    const text = asFetch(snippet, url);
    expect(text).toContain("credentials: 'include'");
    expect(() => new Function(`return async () => { ${text} }`)).not.toThrow();
  });

  test('as a link to GraphiQL carries the query alone', () => {
    const link = new URL(graphiqlLink(snippet, url));
    const parameters = new URLSearchParams(link.hash.slice(1));
    expect([...parameters.keys()]).toEqual(['query', 'as']);
    expect(parameters.get('query')).toBe(asGraphql(snippet));
  });
});

test('every code that a read or a write of the console can meet has words of its own', () => {
  const type = schema.getType('ErrorCode');
  const codes = type && 'getValues' in type ? type.getValues().map(({ name }) => name) : [];
  const fallback = wordsFor('SOMETHING_ELSE');
  const bare = codes.filter((code) => wordsFor(code) === fallback);
  expect(bare).toEqual(['AMBIGUOUS_ACCOUNT', 'INTERNAL_SERVER_ERROR']);
});
