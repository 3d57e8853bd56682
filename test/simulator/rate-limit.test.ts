// The rate limit, on the wall's clock: no window of a second holds more than it may.
import { expect, test } from 'vitest';
import { RateLimit } from '../../src/simulator/rate-limit.ts';
import { control, get, readLog, start } from './helper.ts';

const burst = <Answer extends { status: number }>(count: number, send: () => Promise<Answer>) =>
  Promise.all(Array.from({ length: count }, send));
const statusesOf = (answers: { status: number }[]) => answers.map(({ status }) => status);

test('no window of 1,000 ms holds more than ten accepted requests of an app', async () => {
  const simulator = await start({ rateLimit: 10 });
  const send = () => get(simulator, '/user/profile');
  const answers = await burst(20, send);
  // Users of one app share its window, and the simulated clock does not open it.
  await control(simulator, '/clock', { advanceSeconds: 60 });
  answers.push(
    ...(await burst(20, () => get(simulator, '/user/margins', 'simulator:SIM0002-token'))),
  );
  const refused = answers.find(({ status }) => status === 429);
  expect(refused?.contentType).toBe('application/json');
  expect(refused?.envelope).toEqual({
    status: 'error',
    message: 'Too many requests',
    error_type: 'NetworkException',
    data: null,
  });
  // Another app has a window of its own.
  expect((await get(simulator, '/user/profile', 'simulator-two:SIM0001-token')).status).toBe(200);

  await expect.poll(async () => (await send()).status, { timeout: 2_000 }).toBe(200);
  await burst(30, send);
  const accepted = (await readLog(simulator)).requests
    .filter(({ apiKey, status }) => apiKey === 'simulator' && status === 200)
    .map((request) => request.monotonicMilliseconds);
  expect(accepted.length).toBeGreaterThan(10);
  for (const [index, at] of accepted.entries()) {
    const eleventh = accepted[index + 10];
    if (eleventh !== undefined) expect(eleventh - at).toBeGreaterThanOrEqual(1_000);
  }
});

test('pages and control calls are not limited; a reset opens the window; 0 switches it off', async () => {
  const simulator = await start({ rateLimit: 1 });
  const send = () => get(simulator, '/user/profile');
  expect(statusesOf(await burst(2, send)).sort()).toEqual([200, 429]);
  const page = `${simulator.url}/connect/login?api_key=simulator`;
  expect(statusesOf(await burst(5, () => fetch(page)))).toEqual(Array(5).fill(200));
  await control(simulator, '/reset');
  expect((await send()).status).toBe(200);

  const unlimited = await start({ rateLimit: 0 });
  const statuses = statusesOf(await burst(50, () => get(unlimited, '/user/profile')));
  expect(statuses).toEqual(Array(50).fill(200));
});

test('what is turned away does not count, and uses up no fault', async () => {
  const limit = new RateLimit(2);
  const at = [0, 400, 500, 999, 1_000, 1_399, 1_400, 1_999, 2_000];
  expect(at.map((time) => limit.admits('a', time))).toEqual([
    ...[true, true, false, false],
    ...[true, false, true, false, true],
  ]);

  const simulator = await start({ rateLimit: 1 });
  await get(simulator, '/user/profile');
  await control(simulator, '/faults', { kind: 'internal-error', times: 1 });
  expect((await get(simulator, '/user/profile')).status).toBe(429);
  expect(await control(simulator, '/faults', undefined, 'GET')).toEqual({
    faults: [{ kind: 'internal-error', times: 1 }],
  });
});
