// The least number of calls that start before a call, held against the queue itself: drained, it tells the number there is.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FairQueue } from '../../src/brokers/upstream/budget/fair-queue.ts';
import type { LaneName, QueuedCall } from '../../src/brokers/upstream/budget/lane-calls.ts';
import { CallCount, type Operation } from '../../src/brokers/upstream/operation.ts';

const { signal } = new AbortController();
const operationOf = (callerId: string): Operation => ({
  ...{ calls: new CallCount(), callerId, signal, deadlineAt: Number.POSITIVE_INFINITY },
});
const callers = ['u', 'u', 'u', 'v', 'v', 'w', 'w', 'x', 'y', 'z', 's', 't'];

/** Calls of one operation for an account, or for that and others. */
const calls = fc.record({
  operation: fc.nat(callers.length - 1),
  lane: fc.constantFrom<LaneName>('login', 'accepted', 'other', 'other', 'other'),
  account: fc.nat(6),
  count: fc.integer({ min: 1, max: 4 }),
  isOneAccount: fc.boolean(),
});
type Calls = typeof calls extends fc.Arbitrary<infer T> ? T : never;

const starts = fc.record({ starts: fc.integer({ min: 1, max: 5 }) });
const leaves = fc.record({ leaves: fc.nat() });
const step = fc.oneof(
  { weight: 4, arbitrary: calls },
  { weight: 3, arbitrary: starts },
  { weight: 1, arbitrary: leaves },
);
const certain = { most: Number.POSITIVE_INFINITY, mayStart: () => true };
const seeded = { seed: 12, numRuns: 2_000 };

/** A queue after such steps, and its operations. */
function queueAfter(steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]) {
  const queue = new FairQueue<QueuedCall>();
  const operations = callers.map(operationOf);
  for (const what of steps) {
    if ('count' in what) add(queue, operations, what);
    else if ('starts' in what) {
      for (let n = 0; n < what.starts; n += 1) queue.next();
    } else {
      const gone = [...queue][what.leaves % Math.max(1, queue.size)];
      if (gone !== undefined) queue.delete(gone);
    }
  }
  return { queue, operations };
}

function add(queue: FairQueue<QueuedCall>, operations: readonly Operation[], what: Calls): void {
  const { operation, lane, account, count, isOneAccount } = what;
  for (let n = 0; n < count; n += 1) {
    const name = `${isOneAccount ? account : account + n}`;
    queue.add({ operation: operations[operation] ?? expect.fail(), lane, account: name });
  }
}

/** Counts the calls that start before the last one of a call's operation in its lane. */
function countStarts(queue: FairQueue<QueuedCall>, { operation, lane }: QueuedCall) {
  let place = 0;
  let last = -1;
  const start = (): boolean => {
    const next = queue.next();
    if (next?.operation === operation && next.lane === lane) last = place;
    place += 1;
    return next !== undefined;
  };
  const drain = (): number => {
    while (start());
    return last;
  };
  return { start, drain };
}

test('the last call of an operation has no earlier place than is told, and mostly that one', () => {
  let [told, found] = [0, 0];
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), calls, (steps, { operation, lane, account }) => {
      const { queue, operations } = queueAfter(steps);
      const of = operations[operation] ?? expect.fail();
      const call = { operation: of, lane, account: `${account}` };
      const least = queue.leastBefore(call, { ...certain, comes: true });
      queue.add(call);
      // It waits now, and its place is the same.
      const waiting = queue.leastBefore(call, { ...certain, comes: false });
      const place = countStarts(queue, call).drain();
      expect(least).toBeLessThanOrEqual(place);
      expect(waiting).toBeLessThanOrEqual(place);
      told += least;
      found += place;
    }),
    seeded,
  );
  expect(told / found).toBeGreaterThan(0.9);
});

test('operations that come later give no call an earlier place than was told', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 40 }),
      calls,
      fc.array(fc.oneof(calls, starts), { maxLength: 40 }),
      (steps, { operation, lane, account }, later) => {
        const { queue, operations } = queueAfter(steps);
        const of = operations[operation] ?? expect.fail();
        const call = { operation: of, lane, account: `${account}` };
        const least = queue.leastBefore(call, { ...certain, comes: true });
        queue.add(call);
        const { start, drain } = countStarts(queue, call);
        for (const what of later) {
          if ('count' in what) add(queue, callers.map(operationOf), what);
          else for (let n = 0; n < what.starts; n += 1) start();
        }
        expect(least).toBeLessThanOrEqual(drain());
      },
    ),
    seeded,
  );
});

test('where a caller has no slot for its calls, its turns are not counted', () => {
  const queue = new FairQueue<QueuedCall>();
  const held = operationOf('held');
  for (let n = 0; n < 3; n += 1) queue.add({ operation: held, lane: 'other', account: `${n}` });
  queue.add({ operation: operationOf('free'), lane: 'other', account: '' });
  const call: QueuedCall = { operation: operationOf('user'), lane: 'other', account: '' };
  const isFree = ({ operation }: QueuedCall) => operation !== held;
  expect(queue.leastBefore(call, { ...certain, comes: true })).toBe(4);
  expect(queue.leastBefore(call, { ...certain, comes: true, mayStart: isFree })).toBe(1);
});

test('a place is not told beyond what is asked for', () => {
  const queue = new FairQueue<QueuedCall>();
  let looked = 0;
  for (let n = 0; n < 1_000; n += 1) {
    queue.add({ operation: operationOf(`caller ${n}`), lane: 'other', account: '' });
  }
  const mayStart = () => {
    looked += 1;
    return true;
  };
  const call: QueuedCall = { operation: operationOf('user'), lane: 'other', account: '' };
  expect(queue.leastBefore(call, { comes: true, most: 50, mayStart })).toBe(50);
  expect(looked).toBeLessThanOrEqual(51);
});
