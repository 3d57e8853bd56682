// How long a refusal is remembered, and how many are.
import { expect, test } from 'vitest';
import { BrokerError } from '../../src/brokers/error.ts';
import { RefusedCredentials } from '../../src/brokers/upstream/budget/known-credentials.ts';
import { Secret } from '../../src/brokers/upstream/secret.ts';

const credential = (token: string) => ({ apiKey: 'key', accessToken: new Secret(token) });
const refusal = new BrokerError('token');

function withClock(seconds: number, max: number) {
  const clock = { now: 0 };
  const refused = new RefusedCredentials(seconds, max, {
    milliseconds: () => clock.now,
    wait: async () => {},
  });
  return { clock, refused };
}

test('a refusal ends after its seconds, or when Kite hands the credential out', () => {
  const { clock, refused } = withClock(5, 10);
  refused.add(credential('one'), refusal);
  refused.add(credential('two'), refusal);
  clock.now = 4_999;
  expect(refused.find(credential('one'))).toBe(refusal);
  refused.delete(credential('two'));
  expect(refused.find(credential('two'))).toBe(undefined);
  clock.now = 5_000;
  expect(refused.find(credential('one'))).toBe(undefined);
});

test('no more refusals are remembered than may be, and the oldest is evicted', () => {
  const { refused } = withClock(5, 2);
  for (const token of ['one', 'two', 'three']) refused.add(credential(token), refusal);
  expect(refused.find(credential('one'))).toBe(undefined);
  expect(refused.find(credential('three'))).toBe(refusal);
});
