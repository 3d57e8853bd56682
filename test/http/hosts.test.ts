// Requests are answered for the gateway's own hosts and at its exact paths, and every refusal is coded JSON.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createGateway } from '../../src/gateway.ts';
import type { Gateway } from '../../src/gateway-interface.ts';
import { startWorld } from '../support/world.ts';

const world = await startWorld({
  publicUrl: 'https://gateway.example/kite',
  allowedHosts: ['inside', '192.0.2.7'],
});
const port = Number(new URL(world.url).port);
const query = '?query=%7B__typename%7D';

/** Sends lines as they are, and reads the answer to its end. */
async function sent(to: number, ...lines: readonly string[]) {
  const socket = connect(to, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  socket.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`);
  await once(socket, 'close');
  const [head = '', body = ''] = text.split('\r\n\r\n');
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), head, body };
}

function expectRefusal({ head, body }: { head: string; body: string }) {
  const { errors } = JSON.parse(body);
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', retryable: false } }]);
  expect(head.toLowerCase()).toContain(`x-request-id: ${errors[0].extensions.requestId}`);
  expect(body).not.toMatch(/\\n *at |node_modules|\.ts/);
}

/** A gateway in a server of one's own, without the project's own listener. */
async function mounted(gateway: Gateway): Promise<number> {
  const server = createServer((request, response) => void gateway(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await gateway.dispose();
  });
  return (server.address() as AddressInfo).port;
}

test.each([
  'gateway.example',
  'gateway.example:443',
  'GATEWAY.example',
  'inside',
  'inside:4000',
  '192.0.2.7',
  'localhost',
  'app.localhost:4000',
  '127.0.0.1',
  '127.8.9.1',
  '[::1]:4000',
])('the host %s is answered', async (host) => {
  const { status } = await sent(port, `GET /graphql${query} HTTP/1.1`, `Host: ${host}`);
  expect(status).toBe(200);
});

test.each([
  ['evil.example', 421],
  ['gateway.example.evil.example', 421],
  ['192.168.1.2:4000', 421],
  ['[2001:db8::1]', 421],
  ['localhost/login?app=x', 400],
  ['a b', 400],
  ['localhost:99999', 400],
  ['localhost:', 400],
  ['user@localhost', 400],
  ['', 400],
  ['[::1', 400],
  ['localhost, evil.example', 400],
] as const)('the host "%s" is refused with %i, in coded JSON', async (host, status) => {
  for (const path of [`/graphql${query}`, '/login', '/', '/kite/graphql']) {
    const answer = await sent(port, `GET ${path} HTTP/1.1`, `Host: ${host}`);
    expect(answer.status).toBe(status);
    expectRefusal(answer);
  }
});

test('HTTP/1.1 without a host is refused, in coded JSON', async () => {
  const answer = await sent(port, `GET /graphql${query} HTTP/1.1`);
  expect(answer.status).toBe(400);
  expectRefusal(answer);
});

test('a health check is answered for any host', async () => {
  for (const path of ['/health', '/kite/health']) {
    const { status, body } = await sent(port, `GET ${path} HTTP/1.1`, 'Host: 10.1.2.3:4000');
    expect({ status, body }).toEqual({ status: 200, body: '{"status":"ok"}' });
  }
});

test.each([`http://localhost:4000/graphql${query}`, `HTTP://gateway.example/kite/graphql${query}`])(
  'the absolute target %s is answered',
  async (target) => {
    const { status, body } = await sent(port, `GET ${target} HTTP/1.1`, 'Host: localhost:4000');
    expect({ status, body: JSON.parse(body) }).toEqual({
      status: 200,
      body: { data: { __typename: 'Query' } },
    });
  },
);

test('the host of an absolute target counts, not the one of the header', async () => {
  const answer = await sent(
    port,
    `GET http://evil.example/graphql${query} HTTP/1.1`,
    'Host: localhost',
  );
  expect(answer.status).toBe(421);
  expectRefusal(answer);
});

test.each(['OPTIONS *', 'GET http://localhost:99999/graphql', 'GET http://[/graphql'])(
  'the target of "%s" is refused, in coded JSON',
  async (line) => {
    const answer = await sent(port, `${line} HTTP/1.1`, 'Host: localhost:4000');
    expect(answer.status).toBe(400);
    expectRefusal(answer);
  },
);

test.each([
  '/x/graphql',
  '/graphql/x',
  '/GRAPHQL',
  '/x/health',
  '/healthy',
  '//localhost/graphql',
  '/kite/kite/graphql',
  '/graphql%2f',
  '/favicon.ico',
  '/x?/graphql',
  '/x?/health',
])('the path %s is not found, in coded JSON', async (path) => {
  const answer = await sent(port, `GET ${path} HTTP/1.1`, 'Host: localhost');
  expect(answer.status).toBe(404);
  expectRefusal(answer);
});

test.each(['/callback', '/health', '/'])('a POST to %s is refused, in coded JSON', async (path) => {
  const answer = await sent(port, `POST ${path} HTTP/1.1`, 'Host: localhost', 'Content-Length: 0');
  expect(answer.status).toBe(405);
  expectRefusal(answer);
});

test('an expectation that cannot be met and CONNECT are refused, in coded JSON', async () => {
  const expecting = await sent(
    port,
    `GET /graphql${query} HTTP/1.1`,
    'Host: localhost',
    'Expect: wonders',
  );
  expect(expecting.status).toBe(417);
  expectRefusal(expecting);
  const connecting = await sent(port, 'CONNECT localhost:443 HTTP/1.1', 'Host: localhost');
  expect(connecting.status).toBe(405);
  expectRefusal(connecting);
});

describe('a host that holds a path and a query does not choose the route', () => {
  const host = 'a/login?x';
  const body = '{"query":"{ __typename }"}';
  const requests: readonly (readonly [string, ...string[]])[] = [
    [
      'a plain POST',
      'POST /graphql HTTP/1.1',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
    ],
    ['a GET', `GET /graphql${query} HTTP/1.1`],
    ['a path that does not exist', 'GET /nothing HTTP/1.1'],
  ];

  for (const [where, to] of [
    ['the gateway’s server', async () => port],
    ['a server of one’s own', () => mounted(createGateway())],
  ] as const) {
    test.each(requests)(`%s to ${where}`, async (_what, line, ...headers) => {
      const lines = [line, `Host: ${host}`, ...headers, 'Connection: close', '', body];
      const answer = await sent(await to(), ...lines);
      expect(answer.status).toBe(400);
      expect(answer.head).not.toMatch(/^location:/im);
      expectRefusal(answer);
    });
  }

  test('a request of gateway.fetch, whose address alone counts', async () => {
    const gateway = createGateway();
    onTestFinished(async () => void (await gateway.dispose()));
    const response = await gateway.fetch(`http://localhost/graphql${query}`, { headers: { host } });
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });
});

test.each([
  'OPTIONS * HTTP/1.1\r\nHost: localhost:4000',
  'GET http://localhost:1/graphql HTTP/1.1\r\nHost: [',
  'GET /graphql HTTP/1.1\r\nHost: a/login?b',
  'GET /graphql HTTP/1.1\r\nHost: evil.example',
])('in a server of one’s own, "%s" gets no stack trace', async (head) => {
  const to = await mounted(createGateway());
  const answer = await sent(to, head);
  expect(answer.status).toBeLessThan(500);
  if (answer.status !== 200) expectRefusal(answer);
});

test('gateway.fetch judges host and path as well', async () => {
  const gateway = createGateway();
  onTestFinished(async () => void (await gateway.dispose()));
  const status = async (url: string) => (await gateway.fetch(url)).status;
  expect(await status(`http://evil.example/graphql${query}`)).toBe(421);
  expect(await status('http://evil.example/health')).toBe(200);
  expect(await status(`http://localhost/x/graphql${query}`)).toBe(404);
  expect(await status(`http://localhost/graphql${query}`)).toBe(200);
});
