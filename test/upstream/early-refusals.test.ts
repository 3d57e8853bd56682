// Calls that cannot have their turn before their deadline: refused when they come, and no call that would have been served.
import { expect, test } from 'vitest';
import type { BrokerError } from '../../src/brokers/error.ts';
import { budgeted } from '../../src/brokers/upstream/budget/budget.ts';
import { AcceptedCredentials } from '../../src/brokers/upstream/budget/known-credentials.ts';
import { createMemoryRateLog } from '../../src/brokers/upstream/budget/rate-log/memory-rate-log.ts';
import { CallCount, type Operation } from '../../src/brokers/upstream/operation.ts';
import { Secret } from '../../src/brokers/upstream/secret.ts';
import type { UpstreamRequest, UpstreamResponse } from '../../src/brokers/upstream/transport.ts';
import { withDefaultLimits } from '../../src/limits.ts';
import { Cancellation, timeIsUp } from '../../src/shared/cancellation.ts';
import { TestClock } from '../support/values/test-clock.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** What became of a call, and when by the clock. */
interface Outcome {
  readonly callerId: string;
  readonly account: string;
  readonly cameAt: number;
  readonly deadlineAt: number;
  what: 'waits' | 'sent' | 'refused';
  at: number;
  retryAfterSeconds: number | null;
}

/** A budget of so many calls a second, before a broker that answers after so long, by a clock of the test. */
function budget(limit: number, broker: { status?: () => number; answersAfter?: number } = {}) {
  const { status = () => 200, answersAfter = 0 } = broker;
  const clock = new TestClock();
  const log = createMemoryRateLog(limit, clock.milliseconds);
  const limits = withDefaultLimits();
  const accepted = new AcceptedCredentials(100);
  const outcomes: Outcome[] = [];
  const answer = (): UpstreamResponse => ({
    status: status(),
    body: '',
    retryAfterSeconds: status() === 429 ? 20 : null,
  });
  const ask = async () => {
    if (answersAfter > 0) await clock.wait(answersAfter, new Cancellation());
    return answer();
  };
  const send = budgeted(ask, { log, limits, accepted, clock });

  /** An operation, and the way to make one of its calls. */
  function operation(callerId: string, seconds: number) {
    const signal = new Cancellation();
    const cameAt = clock.milliseconds();
    const deadlineAt = cameAt + seconds * 1_000;
    const of: Operation = { calls: new CallCount(), callerId, signal, deadlineAt };
    void clock.wait(seconds * 1_000, new Cancellation()).then(() => signal.abort(timeIsUp));
    return (account = 'account'): Outcome => {
      const outcome: Outcome = {
        ...{ callerId, account, cameAt, deadlineAt, at: 0, what: 'waits', retryAfterSeconds: null },
      };
      const request: UpstreamRequest = {
        ...{ method: 'GET', path: '/', apiKey: 'app' },
        credential: { apiKey: 'app', accessToken: new Secret(`${callerId} ${account}`) },
      };
      outcomes.push(outcome);
      void send(request, of).then(
        () => Object.assign(outcome, { what: 'sent', at: clock.milliseconds() }),
        ({ retryAfterSeconds }: BrokerError) =>
          Object.assign(outcome, { what: 'refused', at: clock.milliseconds(), retryAfterSeconds }),
      );
      return outcome;
    };
  }

  /** Lets time pass in steps of five milliseconds, of which a window has 201. */
  async function pass(seconds: number): Promise<void> {
    for (let step = 0; step < seconds * 200; step += 1) {
      clock.advance(0.005);
      await settled();
    }
  }
  return { operation, outcomes, pass };
}

test('at ten times the budget, operations without a turn before their deadline are refused at once, and the others are served', async () => {
  const { operation, outcomes, pass } = budget(10);
  // A hundred a second for eight seconds, each from an address of its own, of two calls each.
  for (let tenth = 0; tenth < 80; tenth += 1) {
    for (let n = 0; n < 10; n += 1) {
      const call = operation(`address ${tenth} ${n}`, 5.5);
      call();
      call();
    }
    await pass(0.1);
  }
  await pass(6);
  const [sent, refused] = [of(outcomes, 'sent'), of(outcomes, 'refused')];
  expect(sent.length + refused.length).toBe(1_600);
  // A window begins every 1,005 ms: fourteen until the deadline of the last ones, as many as without refusals.
  expect(sent.length).toBe(140);
  for (const { at, cameAt, retryAfterSeconds } of refused) {
    expect(at - cameAt).toBeLessThanOrEqual(10);
    // What waits is the work of these seconds.
    expect(retryAfterSeconds).toBeGreaterThanOrEqual(5);
    expect(retryAfterSeconds).toBeLessThanOrEqual(7);
  }
});

