// Sums are exact, whatever the amounts, their order and their grouping; and unknown stays unknown.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { malformed } from '../../src/brokers/field.ts';
import { exactSum, exactSumOrNull } from '../../src/sums/exact-sum.ts';
import { oracleSum } from '../support/values/decimal-oracle.ts';

const anyAmount = fc.double({ noNaN: true, noDefaultInfinity: true });
const rupees = fc.integer({ min: -1e12, max: 1e12 }).map((paise) => paise / 100);
const noisy = fc
  .tuple(rupees, fc.double({ min: 0.9, max: 1.1, noNaN: true }))
  .map(([a, b]) => a * b);
/** Whole paise around the most digits that are added as they are, and the largest sums of them. */
const large = fc
  .tuple(fc.constantFrom(1e15, 9e15, 2 ** 53, -1e15, -(2 ** 53)), fc.integer({ min: -9, max: 9 }))
  .map(([most, more]) => (most + more) / 100);
const amounts = fc.array(fc.oneof(rupees, noisy, large, anyAmount), { maxLength: 60 });
const shuffled = amounts.chain((list) =>
  fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
);

test.each([
  { amounts: [0.1, 0.2], sum: 0.3 },
  { amounts: [1e16, 1, -1e16], sum: 1 },
  { amounts: [0.1, -0.1], sum: 0 },
  { amounts: [-0], sum: 0 },
  { amounts: [-0, -0], sum: 0 },
  { amounts: [], sum: 0 },
  { amounts: [99725.05000000002, -99725.05], sum: 2e-11 },
  { amounts: [1e308, 5e-324, -1e308], sum: 5e-324 },
  { amounts: [1e308, 1e308, -1e308], sum: 1e308 },
  { amounts: [4.4e-323, -4e-323, -5e-324], sum: 0 },
  { amounts: Array<number>(1_000).fill(0.1), sum: 100 },
  { amounts: Array<number>(20).fill(9_999_999_999_999.99), sum: 199_999_999_999_999.8 },
  { amounts: [1e13, -1e13, 0.01], sum: 0.01 },
])('$amounts make $sum', ({ amounts: given, sum }) => {
  expect(exactSum(given)).toBe(sum);
});

test('every sum is that of an independent calculation; what no float64 can hold is malformed', () => {
  fc.assert(
    fc.property(amounts, (given) => {
      const expected = oracleSum(given);
      expect(exactSum(given)).toBe(Number.isFinite(expected) ? expected : malformed);
    }),
    { numRuns: 400 },
  );
});

test('the order makes no difference', () => {
  fc.assert(
    fc.property(shuffled, ([given, other]) => {
      expect(exactSum(other)).toBe(exactSum(given));
    }),
  );
});

test('one amount stays what it was', () => {
  fc.assert(
    fc.property(anyAmount, (amount) => {
      expect(exactSum([amount])).toBe(amount + 0);
    }),
  );
});

test('amounts and their opposites leave nothing', () => {
  fc.assert(
    fc.property(amounts, (given) => {
      expect(exactSum([...given, ...given.map((amount) => -amount)])).toBe(0);
    }),
  );
});

test('too large in either direction is malformed, never Infinity', () => {
  expect(exactSum([1e308, 1e308])).toBe(malformed);
  expect(exactSum([-1e308, -1e308])).toBe(malformed);
});

test('one unknown amount makes the sum unknown; none of them unknown, it is exact', () => {
  fc.assert(
    fc.property(amounts, fc.nat(60), (given, place) => {
      expect(exactSumOrNull(given)).toBe(exactSum(given));
      const unknown = [...given.slice(0, place), null, ...given.slice(place)];
      expect(exactSumOrNull(unknown)).toBeNull();
    }),
  );
});
