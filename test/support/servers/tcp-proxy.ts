// A proxy between a test and a server on the loopback, which can hold back all bytes for a while and deliver them late, or cut all
// connections.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A proxy of one server. */
export interface TcpProxy {
  readonly port: number;
  /** Holds back what comes from either side, of connections that are made meanwhile too. */
  hold(): void;
  /** Delivers what was held back, and all that follows. */
  release(): void;
  /** Ends all connections, and each new one at once. */
  cut(): void;
  /** Ends a cut. */
  mend(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a proxy of a port of 127.0.0.1. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let isHeld = false;
  let isCut = false;
  const held: (() => void)[] = [];
  const forward = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on('data', (bytes) => {
      const write = () => void to.write(bytes);
      if (isHeld) held.push(write);
      else write();
    });
    from.on('error', () => {});
    from.once('close', () => {
      sockets.delete(from);
      if (isHeld) held.push(() => to.end());
      else to.end();
    });
  };
  const destroyAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    const upstream = connect(target, '127.0.0.1');
    forward(client, upstream);
    forward(upstream, client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port');
  return {
    port: address.port,
    hold() {
      isHeld = true;
    },
    release() {
      isHeld = false;
      for (const deliver of held.splice(0)) deliver();
    },
    cut() {
      isCut = true;
      destroyAll();
    },
    mend() {
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      destroyAll();
      server.close();
      await once(server, 'close');
    },
  };
}
