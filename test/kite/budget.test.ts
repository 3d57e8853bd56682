// The rate budget from inside: turns, bounds, departures, and the log that it all rests on.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BudgetOptions, budgeted } from '../../src/kite/budget.ts';
import { KiteError } from '../../src/kite/error.ts';
import { Line } from '../../src/kite/line.ts';
import { createMemoryRateLog } from '../../src/kite/memory-rate-log.ts';
import { Deadline, type Operation } from '../../src/kite/operation.ts';
import {
  countedMilliseconds,
  longestWayMilliseconds,
  type RateLog,
  unlimited,
} from '../../src/kite/rate-log.ts';
import type { KiteRequest, KiteResponse, Transport } from '../../src/kite/transport.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));
const get = (apiKey: string): KiteRequest => ({ method: 'GET', path: '/', apiKey });

/** A transport whose calls end when the test says so. */
function slow(options: Omit<BudgetOptions, 'log'> & { readonly log?: RateLog }) {
  const sent: { readonly apiKey: string; readonly end: () => void }[] = [];
  const raw: Transport = ({ apiKey }) =>
    new Promise<KiteResponse>((resolve) => {
      const end = () => resolve({ status: 200, body: '', retryAfterSeconds: null });
      sent.push({ apiKey, end });
    });
  return { send: budgeted(raw, { log: unlimited, ...options }), sent };
}

function someone(milliseconds = 5_000): {
  readonly operation: Operation;
  readonly leave: () => void;
} {
  const controller = new AbortController();
  const deadline = new Deadline(milliseconds);
  return { operation: deadline.unless(controller.signal), leave: () => controller.abort() };
}

test('no more calls are under way than may be, and apps take turns when there is room again', async () => {
  const { send, sent } = slow({ mostUnderWay: 2 });
  const { operation } = someone();
  const ends = ['a', 'a', 'a', 'a', 'b', 'b'].map((app) => send(get(app), operation));
  await settled();
  expect(sent.map(({ apiKey }) => apiKey)).toEqual(['a', 'a']);
  for (let n = 0; n < 6; n += 1) {
    sent[n]?.end();
    await settled();
  }
  expect(sent.map(({ apiKey }) => apiKey)).toEqual(['a', 'a', 'a', 'b', 'a', 'b']);
  await Promise.all(ends);
});

test('whoever leaves the queue is out of it at once, and costs no call', async () => {
  const { send, sent } = slow({ mostUnderWay: 1 });
  const [first, second, third] = [someone(), someone(), someone()];
  const one = send(get('a'), first.operation);
  const two = send(get('a'), second.operation);
  const three = send(get('a'), third.operation);
  second.leave();
  await expect(two).rejects.toMatchObject({ code: 'aborted', mayHaveReachedKite: false });
  sent[0]?.end();
  await one;
  await settled();
  expect(sent).toHaveLength(2);
  sent[1]?.end();
  await three;
});

test('beyond the bounds of the queue a call is refused at once', async () => {
  const { send, sent } = slow({ mostUnderWay: 1, mostWaitingPerApp: 2, mostWaiting: 3 });
  const { operation, leave } = someone();
  const calls = ['a', 'a', 'a', 'a', 'b', 'b'].map((app) =>
    send(get(app), operation).catch((error: unknown) => error),
  );
  await settled();
  const refused = { code: 'rate-limited', mayHaveReachedKite: false, retryAfterSeconds: 1 };
  expect(await calls[3]).toMatchObject(refused);
  expect(await calls[5]).toMatchObject(refused);
  leave();
  expect(await calls[4]).toMatchObject({ code: 'aborted' });
  sent[0]?.end();
});

test('a deadline in the queue says when to come back: when all others have had their turns', async () => {
  const { send, sent } = slow({ log: createMemoryRateLog(2), mostUnderWay: 1 });
  const hasty = someone(50);
  const patient = someone();
  const first = send(get('a'), patient.operation);
  const late = send(get('a'), hasty.operation);
  const others = Array.from({ length: 9 }, () =>
    send(get('a'), patient.operation).catch((error: unknown) => error),
  );
  const error = await late.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(KiteError);
  expect(error).toMatchObject({ code: 'rate-limited', retryAfterSeconds: 5 });
  patient.leave();
  await Promise.all(others);
  sent[0]?.end();
  await first;
});

