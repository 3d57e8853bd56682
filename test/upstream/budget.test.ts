// The rate budget from inside: turns, bounds, departures, and the log that it all rests on.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrokerError } from '../../src/brokers/error.ts';
import { budgeted } from '../../src/brokers/upstream/budget/budget.ts';
import { AcceptedCredentials } from '../../src/brokers/upstream/budget/known-credentials.ts';
import { createMemoryRateLog } from '../../src/brokers/upstream/budget/rate-log/memory-rate-log.ts';
import {
  countedMilliseconds,
  longestWayMilliseconds,
  type RateLog,
  unlimited,
} from '../../src/brokers/upstream/budget/rate-log/rate-log.ts';
import type { Clock } from '../../src/brokers/upstream/clock.ts';
import { CallCount, Deadline, type Operation } from '../../src/brokers/upstream/operation.ts';
import { Secret } from '../../src/brokers/upstream/secret.ts';
import type {
  Transport,
  UpstreamRequest,
  UpstreamResponse,
} from '../../src/brokers/upstream/transport.ts';
import { type Limits, withDefaultLimits } from '../../src/limits.ts';
import { TestClock } from '../support/values/test-clock.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));
const get = (apiKey: string): UpstreamRequest => ({ method: 'GET', path: '/', apiKey });

/** A transport whose calls end when the test says so. */
function slow(bounds: Partial<Limits>, log: RateLog = unlimited, clock?: Clock) {
  const sent: { readonly apiKey: string; readonly end: () => void }[] = [];
  const raw: Transport = ({ apiKey }) =>
    new Promise<UpstreamResponse>((resolve) => {
      const end = () => resolve({ status: 200, body: '', retryAfterSeconds: null });
      sent.push({ apiKey, end });
    });
  const accepted = new AcceptedCredentials(100);
  const limits = withDefaultLimits(bounds);
  return { send: budgeted(raw, { log, limits, accepted, ...(clock && { clock }) }), sent };
}

/** An operation that waits until it is told that its time is up. */
function endless(callerId: string) {
  const controller = new AbortController();
  const operation: Operation = {
    calls: new CallCount(),
    callerId,
    signal: controller.signal,
    deadlineAt: Number.POSITIVE_INFINITY,
  };
  const time = () =>
    controller.abort(new DOMException('The operation took too long', 'TimeoutError'));
  return { operation, time };
}

function someone(
  milliseconds = 5_000,
  callerId = 'someone',
): {
  readonly operation: Operation;
  readonly leave: () => void;
} {
  const controller = new AbortController();
  const deadline = new Deadline(milliseconds, callerId);
  return { operation: deadline.unless(controller.signal), leave: () => controller.abort() };
}

