// The order of turns: callers first, then their operations; begun work is finished; shares are kept.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FairQueue } from '../../src/brokers/upstream/budget/fair-queue.ts';
import type { LaneName } from '../../src/brokers/upstream/budget/lane-calls.ts';
import { CallCount } from '../../src/brokers/upstream/operation.ts';

interface Call {
  readonly operation: Operation;
  readonly lane: LaneName;
  readonly account: string;
}
interface Operation {
  readonly calls: CallCount;
  readonly callerId: string;
  readonly signal: AbortSignal;
  readonly deadlineAt: number;
}

const { signal } = new AbortController();
const operationOf = (callerId: string): Operation => ({
  calls: new CallCount(),
  callerId,
  signal,
  deadlineAt: Number.POSITIVE_INFINITY,
});

/** A queue, and calls in it: so many accounts of an operation, each with so many calls. */
function queueOf() {
  const queue = new FairQueue<Call>();
  const add = (operation: Operation, accounts: number, calls = 1, lane: LaneName = 'other') => {
    for (let call = 0; call < calls; call += 1) {
      for (let account = 0; account < accounts; account += 1) {
        queue.add({ operation, lane, account: `${account}` });
      }
    }
  };
  const take = (count: number) =>
    Array.from({ length: count }, () => queue.next()).filter((call) => call !== undefined);
  return { queue, add, take };
}
const callersOf = (calls: readonly Call[]) => calls.map(({ operation }) => operation.callerId);

test('a caller with a thousand operations has a turn for each turn of a caller with one', () => {
  const { add, take } = queueOf();
  for (let n = 0; n < 1_000; n += 1) add(operationOf('many'), 1);
  add(operationOf('one'), 3);
  add(operationOf('other'), 1);
  const order = callersOf(take(6));
  expect(order.filter((caller) => caller === 'one').length).toBeGreaterThanOrEqual(1);
  expect(order.indexOf('one')).toBeLessThanOrEqual(2);
  expect(order.indexOf('other')).toBeLessThanOrEqual(5);
});

test('the turns of a caller go round its operations', () => {
  const { add, take } = queueOf();
  const [long, short] = [operationOf('caller'), operationOf('caller')];
  add(long, 1_000);
  add(short, 1);
  expect(take(2).map(({ operation }) => operation)).toContain(short);
});

test('an account that has begun is completed before the turn goes on', () => {
  const { add, take } = queueOf();
  add(operationOf('a'), 100, 2);
  add(operationOf('b'), 100, 2);
  const order = take(40).map(({ operation, account }) => `${operation.callerId} ${account}`);
  for (let pair = 0; pair < order.length; pair += 2) expect(order[pair]).toBe(order[pair + 1]);
  expect(new Set(order).size).toBe(20);
  expect(order.filter((name) => name.startsWith('a'))).toHaveLength(20);
});

test('an operation of few calls is finished in one turn, and the caller passes turns for it', () => {
  const { add, take } = queueOf();
  add(operationOf('crowd'), 100);
  for (let n = 0; n < 25; n += 1) add(operationOf('small'), 2, 2);
  const order = take(40);
  const small = order.filter(({ operation }) => operation.callerId === 'small');
  const begun = Map.groupBy(small, ({ operation }) => operation.calls);
  // All but the last one that has begun are whole.
  const sizes = [...begun.values()].map(({ length }) => length);
  expect(sizes.filter((size) => size !== 4).length).toBeLessThanOrEqual(1);
  expect(Math.abs(small.length - 20)).toBeLessThanOrEqual(4);
});

test('logins and credentials that have worked keep their share, whatever else waits', () => {
  const { add, take } = queueOf();
  for (let n = 0; n < 500; n += 1) add(operationOf(`stranger ${n}`), 100);
  take(37);
  add(operationOf('user'), 10, 1, 'accepted');
  add(operationOf('newcomer'), 5, 1, 'login');
  const order = take(20);
  expect(order.filter(({ lane }) => lane === 'accepted')).toHaveLength(10);
  expect(order.filter(({ lane }) => lane === 'login')).toHaveLength(5);
  // What a lane does not use is the others', and a lane that was idle has saved up nothing.
  expect(callersOf(take(10)).every((caller) => caller.startsWith('stranger'))).toBe(true);
  add(operationOf('user'), 20, 1, 'accepted');
  expect(take(12).filter(({ lane }) => lane === 'other').length).toBeGreaterThanOrEqual(3);
});

