// What one peer's connection may cost: unread answers, slow requests, many connections; and how long idle ones live.
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type ListenOptions, listen } from '../../src/server/listen.ts';
import { readableLog } from '../support/readable-log.ts';
import { startWorld, tokens } from '../support/world.ts';

const get = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

async function serverOf(handler: RequestListener, options: ListenOptions = {}) {
  const { lines, logger } = readableLog();
  const server = await listen(handler, '127.0.0.1', 0, { log: logger, ...options });
  onTestFinished(async () => void (await server.close(0)));
  const reasons = () => lines.map((line) => (line as unknown as { reason: string }).reason);
  return { ...server, reasons };
}

async function opened(port: number, text = ''): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  if (text !== '') socket.write(text);
  return socket;
}

/** Opens a connection that never reads; resolves when the server has cut off its answer. */
async function notReading(port: number): Promise<void> {
  const socket = await opened(port, get);
  socket.pause();
}

const megabytes = (count: number) => Buffer.alloc(count * 1_000_000, 'x');

/** Answers each request with so many bytes; tells of each answer that was cut off. */
function answering(bytes: Buffer) {
  const cut: Promise<unknown>[] = [];
  const handler: RequestListener = (_request, response) => {
    cut.push(once(response, 'close').then(() => response.writableFinished));
    response.end(bytes);
  };
  return { handler, cut };
}

test('a peer that does not read its answer is cut off', async () => {
  const { handler, cut } = answering(megabytes(40));
  const { port, reasons } = await serverOf(handler, { limits: { stalledWriteSeconds: 1 } });
  await notReading(port);
  await expect.poll(() => cut.length).toBe(1);
  expect(await cut[0]).toBe(false);
  expect(reasons()).toEqual(['the peer does not read']);
});

test('an answer in parts is cut off as well, and one that pauses is not', async () => {
  let parts = 0;
  const ended = Promise.withResolvers<boolean>();
  const { port } = await serverOf(
    (request, response) => {
      if (request.url === '/pausing') {
        response.write('first ');
        setTimeout(() => response.end('last'), 3_500);
        return;
      }
      // As Yoga does for its streams.
      request.socket.setTimeout(0);
      response.once('close', () => ended.resolve(response.writableFinished));
      const more = () => {
        parts += 1;
        if (response.write(megabytes(1))) setImmediate(more);
        else response.once('drain', more);
      };
      more();
    },
    { limits: { stalledWriteSeconds: 1 } },
  );
  await notReading(port);
  const pausing = await fetch(`http://127.0.0.1:${port}/pausing`);
  expect(await ended.promise).toBe(false);
  expect(parts).toBeGreaterThan(0);
  expect(await pausing.text()).toBe('first last');
});

test('unsent bytes are bounded for a peer: its largest answer is cut off', async () => {
  const { handler, cut } = answering(megabytes(30));
  const { port, reasons } = await serverOf(handler, { limits: { unsentBytesPerPeer: 40_000_000 } });
  await notReading(port);
  await notReading(port);
  await expect.poll(() => cut.length).toBe(2);
  expect(await Promise.race(cut)).toBe(false);
  expect(reasons()).toEqual(['too many unsent bytes for the peer']);
});

test('unsent bytes are bounded in all, also where every peer is behind one proxy', async () => {
  const { handler, cut } = answering(megabytes(30));
  const limits = { unsentBytes: 40_000_000, unsentBytesPerPeer: 35_000_000 };
  const { port, reasons } = await serverOf(handler, { limits, trustProxy: true });
  await notReading(port);
  await notReading(port);
  await expect.poll(() => cut.length).toBe(2);
  expect(await Promise.race(cut)).toBe(false);
  expect(reasons()).toEqual(['too many unsent bytes in all']);
});

