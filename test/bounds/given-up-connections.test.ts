// Calls that are given up while their connections are made: no client has more connections made than it may have calls.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createGateway } from '../../src/gateway.ts';
import { listen } from '../../src/server/listen.ts';

test('a call that is given up keeps its slot until its connection is made or has failed', async () => {
  const sockets = new Set<Socket>();
  let made = 0;
  // A broker that takes connections and says nothing, so that no TLS handshake ends.
  const broker = createServer((socket) => {
    made += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    socket.resume();
  }).listen(0, '127.0.0.1');
  await once(broker, 'listening');
  const gateway = createGateway({
    kiteBaseUrl: `https://127.0.0.1:${(broker.address() as AddressInfo).port}`,
    kiteRateLimit: 0,
    limits: { upstreamCallsPerCaller: 4 },
  });
  const server = await listen(gateway, '127.0.0.1', 0);
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    broker.close();
    await server.close(0);
    await gateway.dispose();
  });
  const url = `http://127.0.0.1:${server.port}/graphql`;
  let asked = 0;
  const ask = (query: string, accounts: number, signal?: AbortSignal) => {
    const credentials = Array.from({ length: accounts }, () => {
      asked += 1;
      return `token app${asked}:token${asked}`;
    });
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (accounts > 0) headers.authorization = credentials.join(', ');
    const init = {
      method: 'POST',
      headers,
      body: JSON.stringify({ query }),
      signal: signal ?? null,
    };
    return fetch(url, init).then((answer) => answer.json());
  };
  for (let times = 0; times < 3; times += 1) {
    const leaving = new AbortController();
    const left = ask('{ accounts { user { userId } } }', 4, leaving.signal).catch(() => 'left');
    await expect.poll(() => made).toBeGreaterThanOrEqual(4);
    // Answered after it: by then the calls before have begun, or wait.
    await ask('{ __typename }', 0);
    leaving.abort();
    expect(await left).toBe('left');
    await ask('{ __typename }', 0);
  }
  expect(made).toBe(4);

  // The connections fail, and others may be made.
  const answer = ask('{ account { user { userId } } }', 1);
  for (const socket of sockets) socket.destroy();
  // The call is sent again once, as any read whose connection fails.
  for (const count of [5, 6]) {
    await expect.poll(() => made).toBe(count);
    for (const socket of sockets) socket.destroy();
  }
  expect(await answer).toMatchObject({
    errors: [{ extensions: { code: 'UPSTREAM_UNAVAILABLE' } }],
  });
});
