// A stop waits for what is in flight; what it cuts off is logged by its request id, and the exit code tells.
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { simulatorSettings, startCommand } from '../support/processes/command.ts';
import { Visitor } from '../support/visitor.ts';

const source = fileURLToPath(new URL('../../src/command.ts', import.meta.url));

/** A simulator that outlives the gateway, and the gateway's settings for it. */
async function upstream() {
  const simulator = await startSimulator({ port: 0, rateLimit: 0 });
  onTestFinished(() => simulator.close());
  const env = {
    LOG_FORMAT: 'json',
    ...simulatorSettings(simulator.url),
  };
  const fault = async (body: object) => {
    const answer = await fetch(`${simulator.url}/simulator/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.ok).toBe(true);
  };
  const requests = async () => {
    const answer = await fetch(`${simulator.url}/simulator/requests`);
    return ((await answer.json()) as { requests: { path: string; status: number | null }[] })
      .requests;
  };
  return { env, fault, requests };
}

test('what is in flight after SHUTDOWN_GRACE_MS is cut off, logged by its request id, and the exit code is 1', async () => {
  const { env, fault, requests } = await upstream();
  const {
    url,
    process: child,
    ended,
  } = await startCommand({
    env: { ...env, SHUTDOWN_GRACE_MS: '200' },
  });
  await fault({ kind: 'hang' });
  const cut = expect(
    fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-request-id': 'the-one-cut-off',
        authorization: 'token simulator:SIM0001-token',
      },
      body: '{"query":"{ accounts { user { userId } } }"}',
    }),
  ).rejects.toThrow();
  await expect.poll(async () => (await requests()).length).toBe(1);
  child.kill('SIGTERM');
  const { code, stderr } = await ended;
  await cut;
  expect(code).toBe(1);
  expect(stderr).toMatch(/"requestId":"the-one-cut-off","msg":"Cut off by the shutdown"/);
});

test('a login whose client has left is completed before the process ends', async () => {
  const { env, fault, requests } = await upstream();
  const { url, process: child, ended } = await startCommand({ env });
  const origin = url.replace('/graphql', '');
  const visitor = new Visitor(origin);
  const callback = await visitor.logInAtKite(`${origin}/login?app=simulator`, 'SIM0001');
  await fault({ kind: 'delay', delayMilliseconds: 1_500 });
  const leaving = new AbortController();
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const left = fetch(callback, { signal: leaving.signal, headers: { cookie } }).catch(() => 'left');
  const exchange = async () => (await requests()).find(({ path }) => path === '/session/token');
  await expect.poll(async () => (await exchange()) !== undefined).toBe(true);
  leaving.abort();
  expect(await left).toBe('left');
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 0, signal: null });
  expect(await exchange()).toMatchObject({ status: 200 });
});

test('running out of file descriptors is logged', async () => {
  const program = ['sh', '-c', 'ulimit -n 60; exec "$0" "$1"', process.execPath, source];
  const { port, said } = await startCommand({ env: { LOG_FORMAT: 'json' }, program });
  const sockets = Array.from({ length: 100 }, () =>
    connect(port, '127.0.0.1').on('error', () => {}),
  );
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  await said(/out of file descriptors/, 'stderr');
});

test('for SHUTDOWN_DELAY_MS only /ready says that the gateway stops, and a second signal ends that time', async () => {
  const {
    port,
    url,
    process: child,
    ended,
  } = await startCommand({
    env: { SHUTDOWN_DELAY_MS: '3600000' },
  });
  child.kill('SIGTERM');
  const ready = () => fetch(`http://localhost:${port}/ready`).then((answer) => answer.json());
  await expect.poll(ready).toMatchObject({ reasons: ['stopping'] });
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: '{"query":"{ __typename }"}',
  });
  expect(await answer.json()).toEqual({ data: { __typename: 'Query' } });
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 0 });
});
