// A server that a test makes itself, down to the bytes: for what no decent server would do.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { onTestFinished } from 'vitest';

/** A running server and the connections that it has had. */
export interface RawServer {
  readonly url: URL;
  readonly sockets: readonly Socket[];
}

/** Speaks HTTP by a handler, until the test is over. */
export function serveHttp(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  settings: { keepAliveTimeout?: number } = {},
): Promise<RawServer> {
  return opened(createServer({ keepAliveTimeout: 60_000, ...settings }, handler));
}

/** Writes whatever the test likes once a request's head has come, until the test is over. */
export function serveBytes(answer: (socket: Socket) => void): Promise<RawServer> {
  return opened(
    createTcpServer((socket) => {
      socket.on('error', () => {});
      let head = '';
      socket.on('data', (chunk) => {
        head += chunk;
        if (!head.includes('\r\n\r\n')) return;
        head = '';
        answer(socket);
      });
    }),
  );
}

/** Speaks TLS without a certificate, so that every handshake fails, until the test is over. */
export function serveTls(): Promise<RawServer> {
  return opened(createTlsServer({}));
}

async function opened(server: Server): Promise<RawServer> {
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`http://127.0.0.1:${port}`), sockets };
}