test('a start whose caller left while it was being granted is given up, and holds up nobody', async () => {
  let grant = () => {};
  let ended = 0;
  const log: RateLog = {
    limit: 1,
    start: () =>
      new Promise((resolve) => {
        grant = () =>
          resolve({
            sent() {},
            ended() {
              ended += 1;
            },
          });
      }),
    close() {},
  };
  const { send, sent } = slow({ log, mostUnderWay: 1 });
  const { operation, leave } = someone();
  const left = send(get('a'), operation);
  leave();
  await expect(left).rejects.toMatchObject({ code: 'aborted', mayHaveReachedKite: false });
  grant();
  await settled();
  expect(ended).toBe(1);
  expect(sent).toEqual([]);
  const next = send(get('b'), someone().operation);
  grant();
  await settled();
  sent[0]?.end();
  await next;
  expect(ended).toBe(2);
});

test('nothing stays behind of an app for which nobody waits any more', async () => {
  const log = createMemoryRateLog(1);
  const { send, sent } = slow({ log });
  const { operation, leave } = someone();
  const calls = Array.from({ length: 300 }, (_, n) =>
    send(get(`app ${n % 100}`), operation).catch(() => {}),
  );
  await settled();
  expect(log.size).toBe(100);
  leave();
  for (const { end } of sent) end();
  await Promise.all(calls);
  await expect.poll(() => log.size, { timeout: 4_000 }).toBe(0);
});

test('operations take turns, whoever leaves; the urgent go first; nobody is lost', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ add: fc.nat(4), isUrgent: fc.boolean() }) },
    { weight: 2, arbitrary: fc.constant('next' as const) },
    { weight: 1, arbitrary: fc.record({ leave: fc.nat() }) },
  );
  const operations = Array.from({ length: 5 }, () => someone().operation);
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const line = new Line<{ operation: Operation; isUrgent: boolean }>();
      const waiting = new Set<{ operation: Operation; isUrgent: boolean }>();
      for (const what of steps) {
        if (what === 'next') {
          const next = line.next();
          expect(next === undefined).toBe(waiting.size === 0);
          if (next === undefined) continue;
          expect(waiting.delete(next)).toBe(true);
          if (!next.isUrgent) expect([...waiting].some((waiter) => waiter.isUrgent)).toBe(false);
        } else if ('add' in what) {
          const operation = operations[what.add];
          if (operation === undefined) continue;
          const waiter = { operation, isUrgent: what.isUrgent };
          line.add(waiter);
          waiting.add(waiter);
        } else {
          const gone = [...waiting][what.leave % waiting.size];
          if (gone === undefined) continue;
          line.delete(gone);
          waiting.delete(gone);
        }
        expect(line.size).toBe(waiting.size);
        expect(new Set(line)).toEqual(waiting);
      }
      // Of those who still wait, none gets a second turn before each has had its first.
      const rest = [...line].filter(({ isUrgent }) => !isUrgent);
      const distinct = new Set(rest.map(({ operation }) => operation)).size;
      const urgent = waiting.size - rest.length;
      const order = Array.from({ length: waiting.size }, () => line.next());
      const round = order.slice(urgent, urgent + distinct).map((waiter) => waiter?.operation);
      expect(new Set(round).size).toBe(distinct);
      expect(line.size).toBe(0);
    }),
  );
});

test('no second sees more arrivals than the limit, however long each call was on its way', () => {
  const call = fc.record({
    pause: fc.nat({ max: 120 }),
    connecting: fc.constantFrom(0, 0, 0, 30, 700, 1_500),
    way: fc.nat({ max: longestWayMilliseconds }),
    answering: fc.constantFrom(0, 1, 50, 3_000),
  });
  const limits = fc.integer({ min: 1, max: 12 });
  fc.assert(
    fc.property(limits, fc.array(call, { minLength: 30, maxLength: 120 }), (limit, calls) => {
      let now = 0;
      const log = createMemoryRateLog(limit, () => now);
      const arrivals: number[] = [];
      const events: { readonly at: number; readonly happen: () => void }[] = [];
      const advance = (to: number) => {
        events.sort((a, b) => b.at - a.at);
        for (let last = events.at(-1); last && last.at <= to; last = events.at(-1)) {
          events.pop();
          now = last.at;
          last.happen();
        }
        now = to;
      };
      for (const { pause, connecting, way, answering } of calls) {
        advance(now + pause);
        let start = log.start('app');
        for (; typeof start === 'number'; start = log.start('app')) {
          expect(start).toBeGreaterThanOrEqual(1);
          expect(start).toBeLessThanOrEqual(countedMilliseconds);
          advance(now + start);
        }
        const granted = start;
        const arrival = now + connecting + way;
        arrivals.push(arrival);
        events.push({ at: now + connecting, happen: granted.sent });
        events.push({ at: arrival + answering, happen: granted.ended });
      }
      arrivals.sort((a, b) => a - b);
      for (const [index, at] of arrivals.entries()) {
        const next = arrivals[index + limit];
        if (next !== undefined) expect(next - at).toBeGreaterThanOrEqual(1_000);
      }
    }),
  );
});
