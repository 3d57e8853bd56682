// A broker that is made down to the bytes, for what no decent server sends: what a credential gets, its name says.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

const megabyte = 'x'.repeat(1_000_000);
const large = 100_000_000;
const unpacksToMuch = gzipSync(Buffer.alloc(large));

/** What a broker can send, by name. */
export const manners = {
  right: (socket, who) => socket.write(right(who)),
  'a byte a second': (socket, who) => trickle(socket, right(who)),
  'a body of a byte a second': (socket, who) => {
    const [head = '', body = ''] = right(who).split(/(?<=\r\n\r\n)/);
    socket.write(head);
    trickle(socket, body);
  },
  'nothing after the head': (socket) => socket.write(headOf(500)),
  '100 MB, announced': (socket) => pour(socket, headOf(large), (text) => text),
  '100 MB in chunks': (socket) => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    pour(socket, head, (text) => `${text.length.toString(16)}\r\n${text}\r\n`);
  },
  '100 MB, compressed to 100 kB': (socket) => {
    socket.write(headOf(unpacksToMuch.length, 'Content-Encoding: gzip'));
    socket.write(unpacksToMuch);
  },
  '100 MB of headers': (socket) => pour(socket, 'HTTP/1.1 200 OK\r\n', (text) => `X: ${text}\r\n`),
  'more than announced': (socket, who) => {
    const body = bodyOf(who);
    socket.write(`${headOf(body.length - 10)}${body}${right('stranger')}`);
  },
  'less than announced': (socket, who) => {
    const body = bodyOf(who);
    socket.end(`${headOf(body.length + 10)}${body}`);
  },
  'a second answer behind its own': (socket, who) => socket.write(right(who) + right('stranger')),
  'two lengths': (socket, who) => {
    const body = bodyOf(who);
    socket.write(
      `HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    );
  },
  'what is not HTTP': (socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'),
  'the end of the connection': (socket) => socket.end(),
  'a reset': (socket) => socket.resetAndDestroy(),
  'a redirect to another host': (socket) =>
    socket.write(
      'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/user/profile\r\nContent-Length: 0\r\n\r\n',
    ),
} satisfies Record<string, (socket: Socket, who: string) => unknown>;

/** One of them. */
export type Manner = keyof typeof manners;

/** All of them. */
export const mannerNames = Object.keys(manners) as readonly Manner[];

/** The access token that is answered in a manner; no two are the same. */
export function tokenFor(manner: Manner, index: number): string {
  return `${mannerNames.indexOf(manner)}-${index}`;
}

/** Starts the broker, until the test is over. It can be closed, with all connections, and opened again. */
export async function startRawBroker(port = 0) {
  const sockets = new Set<Socket>();
  const seen = { calls: 0, bytes: 0 };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      seen.bytes += socket.bytesWritten;
      sockets.delete(socket);
    });
    let head = '';
    socket.on('data', (chunk) => {
      head += chunk;
      if (!head.includes('\r\n\r\n')) return;
      const [, token = ''] = /(?:token [\w.-]+:|access_token=)([\w-]+)/i.exec(head) ?? [];
      head = '';
      seen.calls += 1;
      const manner = mannerNames[Number(token.split('-')[0])] ?? 'right';
      manners[manner](socket, token);
    });
  });
  const broker = {
    port,
    seen,
    open: async () => {
      server.listen(broker.port, '127.0.0.1');
      await once(server, 'listening');
      broker.port = (server.address() as AddressInfo).port;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
  onTestFinished(broker.close);
  await broker.open();
  return broker;
}

function bodyOf(who: string): string {
  return JSON.stringify({
    status: 'success',
    data: { user_id: who, email: `${who}@kite.example` },
  });
}

function headOf(length: number, more?: string): string {
  const own = more === undefined ? '' : `${more}\r\n`;
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${own}Content-Length: ${length}\r\n\r\n`;
}

function right(who: string): string {
  const body = bodyOf(who);
  return headOf(body.length) + body;
}

function trickle(socket: Socket, text: string): void {
  let sent = 0;
  const timer = setInterval(() => socket.write(text[sent++] ?? ' '), 1_000);
  socket.once('close', () => clearInterval(timer));
}

/** Writes a megabyte after the other, as fast as it is taken. */
function pour(socket: Socket, head: string, wrapped: (text: string) => string): void {
  socket.write(head);
  let left = large / megabyte.length;
  const next = () => {
    while (left > 0 && !socket.destroyed) {
      left -= 1;
      if (!socket.write(wrapped(megabyte))) {
        socket.once('drain', next);
        return;
      }
    }
  };
  next();
}
