// An operation's deadline, and what it leaves behind.
import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { Deadline } from '../../src/brokers/upstream/operation.ts';

test('one that is over leaves nothing behind with a client that stays', () => {
  const client = new AbortController();
  for (let event = 0; event < 3; event += 1) {
    const deadline = new Deadline(60_000);
    const operation = deadline.unless(client.signal);
    expect(getEventListeners(client.signal, 'abort')).toHaveLength(1);
    deadline.end();
    expect(getEventListeners(client.signal, 'abort')).toHaveLength(0);
    expect(operation.signal.aborted).toBe(false);
  }
});

test('each callback is called once, also one that is given when the operation is over', () => {
  const deadline = new Deadline(60_000);
  const called: string[] = [];
  deadline.onEnd(() => void called.push('before'));
  deadline.end();
  deadline.onEnd(() => void called.push('after'));
  deadline.abandon();
  expect(called).toEqual(['before', 'after']);
});
