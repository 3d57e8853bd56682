// Sums of segments: a disabled one adds nothing, one wrong value refuses the whole, and order makes no difference.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { malformed } from '../../src/brokers/field.ts';
import { parseSegment } from '../../src/brokers/kite/answers.ts';
import { type Part, partOf, sumOf } from '../../src/sums/segment-sum.ts';
import { oracleSum, oracleSumOrNull } from '../support/values/decimal-oracle.ts';

const at = new Date('2026-01-05T15:30:00+05:30');
const available = 'adhoc_margin cash opening_balance live_balance collateral intraday_payin'.split(
  ' ',
);
const utilised =
  'debits exposure m2m_realised m2m_unrealised option_premium payout span holding_sales turnover liquid_collateral stock_collateral delivery'.split(
    ' ',
  );

const amount = fc.double({ min: -1e12, max: 1e12, noNaN: true });
const amountsOf = (names: readonly string[]) =>
  fc.record(Object.fromEntries(names.map((name) => [name, fc.option(amount, { freq: 8 })])), {
    requiredKeys: [],
  });
const wire = fc.record({
  enabled: fc.constant(true),
  net: amount,
  available: amountsOf(available),
  utilised: amountsOf(utilised),
});
const moment = fc.date({ min: new Date(0), max: at, noInvalidDate: true });
const part = fc.tuple(wire, moment).map(([data, asOf]) => read(data, asOf));
const parts = fc.array(part, { minLength: 1, maxLength: 12 });
// JSON has no NaN, but 1e999 is valid JSON and parses to Infinity.
const wrong = fc.constantFrom<unknown>('1', true, [], {}, Number.POSITIVE_INFINITY);

function read(data: unknown, asOf = at): Part {
  const read = partOf(parseSegment(data), asOf);
  if (read === malformed || read === null) throw new Error('not a part');
  return read;
}

test('every amount is the exact sum of its parts, and null if one is null; `asOf` is the oldest of its parts', () => {
  fc.assert(
    fc.property(parts, (given) => {
      const sum = sumOf(given);
      expect(sum?.margins.enabled).toBe(true);
      expect(sum?.margins.net).toBe(oracleSum(given.map(({ net }) => net)));
      expect(sum?.asOf.getTime()).toBe(Math.min(...given.map(({ asOf }) => asOf.getTime())));
      for (const half of ['available', 'utilised'] as const) {
        const names = Object.keys(given[0]?.[half] ?? {});
        expect(names).toHaveLength(half === 'available' ? 6 : 12);
        const expected = names.map((name) => [
          name,
          oracleSumOrNull(
            given.map((one) => (one[half] as Record<string, number | null>)[name] ?? null),
          ),
        ]);
        expect(sum?.margins[half]).toEqual(Object.fromEntries(expected));
      }
    }),
  );
});

test('the order of parts makes no difference', () => {
  const orders = parts.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  fc.assert(
    fc.property(orders, ([given, other]) => {
      expect(sumOf(other)).toEqual(sumOf(given));
    }),
  );
});

test('no parts have no sum', () => {
  expect(sumOf([])).toBeNull();
});

test('a disabled segment adds nothing, whatever else it says', () => {
  fc.assert(
    fc.property(wire, wrong, (data, value) => {
      const disabled = { ...data, enabled: false };
      expect(partOf(parseSegment(disabled), at)).toBeNull();
      expect(partOf(parseSegment({ ...disabled, net: value, available: 'no' }), at)).toBeNull();
    }),
  );
});

test('one wrong value, or a segment left out, refuses the whole', () => {
  fc.assert(
    fc.property(wire, wrong, fc.constantFrom(...available), (data, value, name) => {
      const broken = [
        { ...data, net: value },
        { ...data, enabled: 'true' },
        { ...data, enabled: undefined },
        { ...data, net: undefined },
        { ...data, available: { ...data.available, [name]: value } },
        { ...data, utilised: 'none' },
      ];
      for (const one of broken) expect(partOf(parseSegment(one), at)).toBe(malformed);
    }),
  );
  expect(partOf(null, at)).toBeNull();
  expect(partOf(malformed, at)).toBe(malformed);
});
