// A proxy that Node is told of is used for every call to the broker, or for none: reads and writes take the same way.
import { createServer, request as send } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { startCommand } from '../support/processes/command.ts';

const simulator = await startSimulator({ port: 0, rateLimit: 0 });
afterAll(() => simulator.close());
const upstream = new URL(simulator.url);

/** A forward proxy that leads every address to the simulator, and what came through it. */
async function startProxy() {
  const passed: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const { pathname, search, host } = new URL(incoming.url ?? '');
    passed.push(`${incoming.method} ${host}${pathname}`);
    const { method, headers } = incoming;
    const target = { host: upstream.hostname, port: upstream.port, path: pathname + search };
    const onward = send({ ...target, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  server.on('connect', (incoming, socket, head) => {
    passed.push(`CONNECT ${incoming.url}`);
    const onward = connect(Number(upstream.port), upstream.hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const side of [onward, socket]) side.on('error', () => side.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { passed, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

let users = 0;

/** Reads and ends the session of a new user through a gateway of its own, and gives the codes of what failed. */
async function readAndLogOut(env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  users += 1;
  const authorization = `token simulator:SIM000${users}-token`;
  const { url } = await startCommand({
    env: {
      KITE_API_KEY: 'simulator',
      KITE_API_SECRET: 'simulator-secret',
      LOG_LEVEL: 'silent',
      ...env,
    },
  });
  const ask = async (query: string) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify({ query }),
    });
    return JSON.stringify(await response.json());
  };
  const read = await ask('{ account { user { userId } } }');
  const ended = await ask('mutation { logout { __typename } }');
  return [read, ended].map((text) => /"code":"(\w+)"/.exec(text)?.[1] ?? 'answered');
}

test('with NODE_USE_ENV_PROXY a read and a logout go through HTTP_PROXY', async () => {
  const proxy = await startProxy();
  const codes = await readAndLogOut({
    KITE_BASE_URL: 'http://broker.example',
    NODE_USE_ENV_PROXY: '1',
    HTTP_PROXY: proxy.url,
  });
  expect(codes).toEqual(['answered', 'answered']);
  expect(proxy.passed).toEqual([
    'GET broker.example/user/profile',
    'DELETE broker.example/session/token',
  ]);
});

test('what NO_PROXY names is called directly, by a read and by a logout', async () => {
  const proxy = await startProxy();
  const codes = await readAndLogOut({
    KITE_BASE_URL: simulator.url,
    NODE_USE_ENV_PROXY: '1',
    HTTP_PROXY: proxy.url,
    NO_PROXY: upstream.hostname,
  });
  expect(codes).toEqual(['answered', 'answered']);
  expect(proxy.passed).toEqual([]);
});

test('HTTP_PROXY alone is used by neither', async () => {
  const proxy = await startProxy();
  const codes = await readAndLogOut({ KITE_BASE_URL: simulator.url, HTTP_PROXY: proxy.url });
  expect(codes).toEqual(['answered', 'answered']);
  expect(proxy.passed).toEqual([]);
});

test('a read and a logout over TLS ask HTTPS_PROXY for a tunnel', async () => {
  const proxy = await startProxy();
  const codes = await readAndLogOut({
    KITE_BASE_URL: 'https://broker.example',
    NODE_USE_ENV_PROXY: '1',
    HTTPS_PROXY: proxy.url,
  });
  // The simulator behind the tunnel speaks no TLS.
  expect(codes[0]).toBe('UPSTREAM_UNAVAILABLE');
  expect(new Set(proxy.passed)).toEqual(new Set(['CONNECT broker.example:443']));
  expect(proxy.passed.length).toBeGreaterThanOrEqual(2);
});
