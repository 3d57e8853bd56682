// What shared reads must never do, in every order of events: give one credential another's answer, an answer that
// is too old, or one from before a logout.
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import type { Segment } from '../../src/brokers/answers.ts';
import { type Credential, digestOf } from '../../src/brokers/credential.ts';
import { BrokerError } from '../../src/brokers/error.ts';
import { malformed } from '../../src/brokers/field.ts';
import { parseProfile, parseSegment } from '../../src/brokers/kite/answers.ts';
import { CallCount, Deadline, type Operation } from '../../src/brokers/upstream/operation.ts';
import { Secret } from '../../src/brokers/upstream/secret.ts';
import { Loaders } from '../../src/loaders/loaders.ts';
import {
  createSharedReads,
  type ReadBroker,
  type SharedReadsOptions,
} from '../../src/loaders/shared-reads.ts';

interface Call {
  readonly operation: Operation;
  readonly answer: () => void;
  readonly fail: (error: BrokerError) => void;
}

/** A Kite whose answers come when the test says so, and say who asked for what, and when it was answered. */
function slowBroker(now: () => Date) {
  const calls: Call[] = [];
  const called = <T>(operation: Operation, value: () => T) =>
    new Promise<T>((resolve, reject) => {
      operation.begun?.();
      calls.push({ operation, answer: () => resolve(value()), fail: reject });
      operation.signal.addEventListener('abort', () => reject(new BrokerError('aborted')));
    });
  const user = ({ apiKey, accessToken }: Credential) => `${apiKey}:${accessToken.reveal()}`;
  const numbers = { equity: 1, commodity: 2 };
  const segmentOf = (credential: Credential, segment: Segment) => {
    const digits = Number(credential.accessToken.reveal()) * 10 + numbers[segment];
    const margins = parseSegment({ enabled: true, net: digits });
    if (margins === malformed) throw new Error('no margins');
    if (margins === null) throw new Error('no margins');
    return margins;
  };
  const reading: ReadBroker = {
    readsProfile: true,
    profile: (credential, operation) =>
      called(operation, () => {
        const at = now().toISOString();
        const profile = parseProfile({ user_id: user(credential), user_name: at });
        if (profile === null) throw new Error('no profile');
        return profile;
      }),
    margins: (credential, operation) =>
      called(operation, () => ({
        equity: segmentOf(credential, 'equity'),
        commodity: segmentOf(credential, 'commodity'),
      })),
    segmentMargins: (credential, segment, operation) =>
      called(operation, () => segmentOf(credential, segment)),
    kotakMargins: () => Promise.reject(new Error('no such margins')),
  };
  const broker: SharedReadsOptions['broker'] = {
    of: () => reading,
    earliestExpiryOf: (time) => new Date(time.getTime() + 86_400_000),
  };
  return { broker, calls };
}

const credentials: readonly Credential[] = ['1', '2', '3'].flatMap((token) =>
  ['a', 'b'].map((apiKey) => ({ apiKey, accessToken: new Secret(token) })),
);
const start = new Date('2026-01-05T10:00:00+05:30').getTime();
const settled = () => new Promise((resolve) => setImmediate(resolve));

const which = fc.nat({ max: credentials.length - 1 });
const event = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('read' as const),
      which,
      age: fc.constantFrom(0, 0, 5, 60, 9_999),
      what: fc.constantFrom('profile', 'equity', 'commodity', 'both'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('answer' as const), nth: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('die' as const), nth: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('leave' as const), nth: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('forget' as const), which }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('wait' as const), s: fc.nat(90) }) },
);

test('each credential gets its own data, no older than it accepts and than its last logout', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
      let time = start;
      const now = () => new Date(time);
      const { broker, calls } = slowBroker(now);
      const reads = createSharedReads({ broker, now, maxAgeSeconds: 60, maxHeld: 4 });
      const forgottenAt = new Map<Credential, number>();
      const askers: AbortController[] = [];
      const waiting: Promise<unknown>[] = [];
      const wait = (outcome: Promise<unknown>) => {
        outcome.catch(() => {});
        waiting.push(outcome);
      };

      for (const step of events) {
        if (step.type === 'wait') time += step.s * 1_000;
        else if (step.type === 'answer') calls[step.nth % calls.length]?.answer();
        else if (step.type === 'die')
          calls[step.nth % calls.length]?.fail(new BrokerError('token'));
        else if (step.type === 'leave') askers[step.nth % askers.length]?.abort();
        else if (step.type === 'forget') {
          const credential = credentials[step.which];
          if (credential === undefined) continue;
          reads.forget(credential);
          // Later reads must be answered later: an answer of this very moment is from before.
          forgottenAt.set(credential, time);
          time += 1;
        } else {
          const credential = credentials[step.which];
          if (credential === undefined) continue;
          const controller = new AbortController();
          askers.push(controller);
          const operation: Operation = {
            calls: new CallCount(),
            callerId: 'reader',
            signal: controller.signal,
            deadlineAt: performance.now() + 30_000,
          };
          const asker = { operation, maxAgeSeconds: step.age };
          const oldest = Math.max(
            time - Math.min(step.age, 60) * 1_000,
            (forgottenAt.get(credential) ?? 0) + 1,
          );
          const check = (asOf: Date) => expect(asOf.getTime()).toBeGreaterThanOrEqual(oldest);
          const token = credential.accessToken.reveal();
          if (step.what === 'profile') {
            wait(
              reads.profile(credential, asker).then(({ value, asOf }) => {
                check(asOf);
                expect(value.userId).toBe(`${credential.apiKey}:${token}`);
                // `asOf` is when Kite answered.
                expect(value.userName).toBe(asOf.toISOString());
              }),
            );
          } else {
            const wanted: Segment[] =
              step.what === 'equity' || step.what === 'commodity'
                ? [step.what]
                : ['equity', 'commodity'];
            const loaders = new Loaders(reads, asker);
            const account = { id: digestOf(credential), credential };
            for (const segment of wanted) {
              wait(
                loaders.margins(account, segment).then(({ value, asOf }) => {
                  check(asOf);
                  const digits = Number(token) * 10 + (segment === 'equity' ? 1 : 2);
                  expect(value[segment]).toMatchObject({ net: digits });
                }),
              );
            }
          }
        }
        await settled();
      }
      for (const call of calls) call.answer();
      for (const outcome of await Promise.allSettled(waiting)) {
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(BrokerError);
      }
    }),
    { numRuns: 300 },
  );
});

