// How long answers are held: no longer than promised, no more than may be.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnswerCache } from '../../src/loaders/answer-cache.ts';
import { TestClock } from '../support/values/test-clock.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));
const start = new Date('2026-01-05T10:00:00+05:30').getTime();

function holding(max: number, expiryOf = (asOf: Date) => new Date(asOf.getTime() + 86_400_000)) {
  const clock = new TestClock();
  const now = () => new Date(start + clock.milliseconds());
  const held = new AnswerCache<string>({ maxAgeSeconds: 60, max, expiryOf, now, clock });
  return {
    clock,
    held,
    hold: (digest: string) => held.hold(digest, { value: digest, asOf: now() }),
  };
}

test('an answer is dropped before it is older than any client may accept, whether or not one asks', async () => {
  const { clock, held, hold } = holding(1_000);
  const heldAt = new Map<string, number>();
  for (let second = 0; second < 300; second += 1) {
    if (second < 200) {
      hold(`${second}`);
      heldAt.set(`${second}`, second);
    }
    clock.advance(1);
    await settled();
    const young = [...heldAt.values()].filter((at) => at > second + 1 - 60);
    expect(held.size).toBeLessThanOrEqual(young.length);
    // It is not dropped much earlier either.
    const younger = young.filter((at) => at > second + 1 - 55);
    expect(held.size).toBeGreaterThanOrEqual(younger.length);
    if (second < 200) expect(held.find(`${Math.max(0, second - 30)}`, 60)).toBeDefined();
  }
  expect(held.size).toBe(0);
  expect(clock.waiting).toBe(0);
});

test('there are never more answers than may be, the newest are kept, and a forgotten one is gone', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(400), { minLength: 1, maxLength: 1_000 }), (digests) => {
      const { held, hold } = holding(160);
      for (const digest of digests) {
        hold(`${digest}`);
        expect(held.size).toBeLessThanOrEqual(160);
        expect(held.find(`${digest}`, 60)?.value).toBe(`${digest}`);
      }
      for (const digest of digests.slice(-100)) {
        expect(held.find(`${digest}`, 60)).toBeDefined();
      }
      for (const digest of digests) held.forget(`${digest}`);
      expect(held.size).toBe(0);
    }),
    { seed: 5, numRuns: 50 },
  );
});

test('an answer that is over is not given, however young it is', () => {
  const over = new Date(start + 30_000);
  const { clock, held, hold } = holding(160, () => over);
  hold('one');
  clock.advance(29);
  expect(held.find('one', 60)?.value).toBe('one');
  clock.advance(1);
  expect(held.find('one', 60)).toBeUndefined();
});
