// What a client is told whose request node:http could not read, or whose connection is one too many: the JSON of any
// other refusal, where Node itself would send a bare status line or nothing.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Refusal, refusalBody, refusalHeaders } from '../http/request/refusal.ts';
import { requestIdOf } from '../http/request/request-tracker.ts';

/** Told of each refusal: the id in its answer, Node's word for what was wrong with the request, and who sent it. */
export type MalformedRequestListener = (
  requestId: string,
  reason: string,
  address: string | null,
) => void;

const unknown: Refusal = {
  status: 400,
  message:
    'The request cannot be read as HTTP: its headers may hold no control characters and no line breaks.',
};
const known = new Map<string, Refusal>([
  [
    'HPE_HEADER_OVERFLOW',
    { status: 431, message: 'The headers are too long: send fewer credentials.' },
  ],
  [
    'HPE_CHUNK_EXTENSIONS_OVERFLOW',
    { status: 413, message: 'The chunks of the body have extensions that are too long.' },
  ],
  ['ERR_HTTP_REQUEST_TIMEOUT', { status: 408, message: 'The request took too long to arrive.' }],
  [
    'CONNECT',
    { status: 405, message: 'The gateway is not a proxy: send a POST request to /graphql.' },
  ],
  [
    'CONNECTIONS',
    {
      status: 503,
      message: 'There are too many connections. Try again in a few seconds.',
      code: 'RATE_LIMITED',
      retryAfterSeconds: 5,
    },
  ],
]);

/**
 * Refuses what could not be read, and ends its connection. Nothing of the request is in the answer.
 * @param milliseconds in which a client that is still sending may read its answer before the connection is cut.
 */
export function rejectMalformedRequest(
  socket: Duplex,
  reason: string,
  milliseconds: number,
  told?: MalformedRequestListener,
): void {
  const refusal = known.get(reason) ?? unknown;
  const requestId = requestIdOf(undefined);
  const { remoteAddress = null } = socket as Socket;
  const body = refusalBody(refusal, requestId);
  const headers = {
    ...refusalHeaders(refusal, requestId),
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  // A client that is gone already has nothing to be told.
  socket.on('error', () => {});
  socket.end(
    [
      `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      '',
      body,
    ].join('\r\n'),
  );
  // At once, the system would throw away what the client has not read of the answer.
  setTimeout(() => socket.destroy(), milliseconds).unref();
  told?.(requestId, reason, remoteAddress);
}
