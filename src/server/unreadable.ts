// What a client is told whose request node:http could not read: the JSON of any other refusal, where Node itself
// would send a bare status line.
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** Told of each refusal: the id in its answer, and Node's word for what was wrong with the request. */
export type UnreadableListener = (requestId: string, reason: string) => void;

/** Milliseconds in which a client that is still sending may read its answer before the connection is cut. */
const patience = 1_000;

const known: Readonly<Record<string, readonly [status: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers are longer than 128 KiB: send fewer credentials.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The chunks of the body have extensions that are too long.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request took too long to arrive.'],
};
const unknown = [
  400,
  'The request cannot be read as HTTP: its headers may hold no control characters and no line breaks.',
] as const;

/** Refuses what could not be read, and ends its connection. Nothing of the request is in the answer. */
export function refuseUnreadable(socket: Duplex, reason: string, told: UnreadableListener): void {
  const [status, message] = known[reason] ?? unknown;
  const requestId = randomUUID();
  const extensions = { code: 'BAD_USER_INPUT', retryable: false, requestId };
  const body = JSON.stringify({ errors: [{ message, extensions }] });
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  // At once, the system would throw away what the client has not read of the answer.
  setTimeout(() => socket.destroy(), patience).unref();
  told(requestId, reason);
}