test('at ten times the budget from one address, its operations are served in their order, and the others refused at once', async () => {
  const { operation, outcomes, pass } = budget(10);
  for (let tenth = 0; tenth < 60; tenth += 1) {
    for (let n = 0; n < 10; n += 1) operation('address', 5.5)();
    await pass(0.1);
  }
  await pass(6);
  expect(of(outcomes, 'sent').length).toBe(120);
  for (const { at, cameAt } of of(outcomes, 'refused')) expect(at - cameAt).toBeLessThanOrEqual(10);
});

test('the time that the broker takes counts: a slow one is sent fewer calls, and none that it cannot answer in time', async () => {
  const { operation, outcomes, pass } = budget(10, { answersAfter: 200 });
  for (let tenth = 0; tenth < 100; tenth += 1) {
    for (let n = 0; n < 10; n += 1) operation(`address ${tenth} ${n}`, 6)();
    await pass(0.1);
  }
  await pass(7);
  // A window begins every 1,205 ms: fourteen until the deadline of the last ones, less the time of an answer.
  expect(of(outcomes, 'sent').length).toBe(140);
  for (const { at, deadlineAt } of of(outcomes, 'sent')) expect(at).toBeLessThanOrEqual(deadlineAt);
  const late = of(outcomes, 'refused').filter(({ at, cameAt }) => at > cameAt + 10);
  // It is not known before the first answer to a call that has waited.
  for (const { cameAt } of late) expect(cameAt).toBeLessThanOrEqual(1_405);
});

test('a single call of another address is served beside a flood that is refused', async () => {
  const { operation, outcomes, pass } = budget(10);
  for (let n = 0; n < 500; n += 1) operation('flood', 5)();
  await settled();
  expect(of(outcomes, 'refused').length).toBeGreaterThan(400);
  const single = operation('user', 5)();
  await pass(1.1);
  expect(single.what).toBe('sent');
});

test('of an operation over more accounts than there is time for, the last ones are refused at once and the first ones are whole', async () => {
  const { operation, outcomes, pass } = budget(10);
  const call = operation('desk', 5);
  const accounts = Array.from({ length: 100 }, (_, n) => `${n}`);
  // All of one field come before those of the next.
  for (let field = 0; field < 2; field += 1) for (const account of accounts) call(account);
  await settled();
  expect(of(outcomes, 'refused').length).toBe(150);
  await pass(6);
  const sent = Map.groupBy(of(outcomes, 'sent'), ({ account }) => account);
  expect([...sent.keys()]).toEqual(accounts.slice(0, 25));
  for (const calls of sent.values()) expect(calls).toHaveLength(2);
});

test('when the broker closes the budget, calls whose deadline is before it opens are refused at once', async () => {
  let status = 200;
  const { operation, outcomes, pass } = budget(1, { status: () => status });
  operation('first', 30)();
  await settled();
  const [late, patient] = [operation('late', 10)(), operation('patient', 30)()];
  status = 429;
  await pass(1.02);
  status = 200;
  // The first one of them was refused by the broker, for twenty seconds.
  expect(late.what).toBe('sent');
  const hasty = operation('hasty', 10)();
  await settled();
  expect(hasty).toMatchObject({ what: 'refused', retryAfterSeconds: 21 });
  await pass(22);
  expect(patient.what).toBe('sent');
  expect(outcomes.map(({ what }) => what)).toEqual(['sent', 'sent', 'sent', 'refused']);
});

test('a call that waits while others take its turns is refused when it can have no turn any more', async () => {
  const { operation, pass } = budget(2);
  const call = operation('stranger', 10);
  const calls = Array.from({ length: 20 }, (_, n) => call(`${n}`));
  await settled();
  expect(of(calls, 'refused')).toEqual([]);
  // Three others, and each has as many turns.
  for (const name of ['a', 'b', 'c']) {
    const other = operation(name, 30);
    for (let n = 0; n < 20; n += 1) other(`${n}`);
  }
  await pass(3);
  expect(of(calls, 'refused').length).toBeGreaterThanOrEqual(10);
  await pass(8);
  for (const { at, cameAt } of of(calls, 'refused')) expect(at - cameAt).toBeLessThan(10_000);
});

function of(outcomes: readonly Outcome[], what: Outcome['what']): readonly Outcome[] {
  return outcomes.filter((outcome) => outcome.what === what);
}
