// METRICS_PORT: an address of its own that answers the metrics and nothing else, and ends with the gateway.
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { freePorts, run, startCommand } from '../support/processes/command.ts';

const post = { method: 'POST', headers: { 'content-type': 'application/json' } };

test('METRICS_PORT answers GET and HEAD of /metrics, and 404 to everything else', async () => {
  const [port = 0] = await freePorts(1);
  const gateway = await startCommand({ env: { METRICS_PORT: `${port}` } });
  const url = `http://localhost:${port}/metrics`;
  expect(gateway.greeting).toContain(url);
  await fetch(gateway.url, { ...post, body: '{"query":"query Mine { apps { apiKey } }"}' });
  const answer = await fetch(url);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  const text = await answer.text();
  expect(text).toContain('kite_graphql_operations_total{operation="Mine",code="OK"} 1');
  expect(text).toContain('kite_graphql_budget_limit{broker="KITE",app="simulator"} 10');
  const head = await fetch(url, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  for (const [path, method] of [
    ['/', 'GET'],
    ['/graphql', 'GET'],
    ['/metrics', 'POST'],
    ['/metrics/', 'GET'],
  ]) {
    const { status } = await fetch(`http://localhost:${port}${path}`, { method: method ?? 'GET' });
    expect([path, method, status]).toEqual([path, method, 404]);
  }
  const ownAddress = await fetch(`http://localhost:${gateway.port}/metrics`);
  expect(ownAddress.status).toBe(404);
  gateway.process.kill('SIGTERM');
  expect((await gateway.ended).code).toBe(0);
});

test('connections beyond the limit are refused', async () => {
  const [port = 0] = await freePorts(1);
  const env = {
    METRICS_PORT: `${port}`,
    METRICS_HOST: '127.0.0.1',
    LIMIT_METRICS_CONNECTIONS: '2',
    LIMIT_METRICS_SECONDS: '300',
  };
  await startCommand({ env });
  const idle = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  await Promise.all(idle.map((socket) => once(socket, 'connect')));
  const statusOf = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).status;
  expect(await statusOf()).toBe(503);
  for (const socket of idle) socket.destroy();
  await expect.poll(statusOf).toBe(200);
});

test('a connection that sends no request is closed', async () => {
  const [port = 0] = await freePorts(1);
  await startCommand({ env: { METRICS_PORT: `${port}`, LIMIT_METRICS_SECONDS: '1' } });
  const idle = connect(port, '127.0.0.1').resume();
  await once(idle, 'close');
});

test('a port that is taken ends the start with the name of the setting', async () => {
  const [port = 0, simulatorPort = 0] = await freePorts(2);
  const env = {
    PORT: `${port}`,
    SIMULATOR_PORT: `${simulatorPort}`,
    METRICS_PORT: `${port}`,
    METRICS_HOST: '127.0.0.1',
  };
  const { code, stderr } = await run({ env }).ended;
  expect(code).toBe(1);
  expect(stderr).toContain(`METRICS_PORT: port ${port} is in use on 127.0.0.1.`);
});
