// The waits of the client, on a clock that the test moves: time-outs, waits between attempts, and Retry-After.
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { createClient, type Disconnection } from '../../src/client/client.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const patience = { timeout: 15_000 };
const subscription = 'subscription { a }';
const event = 'event: next\ndata: {"data":{"a":1}}\n\n';
const complete = 'event: complete\n\n';

/** What stands in the place of the gateway. */
async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

/** Gives this process a window, which can be online again. */
function openWindow() {
  const listeners = new Set<() => void>();
  vi.stubGlobal('addEventListener', (_type: string, listener: () => void) =>
    listeners.add(listener),
  );
  vi.stubGlobal('removeEventListener', (_type: string, listener: () => void) =>
    listeners.delete(listener),
  );
  return {
    /** How many wait for it. */
    waiting: () => listeners.size,
    goOnline: () => {
      for (const listener of [...listeners]) listener();
    },
  };
}

test('the time that a loop takes for an event is not time that the gateway is silent', async () => {
  let opened = 0;
  const url = await listening((_request, response) => {
    opened += 1;
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event);
    setImmediate(() => response.end(event + complete));
  });
  const client = createClient({ url, timeoutMilliseconds: 40_000 });
  const losses: string[] = [];
  const leaving = new AbortController();
  const events = client.subscribe(
    subscription,
    {},
    {
      signal: leaving.signal,
      onDisconnect: ({ error }) => {
        losses.push(error.code);
        leaving.abort();
      },
    },
  );
  let taken = 0;
  for await (const { ok } of events) {
    expect(ok).toBe(true);
    taken += 1;
    await vi.advanceTimersByTimeAsync(60_000);
  }
  expect({ losses, taken, opened }).toEqual({ losses: [], taken: 2, opened: 1 });
});

test('a gateway that is silent after an event was taken is still taken for broken', async () => {
  const url = await listening((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event);
  });
  const losses: string[] = [];
  const leaving = new AbortController();
  const events = createClient({ url, timeoutMilliseconds: 40_000 }).subscribe(
    subscription,
    {},
    {
      signal: leaving.signal,
      onDisconnect: ({ error }) => {
        losses.push(error.code);
        leaving.abort();
      },
    },
  );
  await events.next();
  const following = events.next();
  const isLost = async () => {
    await vi.advanceTimersByTimeAsync(40_000);
    return losses.length > 0;
  };
  await expect.poll(isLost, patience).toBe(true);
  expect(await following).toEqual({ done: true, value: undefined });
  expect(losses).toEqual(['TIMED_OUT']);
});

test('a stream that is cut after its first event is opened less and less often, until one stays open', async () => {
  const lifetimes = [0, 0, 0, 10_000, 0];
  const url = await listening((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(event);
    cut = () => response.destroy();
  });
  let cut = () => {};
  const attempts: number[] = [];
  const waits: number[] = [];
  let reconnections = 0;
  const leaving = new AbortController();
  const events = createClient({ url, timeoutMilliseconds: 0 }).subscribe(
    subscription,
    {},
    {
      signal: leaving.signal,
      onReconnect: () => {
        reconnections += 1;
      },
      onDisconnect: ({ attempt, waitMilliseconds }: Disconnection) => {
        attempts.push(attempt);
        waits.push(waitMilliseconds);
        // The timer of the wait is set after this.
        setImmediate(() => void vi.advanceTimersByTimeAsync(waitMilliseconds));
      },
    },
  );
  for (const lifetime of lifetimes) {
    expect((await events.next()).value?.ok).toBe(true);
    await vi.advanceTimersByTimeAsync(lifetime);
    cut();
  }
  expect((await events.next()).value?.ok).toBe(true);
  leaving.abort();
  expect(attempts).toEqual([1, 2, 3, 1, 2]);
  expect(reconnections).toBe(5);
  expect(waits[2]).toBeGreaterThanOrEqual(2_000);
  expect(waits[3]).toBeLessThanOrEqual(1_000);
});

test('a query waits for what the gateway asks for, also when the browser is online again', async () => {
  const window = openWindow();
  let calls = 0;
  const url = await listening((_request, response) => {
    calls += 1;
    if (calls === 1) response.writeHead(503, { 'retry-after': '60' }).end('busy');
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"a":1}}');
  });
  const client = createClient({ url, maxRetrySeconds: 60, timeoutMilliseconds: 0 });
  const query = client.query('{ a }');
  await expect.poll(window.waiting, patience).toBe(1);
  window.goOnline();
  await vi.advanceTimersByTimeAsync(59_000);
  expect([window.waiting(), calls]).toEqual([1, 1]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect((await query).ok).toBe(true);
  expect(calls).toBe(2);
});

test('a browser that is online again ends the wait of a subscription, except for what the gateway asked for', async () => {
  const window = openWindow();
  let calls = 0;
  let answer: RequestListener = () => {};
  const url = await listening((request, response) => {
    calls += 1;
    answer(request, response);
  });
  const client = createClient({ url, timeoutMilliseconds: 0 });
  const leaving = new AbortController();
  const events = client.subscribe(subscription, {}, { signal: leaving.signal });
  answer = (_request, response) => response.writeHead(503, { 'retry-after': '60' }).end('busy');
  const following = events.next();
  await expect.poll(window.waiting, patience).toBe(1);
  window.goOnline();
  await vi.advanceTimersByTimeAsync(59_000);
  expect([window.waiting(), calls]).toEqual([1, 1]);

  // The connection breaks off: nothing was asked for.
  answer = (request) => request.socket.destroy();
  await vi.advanceTimersByTimeAsync(1_000);
  await expect.poll(() => [window.waiting(), calls], patience).toEqual([1, 2]);
  answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(event + complete);
  };
  window.goOnline();
  await vi.advanceTimersByTimeAsync(0);
  expect((await following).value?.ok).toBe(true);
  expect(calls).toBe(3);
});
