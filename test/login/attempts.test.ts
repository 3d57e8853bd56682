// How many attempts to redeem request tokens one address has, by a clock that never jumps.
import { expect, test } from 'vitest';
import { createAttempts } from '../../src/http/limits/attempts.ts';

test('an address has so many attempts in any minute, and an IPv6 network counts as one', () => {
  let now = 0;
  const mayAttempt = createAttempts(2, () => now);
  expect([mayAttempt('192.0.2.1'), mayAttempt('192.0.2.1')]).toEqual([true, true]);
  expect(mayAttempt('::ffff:192.0.2.1')).toBe(false);
  expect(mayAttempt('192.0.2.2')).toBe(true);
  expect([mayAttempt('2001:db8::1'), mayAttempt('2001:db8::2')]).toEqual([true, true]);
  expect(mayAttempt('2001:db8::3')).toBe(false);
  now = 59_999;
  expect(mayAttempt('192.0.2.1')).toBe(false);
  now = 60_000;
  expect(mayAttempt('192.0.2.1')).toBe(true);
});
