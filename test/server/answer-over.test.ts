// An answer is over when it is written, given up, or lost with its connection.
import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { onAnswerOver } from '../../src/server/answer-over.ts';

/** A connection, and answers on it. Those that wait behind another one hear nothing of its end, as in some versions of Node. */
function connection() {
  const socket = new EventEmitter();
  const over: string[] = [];
  const answer = (name: string, state: { socket?: unknown; closed?: boolean } = {}) => {
    const response = Object.assign(new EventEmitter(), { socket, closed: false, ...state });
    const request = { socket } as unknown as IncomingMessage;
    onAnswerOver(request, response as unknown as ServerResponse, () => void over.push(name));
    return response;
  };
  return { socket, over, answer };
}

test('an answer that waits behind another one is over with its connection', () => {
  const { socket, over, answer } = connection();
  answer('first').emit('close');
  answer('second', { socket: null });
  answer('third', { socket: null });
  expect(over).toEqual(['first']);
  socket.emit('close');
  expect(over).toEqual(['first', 'second', 'third']);
});

test('an answer that has waited behind another one, and is written, is over once, and keeps nothing at its connection', () => {
  const { socket, over, answer } = connection();
  for (let count = 0; count < 100; count += 1) answer('queued', { socket: null }).emit('close');
  expect(over).toHaveLength(100);
  expect(socket.listenerCount('close')).toBe(1);
  socket.emit('close');
  expect(over).toHaveLength(100);
});

test('an answer whose client has left before is over at once', () => {
  const { over, answer } = connection();
  answer('late', { closed: true });
  expect(over).toEqual(['late']);
});
