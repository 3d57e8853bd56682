// Starting and ending a simulator.
import { request } from 'node:http';
import { expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { get, start } from './helper.ts';

test.each([
  ['accounts', { accounts: 0 }],
  ['accounts', { accounts: 10_001 }],
  ['accounts', { accounts: 1.5 }],
  ['rateLimit', { rateLimit: -1 }],
  ['latencyMilliseconds', { latencyMilliseconds: Number.NaN }],
  ['port', { port: 65_536 }],
  ['redirectUrl', { redirectUrl: '/callback' }],
  ['now', { now: new Date('never') }],
])('an impossible %s is refused by name', async (option, options) => {
  const starting = startSimulator({ port: 0, ...options });
  await expect(starting).rejects.toThrow(RangeError);
  await expect(starting).rejects.toThrow(option);
});

test('it listens on the loopback address, and a port in use is an error', async () => {
  const simulator = await start();
  expect(simulator.url).toBe(`http://127.0.0.1:${simulator.port}`);
  await expect(startSimulator({ port: simulator.port })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});

test('close ends idle connections too, and may be called twice', async () => {
  const simulator = await start();
  const socketEnd = new Promise<void>((resolve, reject) => {
    const outgoing = request(`${simulator.url}/user/profile`, {
      headers: { connection: 'keep-alive' },
    });
    outgoing.on('response', (response) => {
      response.socket.on('close', () => resolve());
      response.resume();
      response.on('end', () => void simulator.close());
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
  await socketEnd;
  await simulator.close();
  await simulator.close();
  await expect(get(simulator, '/user/profile')).rejects.toThrow();
});

test('connections are kept alive', async () => {
  const simulator = await start();
  const response = await fetch(`${simulator.url}/user/profile`);
  expect(response.headers.get('connection')).toBe('keep-alive');
});

test('latency holds every answer of the API back, refusals too', async () => {
  const simulator = await start({ latencyMilliseconds: 40 });
  for (const credential of ['simulator:SIM0001-token', 'simulator:x']) {
    const before = performance.now();
    await get(simulator, '/user/profile', credential);
    expect(performance.now() - before).toBeGreaterThanOrEqual(35);
  }
});

test('a body of more than any call needs ends the connection', async () => {
  const simulator = await start();
  const body = 'x'.repeat(1_000_000);
  const sent = fetch(`${simulator.url}/session/token`, { method: 'POST', body });
  await expect(sent).rejects.toThrow();
  expect((await get(simulator, '/user/profile')).status).toBe(200);
});

test('two simulators know nothing of each other', async () => {
  const [one, other] = [await start({ accounts: 1 }), await start({ accounts: 2 })];
  expect((await get(one, '/user/profile', 'simulator:SIM0002-token')).status).toBe(403);
  expect((await get(other, '/user/profile', 'simulator:SIM0002-token')).status).toBe(200);
});
