// Hears when an answer is over: written, given up, or lost with its connection.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What is to be told of answers that wait behind another one on their connection. */
const waiting = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls back once, when an answer is over; at once where it is over already, because the client has left while something
 * before the gateway waited.
 */
export function onAnswerOver(
  { socket }: Pick<IncomingMessage, 'socket'>,
  response: Pick<ServerResponse, 'closed' | 'socket' | 'on'>,
  callback: () => void,
): void {
  if (response.closed) {
    callback();
    return;
  }
  // Not every version of Node tells an answer that waits behind another one that their connection is lost.
  if (response.socket !== null) {
    response.on('close', callback);
    return;
  }
  const ofConnection = waiting.get(socket) ?? watch(socket);
  const end = () => {
    if (ofConnection.delete(end)) callback();
  };
  ofConnection.add(end);
  response.on('close', end);
}

function watch(socket: Socket): Set<() => void> {
  const callbacks = new Set<() => void>();
  waiting.set(socket, callbacks);
  socket.once('close', () => {
    for (const end of callbacks) end();
  });
  return callbacks;
}