test('answers that wait behind another one on their connection count as unsent', async () => {
  const { handler, cut } = answering(megabytes(5));
  const { port, reasons } = await serverOf(handler, { limits: { unsentBytesPerPeer: 40_000_000 } });
  const socket = await opened(port, get.repeat(20));
  socket.pause();
  await expect.poll(() => cut.length).toBe(20);
  await Promise.all(cut);
  expect(reasons()).toEqual(['too many unsent bytes for the peer']);
});

test('a peer that reads gets all answers to what it has sent at once', async () => {
  const { handler } = answering(megabytes(1));
  const { port, reasons } = await serverOf(handler, { limits: { unsentBytesPerPeer: 40_000_000 } });
  const socket = await opened(port, get.repeat(20));
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
  });
  await expect.poll(() => bytes).toBeGreaterThan(20_000_000);
  expect(reasons()).toEqual([]);
});

test('a peer that reads gets an answer of any size', async () => {
  const { handler } = answering(megabytes(30));
  const { port } = await serverOf(handler);
  expect((await (await fetch(`http://127.0.0.1:${port}/`)).arrayBuffer()).byteLength).toBe(
    30_000_000,
  );
});

test.each(['connections', 'connectionsPerAddress'] as const)(
  'the connection above %s is told 503 and when to try again',
  async (limit) => {
    const { port, reasons } = await serverOf((_request, response) => response.end('ok'), {
      limits: { [limit]: 2 },
    });
    const first = await opened(port);
    await opened(port);
    const third = await opened(port);
    let text = '';
    third.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    await once(third, 'close');
    expect(text).toMatch(/^HTTP\/1\.1 503 /);
    expect(text).toContain('retry-after: 5');
    expect(JSON.parse(text.split('\r\n\r\n')[1] ?? '')).toMatchObject({
      errors: [{ extensions: {} }],
    });
    expect(reasons()).toHaveLength(1);
    first.destroy();
    await expect
      .poll(() => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.status))
      .toBe(200);
  },
);

test.each([
  ['headers', 'GET / HTTP/1.1\r\nHost: local', { headersSeconds: 1 }],
  [
    'a body',
    'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{',
    { requestSeconds: 1, headersSeconds: 1 },
  ],
] as const)('a sender too slow with %s is told 408, and cut off', async (_what, start, limits) => {
  const { port } = await serverOf(() => {}, { limits });
  const socket = await opened(port, start);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  await once(socket, 'close');
  expect(text).toMatch(/^HTTP\/1\.1 408 /);
  expect(text).toContain('"BAD_USER_INPUT"');
});

test('an idle connection is kept for 75 seconds, and ends when its time is over', async () => {
  const handler: RequestListener = (_request, response) => response.end('ok');
  const usual = await serverOf(handler);
  const answer = await fetch(`http://127.0.0.1:${usual.port}/`);
  expect(answer.headers.get('keep-alive')).toBe('timeout=75');
  const short = await serverOf(handler, { limits: { keepAliveSeconds: 1 } });
  const socket = await opened(short.port, get);
  socket.resume();
  await once(socket, 'close');
});

test.each(['close', 'keep-alive'])(
  'HTTP/1.0 with Connection: %s gets no chunks and a closed connection',
  async (connection) => {
    const world = await startWorld();
    for (const accept of ['multipart/mixed', 'text/event-stream', 'application/json']) {
      const body = JSON.stringify({
        query: '{ accounts { apiKey ... @defer { user { userId } } } }',
      });
      const socket = await opened(Number(new URL(world.url).port));
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      socket.write(
        `POST /graphql HTTP/1.0\r\nHost: localhost\r\nConnection: ${connection}\r\nContent-Type: application/json\r\nAuthorization: ${tokens('SIM0001')}\r\nAccept: ${accept}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      await once(socket, 'end');
      expect(text).toMatch(/^HTTP\/1\.1 200 /);
      expect(text).not.toMatch(/transfer-encoding|connection: keep-alive/i);
      expect(text).toContain('SIM0001');
    }
  },
);
