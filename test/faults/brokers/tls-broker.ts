// A broker over TLS, whose handshakes fail in every way.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { Certificate, makeCertificates } from './certificates.ts';

/** The ways, and last the one that works. */
export const tlsManners = [
  'a certificate of a stranger',
  'an expired certificate',
  'a certificate for another name',
  'no TLS at all',
  'a connection that ends in the handshake',
  'a TLS that is too old',
  'a good certificate',
] as const;

/** One of them. */
export type TlsManner = (typeof tlsManners)[number];

/** Starts the broker, until the test is over. */
export async function startTlsBroker() {
  let manner: TlsManner = 'a good certificate';
  let certificates: ReturnType<typeof makeCertificates> | null = null;
  const sockets = new Set<Socket>();
  const broker = {
    port: 0,
    /** How many requests with a token could be read. */
    tokens: 0,
    turn(next: TlsManner, made: ReturnType<typeof makeCertificates>) {
      manner = next;
      certificates = made;
    },
  };
  const http = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { authorization = request.url ?? '' } = request.headers;
    const [, token = ''] = /(?:token [\w.-]+:|access_token=)([\w-]+)/i.exec(authorization) ?? [];
    broker.tokens += 1;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ status: 'success', data: { user_id: token, email: null } }));
  });
  const certificateFor = (): Certificate | undefined => {
    if (manner === 'a certificate of a stranger') return certificates?.stranger;
    if (manner === 'an expired certificate') return certificates?.expired;
    if (manner === 'a certificate for another name') return certificates?.otherName;
    return certificates?.good;
  };
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    if (manner === 'no TLS at all') return void http.emit('connection', socket);
    if (manner === 'a connection that ends in the handshake') {
      return void socket.once('data', () => socket.end());
    }
    const isOld = manner === 'a TLS that is too old';
    const old = {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    } as const;
    const secure = new TLSSocket(socket, {
      isServer: true,
      ...certificateFor(),
      ...(isOld && old),
    });
    secure.on('error', () => socket.destroy());
    http.emit('connection', secure);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  broker.port = (server.address() as AddressInfo).port;
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return broker;
}