test('calls that may not start yet are passed by, and lose no turn', () => {
  const { queue, add } = queueOf();
  add(operationOf('held'), 2);
  add(operationOf('free'), 2);
  const free = (call: Call) => call.operation.callerId === 'free';
  expect(queue.canStart(free)).toBe(true);
  expect(queue.next(free)?.operation.callerId).toBe('free');
  expect(queue.next(free)?.operation.callerId).toBe('free');
  expect(queue.canStart(free)).toBe(false);
  expect(queue.next(free)).toBeUndefined();
  expect(queue.size).toBe(2);
});

test('the starts before a call count what has its turn before it, and nothing else', () => {
  const { queue, add } = queueOf();
  const operation = operationOf('me');
  const call = { operation, lane: 'other' as const, account: '' };
  expect(queue.startsBefore(call)).toBe(0);
  for (let n = 0; n < 200; n += 1) add(operationOf('me'), 1);
  // A single caller: all of its calls come first.
  expect(queue.startsBefore(call)).toBe(200);
  add(operation, 50);
  expect(queue.startsBefore(call)).toBe(200);
  add(operationOf('stranger'), 1_000);
  expect(queue.startsBefore(call)).toBe(401);
  expect(queue.startsBefore({ ...call, operation: operationOf('newcomer') })).toBe(2);
});

test('each call starts exactly once although others are cancelled, and each caller has a turn in each round', () => {
  const lanes = fc.constantFrom<LaneName>('login', 'accepted', 'other');
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ add: fc.nat(7), lane: lanes, account: fc.constantFrom('a', 'b', '') }),
    },
    { weight: 2, arbitrary: fc.constant('next' as const) },
    { weight: 1, arbitrary: fc.record({ leave: fc.nat() }) },
  );
  const operations = ['x', 'x', 'x', 'y', 'y', 'z', 'z', 'w'].map(operationOf);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new FairQueue<Call>();
      const waiting = new Set<Call>();
      for (const what of steps) {
        if (what === 'next') {
          const next = queue.next();
          expect(next === undefined).toBe(waiting.size === 0);
          if (next !== undefined) expect(waiting.delete(next)).toBe(true);
        } else if ('add' in what) {
          const operation = operations[what.add];
          if (operation === undefined) continue;
          const call = { operation, lane: what.lane, account: what.account };
          queue.add(call);
          waiting.add(call);
        } else {
          const gone = [...waiting][what.leave % waiting.size];
          if (gone === undefined) continue;
          queue.delete(gone);
          waiting.delete(gone);
        }
        expect(queue.size).toBe(waiting.size);
        expect(new Set(queue)).toEqual(waiting);
        for (const { operation } of waiting) expect(queue.holds(operation)).toBe(true);
      }
      const order = Array.from({ length: waiting.size }, () => queue.next());
      expect(new Set(order)).toEqual(waiting);
      expect(queue.size).toBe(0);
    }),
    { seed: 8, numRuns: 300 },
  );
});

test('accounts of an operation have their turns in the order in which they asked, also those that left and came again', () => {
  const { queue } = queueOf();
  const operation = operationOf('caller');
  const call = (account: string): Call => ({ operation, lane: 'other', account });
  const calls = Array.from({ length: 20 }, (_, index) => call(`${index}`));
  for (const each of calls) queue.add(each);
  expect(queue.next()).toBe(calls[0]);
  for (const index of [1, 2, 7]) if (calls[index]) queue.delete(calls[index]);
  const again = call('1');
  queue.add(again);
  const left = calls.filter((_, index) => ![0, 1, 2, 7].includes(index));
  expect(Array.from(left, () => queue.next())).toEqual(left);
  const last = call('late');
  queue.add(last);
  expect([queue.next(), queue.next(), queue.next()]).toEqual([again, last, undefined]);
});
