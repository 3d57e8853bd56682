// Cache-Control of requests, for every header that there may be.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { acceptedAge } from '../../src/http/request/accept.ts';

const spaces = fc.constantFrom('', ' ', '\t', '  ');
const cased = (word: string) =>
  fc
    .array(fc.boolean(), { minLength: word.length, maxLength: word.length })
    .map((upper) => [...word].map((c, n) => (upper[n] ? c.toUpperCase() : c)).join(''));
/** Directives that say nothing about age. */
const others = fc.constantFrom(
  'only-if-cached',
  'max-stale',
  'min-fresh=3',
  'x="a, max-age=9, \\" no-cache"',
  's-maxage=8',
  'x-max-age=7',
  '',
);

test('an age is read in any case, quoted or not, wherever it stands', () => {
  const age = fc.nat({ max: 1_000_000 });
  const header = fc.record({
    age,
    name: cased('max-age'),
    isQuoted: fc.boolean(),
    before: fc.array(others, { maxLength: 3 }),
    after: fc.array(others, { maxLength: 3 }),
    space: spaces,
  });
  fc.assert(
    fc.property(header, ({ age, name, isQuoted, before, after, space }) => {
      const directive = `${name}=${isQuoted ? `"${age}"` : age}`;
      const text = [...before, directive, ...after].join(`${space},${space}`);
      expect(acceptedAge(text)).toBe(age);
    }),
  );
});

test('no-cache and no-store win, wherever they stand', () => {
  const word = fc.oneof(cased('no-cache'), cased('no-store'));
  fc.assert(
    fc.property(fc.nat(), word, fc.boolean(), (age, no, isFirst) => {
      const parts = isFirst ? [no, `max-age=${age}`] : [`max-age=${age}`, no];
      expect(acceptedAge(parts.join(', '))).toBe(0);
    }),
  );
});

test('the smallest of several ages counts, and an unreadable age is ignored', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1 }), (ages) => {
      expect(acceptedAge(ages.map((age) => `max-age=${age}`).join(','))).toBe(Math.min(...ages));
    }),
  );
  for (const value of ['', '=', '=-1', '=1.5', '=1e3', '=x', '="', '="5', '=5 5', '=5;x', '=٣']) {
    expect([value, acceptedAge(`max-age${value}`)]).toEqual([value, 0]);
    expect([value, acceptedAge(`max-age=9, max-age${value}`)]).toEqual([value, 0]);
  }
  expect(acceptedAge(null)).toBe(0);
});

test('any text gives whole seconds, and no more than a max-age in it says', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(Number.isInteger(acceptedAge(text))).toBe(true);
      expect(acceptedAge(`max-age=5, ${text}`)).toBeLessThanOrEqual(5);
    }),
  );
});

test('a header of any length is read in one pass', () => {
  // Reading it again from each place would take longer than a test may.
  expect(acceptedAge('max-age="\\'.repeat(200_000))).toBe(0);
  expect(acceptedAge('a '.repeat(500_000))).toBe(0);
});
