// A shared call, as the operations that wait for it see it end.
import { expect, test } from 'vitest';
import { abortedBy } from '../../src/brokers/error.ts';
import { Deadline, type Operation } from '../../src/brokers/upstream/operation.ts';
import { SharedRead } from '../../src/loaders/shared-read.ts';

/** Reads whose call never ends by itself. */
function pending() {
  const seen: { operations: Operation[] } = { operations: [] };
  const reads = new SharedRead<string, never>({
    call: (_question, operation) => {
      seen.operations.push(operation);
      return new Promise((_resolve, reject) => {
        operation.signal.addEventListener('abort', () => reject(abortedBy(operation.signal)));
      });
    },
    now: () => new Date(),
    held: null,
    onAnswer: () => {},
    onRefused: () => {},
  });
  return { reads, seen, join: (operation: Operation) => reads.ask('one', 'question', operation) };
}

test('a shared call takes the turn of the operation that began it, and waits as long as the most patient may', async () => {
  const { join, reads, seen } = pending();
  const [opener, patient] = [new Deadline(60), new Deadline(120)];
  const first = join(opener);
  const second = join(patient);
  expect(seen.operations).toHaveLength(1);
  expect(seen.operations[0]?.id).toBe(opener.id);
  expect(seen.operations[0]?.deadlineAt).toBe(patient.deadlineAt);
  // Not sent yet, and others still wait for its turn.
  await expect(first).rejects.toMatchObject({
    code: 'rate-limited',
    retryAfterSeconds: 1,
    mayHaveReachedBroker: false,
  });
  expect(reads.size).toBe(1);
  // The last one's end is the call's.
  await expect(second).rejects.toMatchObject({ code: 'timeout' });
  expect(reads.size).toBe(0);
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
