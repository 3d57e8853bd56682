// The simulated users: believable, odd where the table says so, and always the same.
import { describe, expect, test } from 'vitest';
import { edgeCases, edgeCasesOf } from '../../src/simulator/kite/edge-cases.ts';
import { marginsOf, type SegmentMargins } from '../../src/simulator/kite/margins.ts';
import { profileOf } from '../../src/simulator/kite/profile.ts';
import { userIdOf, userNumberOf } from '../../src/simulator/kite/users.ts';
import { control, get, start } from './helper.ts';

const amounts = (segment: SegmentMargins) => [
  segment.net,
  ...Object.values(segment.available),
  ...Object.values(segment.utilised),
];
const decimals = (value: number) => String(value).split('.')[1]?.length ?? 0;
const newer = ['turnover', 'delivery', 'liquid_collateral', 'stock_collateral'];

// What can be seen of each oddity in the data of a user that has it, and in no other's.
const signs: Record<string, (userNumber: number) => boolean> = {
  'disabled-commodity': (n) =>
    !marginsOf(n, 1).commodity.enabled && !profileOf(n, 1).exchanges.includes('MCX'),
  'negative-net': (n) => marginsOf(n, 1).equity.net < 0,
  'float-noise': (n) => decimals(marginsOf(n, 1).equity.net) > 6,
  'three-decimals': (n) => decimals(marginsOf(n, 1).equity.utilised.m2m_unrealised ?? 0) === 3,
  'negative-zero-payout': (n) => Object.is(marginsOf(n, 1).equity.utilised.payout, -0),
  'older-payload': (n) => {
    const { available, utilised } = marginsOf(n, 1).equity;
    return !('opening_balance' in available) && !newer.some((name) => name in utilised);
  },
  'missing-turnover': (n) => {
    const { available, utilised } = marginsOf(n, 1).equity;
    return 'opening_balance' in available && !('turnover' in utilised) && 'delivery' in utilised;
  },
  'zero-cash': (n) => {
    const { cash, opening_balance = 0 } = marginsOf(n, 1).equity.available;
    return cash === 0 && opening_balance > 0;
  },
  'null-avatar': (n) => profileOf(n, 1).avatar_url === null,
  'missing-meta': (n) => !('meta' in profileOf(n, 1)),
  'demat-consent-empty': (n) => profileOf(n, 1).meta?.demat_consent === '',
  'demat-consent-given': (n) => profileOf(n, 1).meta?.demat_consent === 'consent',
  'mtf-product': (n) => profileOf(n, 1).products.includes('MTF'),
  'unknown-product': (n) => profileOf(n, 1).products.includes('SIMX'),
};

describe('oddities', () => {
  test.each(Object.keys(signs))('%s shows in the users of the table and in no others', (oddity) => {
    for (let n = 1; n <= 50; n++) {
      const listed = edgeCasesOf(n).some((name) => name === oddity);
      expect([userIdOf(n), signs[oddity]?.(n)]).toEqual([userIdOf(n), listed]);
    }
  });

  test('the first five users show them all', () => {
    expect(edgeCases).toHaveLength(5);
    expect([...new Set(edgeCases.flat())].sort()).toEqual(Object.keys(signs).sort());
    expect(edgeCases[0]).toEqual(['float-noise']);
  });

  test('a negative zero keeps its sign on the wire', async () => {
    const simulator = await start();
    const third = await get(simulator, '/user/margins/equity', 'simulator:SIM0003-token');
    expect(third.text).toContain('"payout":-0,');
    const first = await get(simulator, '/user/margins/equity');
    expect(first.text).toContain('"payout":0,');
  });
});

test('the first user has the documented sample, digit for digit', async () => {
  const simulator = await start({ seed: 99 });
  const { text } = await get(simulator, '/user/margins');
  for (const part of [
    '"net":99725.05000000002',
    '"cash":245431.6',
    '"opening_balance":245431.6',
    '"live_balance":99725.05000000002',
    '"debits":145706.55',
    '"exposure":38981.25',
    '"m2m_realised":761.7',
    '"span":101989',
    '"net":100661.7',
    '"live_balance":100661.7',
  ]) {
    expect(text).toContain(part);
  }
});

test('net is cash or opening balance, margin and collateral less debits, in every segment of every user', () => {
  for (let n = 1; n <= 10_000; n += 7) {
    const { equity, commodity } = marginsOf(n, 3);
    for (const { net, available, utilised } of [equity, commodity]) {
      const { cash = 0, opening_balance = 0, adhoc_margin = 0, collateral = 0 } = available;
      const own = cash === 0 ? opening_balance : cash;
      expect(Math.abs(own + adhoc_margin + collateral - (utilised.debits ?? 0) - net)).toBeLessThan(
        1e-6,
      );
    }
    for (const amount of [...amounts(equity), ...amounts(commodity)]) {
      expect(Number.isFinite(amount)).toBe(true);
    }
  }
});

test('a disabled segment is all zeros', () => {
  expect(new Set(amounts(marginsOf(2, 1).commodity))).toEqual(new Set([0]));
});

test('the same seed gives the same people, in whatever order they are asked for', () => {
  const everybody = [1, 2, 3, 4, 5, 6, 777, 10_000];
  const dataOf = (seed: number) => (n: number) => [profileOf(n, seed), marginsOf(n, seed)];
  const forwards = everybody.map(dataOf(7));
  expect(everybody.toReversed().map(dataOf(7)).toReversed()).toEqual(forwards);
  expect(everybody.map(dataOf(8))).not.toEqual(forwards);
  expect(marginsOf(6, 7).equity.net).not.toBe(marginsOf(11, 7).equity.net);
});

test('a pay-in moves the margins of one user and segment, until a reset', async () => {
  const simulator = await start();
  const before = (await get(simulator, '/user/margins')).data;
  const payIn = (rupees: number) =>
    control(simulator, '/pay-ins', { userId: 'SIM0001', segment: 'equity', rupees });
  await payIn(1_000.25);
  const answered = await payIn(-0.25);
  const { equity, commodity } = (await get(simulator, '/user/margins')).data;
  expect(answered).toEqual(equity);
  expect((await get(simulator, '/user/margins/equity')).data).toEqual(equity);
  expect(equity).toMatchObject({
    net: 100_725.05,
    available: { cash: 246_431.6, live_balance: 100_725.05, intraday_payin: 1_000 },
  });
  expect(commodity).toEqual(before.commodity);
  await control(simulator, '/reset');
  expect((await get(simulator, '/user/margins')).data).toEqual(before);
});

test('ids and numbers belong to each other', () => {
  expect([1, 9_999, 10_000].map(userIdOf)).toEqual(['SIM0001', 'SIM9999', 'SIM10000']);
  expect(userNumberOf('SIM10000', 10_000)).toBe(10_000);
  for (const id of ['SIM0000', 'SIM00001', 'SIM1', 'sim0001', 'SIM0006', '', 'SIM10001']) {
    expect(userNumberOf(id, 5)).toBeNull();
  }
});

test('ten thousand users are there at once', async () => {
  const simulator = await start({ accounts: 10_000 });
  const { data } = await get(simulator, '/user/profile', 'simulator:SIM10000-token');
  expect(data.user_id).toBe('SIM10000');
});
