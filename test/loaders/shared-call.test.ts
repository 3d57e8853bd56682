// A shared call, as those who wait for it see it end.
import { expect, test } from 'vitest';
import { abortedBy } from '../../src/brokers/error.ts';
import { Deadline, type Operation } from '../../src/brokers/upstream/operation.ts';
import { SharedCall } from '../../src/loaders/shared-call.ts';

/** A call that never ends by itself. */
function pending() {
  const seen: { operation?: Operation; deserted: number } = { deserted: 0 };
  const opener = new Deadline(60);
  const call = new SharedCall<never>(
    opener,
    (operation) => {
      seen.operation = operation;
      return new Promise((_resolve, reject) => {
        const end = () => reject(abortedBy(operation.signal));
        operation.signal.addEventListener('abort', end, { once: true });
      });
    },
    () => {
      seen.deserted += 1;
    },
  );
  return { call, opener, seen };
}

test('it takes the turn of who began it, and waits for it as long as the most patient may', async () => {
  const { call, opener, seen } = pending();
  const patient = new Deadline(120);
  const first = call.join(opener);
  const second = call.join(patient);
  expect(seen.operation?.id).toBe(opener.id);
  expect(seen.operation?.deadlineAt).toBe(patient.deadlineAt);
  // Not sent yet, and others still wait for its turn.
  await expect(first).rejects.toMatchObject({
    code: 'rate-limited',
    retryAfterSeconds: 1,
    mayHaveReachedBroker: false,
  });
  expect(seen.deserted).toBe(0);
  // The last one's end is the call's.
  await expect(second).rejects.toMatchObject({ code: 'timeout' });
  expect(seen.deserted).toBe(1);
});

test('once it is sent, a deadline is a timeout, and a departure is nobody else’s business', async () => {
  const { call, opener, seen } = pending();
  const gone = new AbortController();
  const patient = new Deadline(5_000);
  const [first, second] = [call.join(opener), call.join(patient.unless(gone.signal))];
  call.begun();
  await expect(first).rejects.toMatchObject({ code: 'timeout', mayHaveReachedBroker: true });
  expect(seen.operation?.signal.aborted).toBe(false);
  gone.abort();
  await expect(second).rejects.toMatchObject({ code: 'aborted' });
  patient.end();
});

test('whoever has gone already does not join', async () => {
  const { call, seen } = pending();
  const gone = AbortSignal.abort();
  const late = new Deadline(5_000);
  await expect(call.join(late.unless(gone))).rejects.toMatchObject({ code: 'aborted' });
  expect(seen.deserted).toBe(0);
  late.end();
});
