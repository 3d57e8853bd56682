// A shared call, as the operations that wait for it see it end.
import { expect, test } from 'vitest';
import { abortedBy } from '../../src/brokers/error.ts';
import { Deadline, type Operation } from '../../src/brokers/upstream/operation.ts';
import { Secret } from '../../src/brokers/upstream/secret.ts';
import { createSharedReads, type ReadBroker } from '../../src/loaders/shared-reads.ts';

/** Reads whose call never ends by itself. */
function pending() {
  const seen: { operations: Operation[] } = { operations: [] };
  const call = (operation: Operation) => {
    seen.operations.push(operation);
    return new Promise<never>((_resolve, reject) => {
      operation.signal.addEventListener('abort', () => reject(abortedBy(operation.signal)));
    });
  };
  const broker: ReadBroker = {
    readsProfile: true,
    profile: (_credential, operation) => call(operation),
    margins: (_credential, operation) => call(operation),
    segmentMargins: (_credential, _segment, operation) => call(operation),
    kotakMargins: (_credential, operation) => call(operation),
  };
  const reads = createSharedReads({
    broker: { of: () => broker, earliestExpiryOf: (time) => time },
    now: () => new Date(),
    maxAgeSeconds: 0,
    maxHeld: 1,
  });
  const credential = { apiKey: 'app', accessToken: new Secret('token') };
  return {
    seen,
    join: (operation: Operation) => reads.profile(credential, { operation, maxAgeSeconds: 0 }),
  };
}

test('a shared call takes the turn of the operation that began it, and waits as long as the most patient may', async () => {
  const { join, seen } = pending();
  const [opener, patient] = [new Deadline(60), new Deadline(120)];
  const first = join(opener);
  const second = join(patient);
  expect(seen.operations).toHaveLength(1);
  expect(seen.operations[0]?.calls).toBe(opener.calls);
  expect(seen.operations[0]?.deadlineAt).toBe(patient.deadlineAt);
  // Not sent yet, and others still wait for its turn.
  await expect(first).rejects.toMatchObject({
    code: 'rate-limited',
    retryAfterSeconds: 1,
    mayHaveReachedBroker: false,
  });
  const brief = new Deadline(5_000);
  const joined = join(brief);
  expect(seen.operations).toHaveLength(1);
  brief.abandon();
  await expect(joined).rejects.toMatchObject({ code: 'aborted' });
  // The last one's end is the call's.
  await expect(second).rejects.toMatchObject({ code: 'timeout' });
  const next = new Deadline(5_000);
  const again = join(next);
  expect(seen.operations).toHaveLength(2);
  next.abandon();
  await expect(again).rejects.toMatchObject({ code: 'aborted' });
});

test('once a shared call is sent, a deadline is a timeout, and a departure ends no other waiting', async () => {
  const { join, seen } = pending();
  const gone = new AbortController();
  const [opener, patient] = [new Deadline(60), new Deadline(5_000)];
  const [first, second] = [join(opener), join(patient.unless(gone.signal))];
  const call = seen.operations[0];
  call?.begun?.();
  await expect(first).rejects.toMatchObject({ code: 'timeout', mayHaveReachedBroker: true });
  expect(call?.signal.aborted).toBe(false);
  gone.abort();
  await expect(second).rejects.toMatchObject({ code: 'aborted' });
  expect(call?.signal.aborted).toBe(true);
  patient.end();
});

test('an operation that has ended joins no call', async () => {
  const { join, seen } = pending();
  const [opener, late] = [new Deadline(5_000), new Deadline(5_000)];
  const first = join(opener);
  await expect(join(late.unless(AbortSignal.abort()))).rejects.toMatchObject({ code: 'aborted' });
  expect(seen.operations[0]?.signal.aborted).toBe(false);
  opener.abandon();
  await expect(first).rejects.toMatchObject({ code: 'aborted' });
  late.end();
});
