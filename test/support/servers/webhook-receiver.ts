// A receiver of webhooks on a real socket.
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** One message as it arrived. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as JSON. */
  readonly event: {
    readonly id: string;
    readonly type: string;
    readonly sessionId: string;
    readonly endReason: string | null;
    readonly [field: string]: unknown;
  };
}

/** Starts a receiver, which is closed when the test ends. */
export async function startReceiver(port = 0) {
  const received: Received[] = [];
  const receiver = {
    received,
    /** How it answers. */
    answer: (response: ServerResponse): unknown => response.writeHead(204).end(),
    /** How many requests have come, whole or not. */
    requests: 0,
    /** The types of what was received, in alphabetical order. */
    types: () => received.map(({ event }) => event.type).sort(),
    url: '',
  };
  const server = createServer((request, response) => {
    receiver.requests += 1;
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      if (body !== '') received.push({ headers: request.headers, body, event: JSON.parse(body) });
      receiver.answer(response);
    });
    response.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  // A server that listens on a port has such an address.
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?of=operator`;
  return receiver;
}
