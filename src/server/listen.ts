// Listening: on one address or on both loopback ones, and closing in good order.
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { refuseUnreadable, type UnreadableListener } from './unreadable.ts';

/** A running server. */
export interface Listening {
  /** The port, which the system chose where 0 was asked for. */
  readonly port: number;
  /** Stops accepting, lets what is in flight finish for at most `graceMilliseconds`, then cuts it off. */
  close(graceMilliseconds: number): Promise<void>;
}

/** The host to write into a URL for whoever sits at this machine; undefined stands for both loopback addresses. */
export function hostInUrl(host: string | undefined): string {
  if (host === undefined || host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

const loopback = ['127.0.0.1', '::1'];
/** A thousand credentials in one header, and room for a proxy's own. */
const maxHeaderSize = 131_072;

/**
 * An answer that is due. It is emptied when it is over: tables that a Set has outgrown can outlive by far what they refer
 * to, and with thousands of answers a second that keeps the garbage collector busy.
 */
interface UnderWay {
  response: ServerResponse | null;
}

/**
 * Listens on `host`, or on every loopback address that this machine has.
 * @param onUnreadable told of each request that was refused because it was no HTTP.
 * @throws the system's error, such as EADDRINUSE, with what had begun to listen closed again.
 */
export async function listen(
  handler: RequestListener,
  host: string | undefined,
  port: number,
  onUnreadable: UnreadableListener = () => {},
): Promise<Listening> {
  const servers: Server[] = [];
  const underWay = new Set<UnderWay>();
  let isClosing = false;
  const cutOffAll = () => {
    for (const server of servers) server.closeAllConnections();
  };
  const tracked: RequestListener = (request, response) => {
    const entry: UnderWay = { response };
    underWay.add(entry);
    response.once('close', () => {
      entry.response = null;
      underWay.delete(entry);
      // What is left has no answer due: connections kept alive, or opened and never used.
      if (isClosing && underWay.size === 0) cutOffAll();
    });
    // Whoever makes a URL of a host that is none fails, and frameworks answer that with their stack.
    const { host = 'localhost' } = request.headers;
    if (URL.canParse(`http://${host}`)) handler(request, response);
    else response.writeHead(400).end();
  };
  const refuse = (error: NodeJS.ErrnoException, socket: Duplex) => {
    // In the middle of another answer on the same connection, a second one would be read as part of it.
    const isAnswering = [...underWay].some(
      ({ response }) => response?.socket === socket && response.headersSent,
    );
    if (isAnswering || !socket.writable) socket.destroy();
    else refuseUnreadable(socket, error.code ?? '', onUnreadable);
  };
  let bound = port;
  try {
    for (const address of host === undefined ? loopback : [host]) {
      // Two headers of one name arrive as one list; Node's default drops the second without a word.
      const server = createServer({ maxHeaderSize, joinDuplicateHeaders: true }, tracked);
      // A credential per header is fine too; the size alone is a bound. Node's default, depending on its version,
      // refuses a thousand, or drops the rest without a word.
      server.maxHeadersCount = 0;
      server.on('clientError', refuse);
      const isExtra = servers.length > 0;
      if (!(await opened(server, address, bound, isExtra))) continue;
      servers.push(server);
      const where = server.address();
      if (where !== null && typeof where === 'object') bound = where.port;
    }
  } catch (error) {
    await Promise.all(servers.map(closed));
    throw error;
  }
  return {
    port: bound,
    close: async (grace) => {
      isClosing = true;
      const cutOff = setTimeout(cutOffAll, grace);
      const all = Promise.all(servers.map(closed));
      for (const { response } of underWay) {
        if (response?.headersSent === false) response.setHeader('Connection', 'close');
      }
      if (underWay.size === 0) cutOffAll();
      await all;
      clearTimeout(cutOff);
    },
  };
}

function opened(server: Server, host: string, port: number, isExtra: boolean): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT';
      if (isExtra && isMissing) resolve(false);
      else reject(error);
    });
    server.listen(port, host, () => resolve(true));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