function operation(milliseconds: number): Deadline {
  return new Deadline(milliseconds);
}

test('a deadline ends the waiting of its own operation; the call goes on for the others', async () => {
  const { broker, calls } = slowBroker(() => new Date(start));
  const reads = createSharedReads({
    broker,
    now: () => new Date(start),
    maxAgeSeconds: 60,
    maxHeld: 4_000,
  });
  const [credential] = credentials;
  if (credential === undefined) throw new Error('no credential');
  const ask = (milliseconds: number) =>
    reads.profile(credential, { operation: operation(milliseconds), maxAgeSeconds: 0 });
  const [short, long] = [ask(30), ask(5_000)];
  await expect(short).rejects.toMatchObject({ code: 'timeout' });
  expect(calls).toHaveLength(1);
  expect(calls[0]?.operation.signal.aborted).toBe(false);
  calls[0]?.answer();
  await expect(long).resolves.toMatchObject({ value: { userId: 'a:1' } });
});

test('a call from before a logout is not shared or cached after it, but answers its own waiters', async () => {
  const { broker, calls } = slowBroker(() => new Date(start));
  const reads = createSharedReads({
    broker,
    now: () => new Date(start),
    maxAgeSeconds: 60,
    maxHeld: 4_000,
  });
  const [credential] = credentials;
  if (credential === undefined) throw new Error('no credential');
  const ask = () => reads.profile(credential, { operation: operation(5_000), maxAgeSeconds: 60 });
  const before = ask();
  reads.forget(credential);
  const after = ask();
  expect(calls).toHaveLength(2);
  calls[0]?.answer();
  await before;
  const third = ask();
  expect(calls).toHaveLength(2);
  calls[1]?.answer();
  expect(await third).toBe(await after);
});

test('a read that is cancelled before it starts makes no call', async () => {
  const { broker, calls } = slowBroker(() => new Date(start));
  const reads = createSharedReads({
    broker,
    now: () => new Date(start),
    maxAgeSeconds: 60,
    maxHeld: 4_000,
  });
  const [credential] = credentials;
  if (credential === undefined) throw new Error('no credential');
  const gone = operation(5_000).unless(AbortSignal.abort());
  const asking = reads.profile(credential, { operation: gone, maxAgeSeconds: 0 });
  await expect(asking).rejects.toMatchObject({ code: 'aborted' });
  expect(calls).toEqual([]);
});

test('a segment that was asked for and is not read may fail, and nothing comes of it', async () => {
  const { broker, calls } = slowBroker(() => new Date(start));
  const reads = createSharedReads({
    broker,
    now: () => new Date(start),
    maxAgeSeconds: 60,
    maxHeld: 100,
  });
  const [credential] = credentials;
  if (credential === undefined) throw new Error('no credential');
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  onTestFinished(() => {
    process.off('unhandledRejection', note);
  });
  const asker = { operation: operation(5_000), maxAgeSeconds: 0 };
  const loaders = new Loaders(reads, asker);
  const account = { id: digestOf(credential), credential };
  loaders.margins(account, 'equity');
  const outcome = loaders.margins(account, 'commodity').catch((error: unknown) => error);
  await settled();
  expect(calls).toHaveLength(1);
  calls[0]?.fail(new BrokerError('unavailable'));
  expect(await outcome).toMatchObject({ code: 'unavailable' });
  await settled();
  await settled();
  expect(unhandled).toEqual([]);
});

test('a segment that is held is answered without the call of the other, and fails with it in nothing', async () => {
  const { broker, calls } = slowBroker(() => new Date(start));
  const now = () => new Date(start);
  const reads = createSharedReads({ broker, now, maxAgeSeconds: 60, maxHeld: 100 });
  const [credential] = credentials;
  if (credential === undefined) throw new Error('no credential');
  const account = { id: digestOf(credential), credential };
  const asker = { operation: operation(5_000), maxAgeSeconds: 60 };
  const first = new Loaders(reads, asker).margins(account, 'equity');
  await settled();
  calls[0]?.answer();
  await first;
  const loaders = new Loaders(reads, asker);
  const [equity, commodity] = [
    loaders.margins(account, 'equity'),
    loaders.margins(account, 'commodity').catch((error: unknown) => error),
  ];
  expect((await equity).value.equity).toMatchObject({ net: 11 });
  await settled();
  expect(calls).toHaveLength(2);
  calls[1]?.fail(new BrokerError('unavailable'));
  expect(await commodity).toMatchObject({ code: 'unavailable' });
  expect((await loaders.margins(account, 'equity')).value.equity).toMatchObject({ net: 11 });
});
