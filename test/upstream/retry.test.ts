// The second attempt of a GET: when it is made, and which outcome stands.
import { expect, test } from 'vitest';
import { abortedBy, BrokerError } from '../../src/brokers/error.ts';
import { budgeted } from '../../src/brokers/upstream/budget/budget.ts';
import { AcceptedCredentials } from '../../src/brokers/upstream/budget/known-credentials.ts';
import { unlimited } from '../../src/brokers/upstream/budget/rate-log/rate-log.ts';
import { CallCount, type Operation } from '../../src/brokers/upstream/operation.ts';
import type {
  Transport,
  UpstreamRequest,
  UpstreamResponse,
} from '../../src/brokers/upstream/transport.ts';
import { withDefaultLimits } from '../../src/limits.ts';
import { TestClock } from '../support/values/test-clock.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));
const request: UpstreamRequest = { method: 'GET', path: '/', apiKey: 'app' };
const badGateway: UpstreamResponse = { status: 502, body: '', retryAfterSeconds: null };
const fine: UpstreamResponse = { status: 200, body: '', retryAfterSeconds: null };
const noTurn = new BrokerError('rate-limited', {
  retryAfterSeconds: 9,
  mayHaveReachedBroker: false,
});

/** A retrying transport whose attempts have these outcomes, and an operation of ten seconds. */
function attempts(...outcomes: (UpstreamResponse | BrokerError)[]) {
  const clock = new TestClock();
  const controller = new AbortController();
  const sent: number[] = [];
  const raw: Transport = async () => {
    sent.push(clock.milliseconds());
    const outcome = outcomes.shift();
    if (outcome === undefined || outcome instanceof BrokerError) throw outcome;
    return outcome;
  };
  const operation: Operation = {
    calls: new CallCount(),
    callerId: 'caller',
    signal: controller.signal,
    deadlineAt: 10_000,
  };
  const send = budgeted(raw, {
    log: unlimited,
    limits: withDefaultLimits(),
    accepted: new AcceptedCredentials(100),
    clock,
    retryDelay: () => 100,
  });
  const outcome = send(request, operation).catch((error: unknown) => error);
  return { outcome, clock, sent, controller };
}

test('a second attempt that had no turn leaves the first outcome standing', async () => {
  const answered = attempts(badGateway, noTurn);
  await settled();
  answered.clock.advance(1);
  expect(await answered.outcome).toBe(badGateway);
  const refused = new BrokerError('unavailable');
  const failed = attempts(refused, noTurn);
  await settled();
  failed.clock.advance(1);
  expect(await failed.outcome).toBe(refused);
});

test('a second attempt whose time was up before it was sent leaves the first outcome standing', async () => {
  const late = attempts(badGateway, new BrokerError('timeout', { mayHaveReachedBroker: false }));
  await settled();
  late.clock.advance(1);
  expect(await late.outcome).toBe(badGateway);
  const waiting = attempts(badGateway, fine);
  await settled();
  waiting.controller.abort(new DOMException('The operation took too long', 'TimeoutError'));
  expect(await waiting.outcome).toBe(badGateway);
  expect(waiting.sent).toHaveLength(1);
});

test('a second attempt that was sent tells its own outcome', async () => {
  for (const second of [fine, new BrokerError('timeout'), new BrokerError('unavailable')]) {
    const { outcome, clock } = attempts(badGateway, second);
    await settled();
    clock.advance(1);
    expect(await outcome).toBe(second);
  }
});

test('a client that leaves meanwhile costs no second attempt', async () => {
  const { outcome, controller, sent } = attempts(badGateway, fine);
  await settled();
  controller.abort();
  expect(await outcome).toMatchObject({ code: abortedBy(controller.signal).code });
  expect(sent).toHaveLength(1);
});

test('a 503 with a Retry-After is asked again no earlier, and not at all where there is no time for that', async () => {
  const patient = attempts({ ...badGateway, status: 503, retryAfterSeconds: 5 }, fine);
  await settled();
  patient.clock.advance(4);
  await settled();
  expect(patient.sent).toHaveLength(1);
  patient.clock.advance(1);
  expect(await patient.outcome).toBe(fine);
  const busy = { ...badGateway, status: 503, retryAfterSeconds: 60 };
  expect(await attempts(busy, fine).outcome).toBe(busy);
});