test('the number of calls in flight is limited, and apps take turns for a free slot', async () => {
  const { send, sent } = slow({ upstreamCalls: 2 });
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

test('a cancelled call leaves the queue at once and is not sent', async () => {
  const { send, sent } = slow({ upstreamCalls: 1 });
  const [first, second, third] = [someone(), someone(), someone()];
  const one = send(get('a'), first.operation);
  const two = send(get('a'), second.operation);
  const three = send(get('a'), third.operation);
  second.leave();
  await expect(two).rejects.toMatchObject({ code: 'aborted', mayHaveReachedBroker: false });
  sent[0]?.end();
  await one;
  await settled();
  expect(sent).toHaveLength(2);
  sent[1]?.end();
  await three;
});

test('beyond the bounds of the queue a call is refused at once, and a caller below its share is let in', async () => {
  const { send, sent } = slow({
    upstreamCalls: 1,
    waitingCallsPerApp: 2,
    waitingCallsPerCaller: 4,
  });
  const greedy = Array.from({ length: 6 }, () => someone());
  const calls = greedy.map(({ operation }) => send(get('a'), operation).catch((e: unknown) => e));
  await settled();
  const refused = { code: 'rate-limited', mayHaveReachedBroker: false, retryAfterSeconds: 1 };
  for (const call of calls.slice(3)) expect(await call).toMatchObject(refused);
  const modest = someone(5_000, 'modest');
  const let1 = send(get('a'), modest.operation);
  // An operation that waits already is let in whole.
  const let2 = send(get('a'), modest.operation);
  await settled();
  for (const { leave } of greedy.slice(1)) leave();
  expect(await calls[1]).toMatchObject({ code: 'aborted' });
  for (let n = 0; n < 3; n += 1) {
    sent[n]?.end();
    await settled();
  }
  await Promise.all([let1, let2]);
});

test('a caller has so many calls waiting over all apps, and no more', async () => {
  const { send } = slow({ upstreamCalls: 1, waitingCallsPerCaller: 3 });
  const flood = Array.from({ length: 10 }, (_, n) => ({ ...someone(), app: `app ${n}` }));
  const outcomes = flood.map(({ operation, app }) =>
    send(get(app), operation).then(
      () => 'answered',
      (error: BrokerError) => error.code,
    ),
  );
  await settled();
  for (const { leave } of flood) leave();
  const codes = await Promise.all(outcomes.slice(1));
  expect(codes).toEqual([...Array(3).fill('aborted'), ...Array(6).fill('rate-limited')]);
});

test('one caller’s many apps hold some of the slots, and those that wait for one are as one', async () => {
  const { send, sent } = slow({ upstreamCalls: 8, upstreamCallsPerCaller: 4 });
  for (let n = 0; n < 200; n += 1) void send(get(`invented ${n}`), someone().operation);
  await settled();
  expect(sent).toHaveLength(4);
  const user = someone(5_000, 'user');
  const calls = Array.from({ length: 6 }, () => send(get('own'), user.operation));
  await settled();
  expect(sent.slice(4).map(({ apiKey }) => apiKey)).toEqual(Array(4).fill('own'));
  // Each slot that the user's calls free is the user's again, and each of the stranger's the stranger's.
  sent[0]?.end();
  sent[4]?.end();
  await settled();
  expect(
    sent
      .slice(8)
      .map(({ apiKey }) => apiKey)
      .sort(),
  ).toEqual(['invented 4', 'own']);
  for (const { apiKey, end } of [...sent]) if (apiKey === 'own') end();
  await settled();
  for (const { apiKey, end } of [...sent]) if (apiKey === 'own') end();
  await Promise.all(calls);
});

test('invented credentials leave slots to credentials that have worked, for every caller', async () => {
  const { send, sent } = slow({ upstreamCalls: 8, upstreamCallsUnproven: 6 });
  const signed = (token: string): UpstreamRequest => ({
    ...get('app'),
    credential: { apiKey: 'app', accessToken: new Secret(token) },
  });
  const first = send(signed('good'), someone().operation);
  await settled();
  sent[0]?.end();
  await first;
  for (let n = 0; n < 50; n += 1) void send(signed(`invented-${n}`), someone().operation);
  await settled();
  expect(sent).toHaveLength(1 + 6);
  const again = send(signed('good'), someone().operation);
  await settled();
  expect(sent).toHaveLength(1 + 7);
  sent.at(-1)?.end();
  await again;
});

test('an app’s window goes by turns to callers: a flood of tokens keeps a user waiting for a turn alone', async () => {
  const clock = new TestClock();
  const log = createMemoryRateLog(10, clock.milliseconds);
  const { send, sent } = slow({}, log, clock);
  const forever = (callerId: string) => endless(callerId).operation;
  const order: string[] = [];
  const from = (callerId: string) => {
    void send(get('app'), forever(callerId)).then(() => order.push(callerId));
  };
  for (let n = 0; n < 1_000; n += 1) from('stranger');
  await settled();
  from('user');
  for (let second = 0; second < 2; second += 1) {
    for (const { end } of sent) end();
    clock.advance(1.1);
    await settled();
    await settled();
  }
  for (const { end } of sent) end();
  await settled();
  expect(order.indexOf('user')).toBeGreaterThanOrEqual(10);
  expect(order.indexOf('user')).toBeLessThanOrEqual(12);
});

test('a refusal names the second at which the caller would have its turn', async () => {
  const clock = new TestClock();
  const log = createMemoryRateLog(10, clock.milliseconds);
  const { send } = slow({}, log, clock);
  for (let n = 0; n < 210; n += 1) void send(get('app'), endless('crowd').operation);
  await settled();
  const late = (callerId: string) => {
    const { operation, time } = endless(callerId);
    const refusal = send(get('app'), operation).catch((error: unknown) => error);
    time();
    return refusal;
  };
  // 200 wait, ten a second; the window opens in one.
  expect(await late('crowd')).toMatchObject({ code: 'rate-limited', retryAfterSeconds: 22 });
  expect(await late('another')).toMatchObject({ code: 'rate-limited', retryAfterSeconds: 2 });
});

test('a deadline in the queue says when to come back: when all others have had their turns', async () => {
  const { send, sent } = slow({ upstreamCalls: 1 }, createMemoryRateLog(2));
  const hasty = someone(50);
  const patient = someone();
  const first = send(get('a'), patient.operation);
  const late = send(get('a'), hasty.operation);
  const others = Array.from({ length: 9 }, () =>
    send(get('a'), patient.operation).catch((error: unknown) => error),
  );
  const error = await late.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(BrokerError);
  expect(error).toMatchObject({ code: 'rate-limited', retryAfterSeconds: 5 });
  patient.leave();
  await Promise.all(others);
  sent[0]?.end();
  await first;
});

test('a start that is cancelled while it is granted is released and delays no other call', async () => {
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
    usage: () => ({ used: 0, closedMilliseconds: 0 }),
  };
  const { send, sent } = slow({ upstreamCalls: 1 }, log);
  const { operation, leave } = someone();
  const left = send(get('a'), operation);
  leave();
  await expect(left).rejects.toMatchObject({ code: 'aborted', mayHaveReachedBroker: false });
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

test('an app without waiting calls leaves no state behind', async () => {
  const log = createMemoryRateLog(1);
  const { send, sent } = slow({}, log);
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
        events.push({ at: now + connecting, happen: () => granted.sent() });
        events.push({ at: arrival + answering, happen: () => granted.ended() });
      }
      arrivals.sort((a, b) => a - b);
      for (const [index, at] of arrivals.entries()) {
        const next = arrivals[index + limit];
        if (next !== undefined) expect(next - at).toBeGreaterThanOrEqual(1_000);
      }
    }),
  );
});

test('a call that is given up counts for as long as it may be on its way', async () => {
  const clock = new TestClock();
  const log = createMemoryRateLog(1, clock.milliseconds);
  const { limits, accepted } = {
    limits: withDefaultLimits(),
    accepted: new AcceptedCredentials(1),
  };
  const departed: number[] = [];
  const raw: Transport = (_request, { signal }, departure) => {
    departed.push(clock.milliseconds());
    departure?.sent();
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new BrokerError('aborted')));
    });
  };
  const send = budgeted(raw, { log, limits, accepted, clock });
  const first = endless('one');
  const left = send(get('app'), first.operation);
  first.time();
  await expect(left).rejects.toMatchObject({ code: 'aborted' });
  const second = endless('two');
  const late = send(get('app'), second.operation).catch(() => {});
  for (let step = 0; step < 400; step += 1) {
    clock.advance(0.005);
    await settled();
  }
  expect(departed).toHaveLength(2);
  const [one = 0, two = 0] = departed;
  // Before, the other call could leave a window after the first one was given up, and arrive within a window of it.
  expect(two - one).toBeGreaterThanOrEqual(longestWayMilliseconds + countedMilliseconds);
  second.time();
  await late;
});
