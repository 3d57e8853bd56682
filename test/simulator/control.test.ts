// The control API: clock, log, and what it says to bad input.
import { describe, expect, test } from 'vitest';
import { RequestLog } from '../../src/simulator/request-log.ts';
import { control, get, logIn, readLog, remove, start } from './helper.ts';

describe('the clock', () => {
  test('starts at the configured time, can be set and advanced, runs on, and returns to the start at a reset', async () => {
    const simulator = await start();
    const now = (answer: unknown) => Date.parse(Object(answer).now);
    const ten = Date.parse('2026-01-05T10:00:00+05:30');
    expect(now(await control(simulator, '/clock', undefined, 'GET'))).toBeCloseTo(ten, -4);
    const set = await control(simulator, '/clock', { now: '2030-06-01T00:00:00Z' });
    expect(set).toEqual({ now: '2030-06-01T00:00:00.000Z' });
    await expect
      .poll(async () => now(await control(simulator, '/clock', undefined, 'GET')))
      .toBeGreaterThan(now(set));
    const advanced = now(await control(simulator, '/clock', { advanceSeconds: 0.5 }));
    expect(advanced - now(set)).toBeGreaterThanOrEqual(500);
    // It runs on while the answer is made.
    expect(now(await control(simulator, '/reset'))).toBeCloseTo(ten, -4);
  });
});

describe('the log', () => {
  test('lists user, path, time and status of each request, without tokens and queries', async () => {
    const simulator = await start();
    const { accessToken, refreshToken } = await logIn(simulator, 'SIM0002', 'simulator-platform');
    await get(
      simulator,
      '/user/margins?segment=equity&secret=1',
      `simulator-platform:${accessToken}`,
    );
    await get(simulator, '/user/profile', 'simulator:SIM0003-token');
    await get(simulator, '/user/profile', 'my-secret:my-token');
    await remove(simulator, { api_key: 'simulator-platform', access_token: accessToken });
    await get(simulator, '/nowhere');
    const log = await readLog(simulator);
    const platform = { userId: 'SIM0002', apiKey: 'simulator-platform' };
    expect(log.requests).toMatchObject([
      { ...platform, method: 'POST', path: '/session/token', status: 200 },
      { ...platform, method: 'GET', path: '/user/margins', status: 200 },
      { userId: 'SIM0003', apiKey: 'simulator', path: '/user/profile', status: 200 },
      { userId: null, apiKey: null, path: '/user/profile', status: 403 },
      { ...platform, method: 'DELETE', path: '/session/token', status: 200 },
      { userId: 'SIM0001', apiKey: 'simulator', path: '/nowhere', status: 404 },
    ]);
    expect(log.requests[0]?.time).toMatch(/^2026-01-05T04:30:0\d\.\d{3}Z$/);
    expect(log.counts).toEqual({
      '/session/token': 2,
      '/user/margins': 1,
      '/user/profile': 2,
      '/nowhere': 1,
    });
    const times = log.requests.map((request) => request.monotonicMilliseconds);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    const text = JSON.stringify(log);
    for (const secret of [accessToken, refreshToken, '-token', 'secret', '?']) {
      expect(text).not.toContain(secret);
    }
  });

  test('leaves out pages and control calls, and can be cleared', async () => {
    const simulator = await start();
    await fetch(simulator.url);
    await fetch(`${simulator.url}/connect/login?api_key=simulator`);
    expect(await readLog(simulator)).toEqual({ requests: [], counts: {} });
    await get(simulator, '/user/profile');
    expect((await readLog(simulator)).counts).toEqual({ '/user/profile': 1 });
    await control(simulator, '/requests', undefined, 'DELETE');
    expect(await readLog(simulator)).toEqual({ requests: [], counts: {} });
  });
});

test('the log keeps the newest 100,000 requests and counts them all', () => {
  const log = new RequestLog();
  const entry = { at: 0, method: 'GET', userId: null, apiKey: null, status: 200 };
  for (let n = 1; n <= 250_000; n++) {
    log.add({ ...entry, monotonicMilliseconds: n, path: `/${n % 2_000}` });
  }
  const { requests, counts } = log.report();
  expect(requests).toHaveLength(100_000);
  expect([requests[0], requests.at(-1)]).toMatchObject([
    { monotonicMilliseconds: 150_001 },
    { monotonicMilliseconds: 250_000 },
  ]);
  // Paths beyond the first thousand are counted together: a scan must not fill the memory.
  expect(Object.keys(counts)).toHaveLength(1_001);
  expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(250_000);
});

describe('bad input', () => {
  test.each([
    ['/clock', {}, 'now'],
    ['/clock', { now: '2026-01-05T10:00:00Z', advanceSeconds: 1 }, 'advanceSeconds'],
    ['/clock', { now: 'tomorrow' }, 'now'],
    ['/clock', { now: '9999-12-31T23:59:59Z' }, 'now'],
    ['/clock', { advanceSeconds: -1 }, 'advanceSeconds'],
    ['/clock', { advanceSeconds: '1' }, 'advanceSeconds'],
    ['/clock', { advance: 1 }, 'advance'],
    ['/faults', {}, 'kind'],
    ['/faults', { kind: 'earthquake' }, 'kind'],
    ['/faults', { kind: 'delay' }, 'delayMilliseconds'],
    ['/faults', { kind: 'hang', delayMilliseconds: 5 }, 'delayMilliseconds'],
    ['/faults', { kind: 'hang', times: 0 }, 'times'],
    ['/faults', { kind: 'hang', path: 'user/profile' }, 'path'],
    ['/faults', { kind: 'hang', method: 'get' }, 'method'],
    ['/faults', { kind: 'hang', userId: 'SIM0006' }, 'userId'],
    ['/faults', { kind: 'hang', apiKey: 'nobody' }, 'apiKey'],
    ['/faults', { kind: 'error-envelope', status: 99 }, 'status'],
    ['/faults', { kind: 'missing-fields' }, 'fields'],
    ['/faults', { kind: 'missing-fields', fields: {} }, 'fields'],
    ['/faults', { kind: 'wrong-types', fields: ['email'] }, 'fields'],
    ['/pay-ins', { userId: 'SIM9999', segment: 'equity', rupees: 1 }, 'userId'],
    ['/pay-ins', { userId: 'SIM0001', segment: 'mcx', rupees: 1 }, 'segment'],
    ['/pay-ins', { userId: 'SIM0002', segment: 'commodity', rupees: 1 }, 'segment'],
    ['/pay-ins', { userId: 'SIM0001', segment: 'equity', rupees: '1' }, 'rupees'],
    ['/master-logout', {}, 'userId'],
    ['/master-logout', { userId: 'SIM9999' }, 'userId'],
  ])('%s %j is refused, naming the field', async (path, body, field) => {
    const simulator = await start();
    const response = await fetch(`${simulator.url}/simulator${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(400);
    const answer: unknown = await response.json();
    expect(answer).toEqual({ error: expect.stringContaining(field) });
    expect(await control(simulator, '/faults', undefined, 'GET')).toEqual({ faults: [] });
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    '',
  ])('a body of the type "%s" is refused and changes nothing', async (type) => {
    const simulator = await start();
    const response = await fetch(`${simulator.url}/simulator/faults`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: '{"kind": "hang"}',
    });
    expect(response.status).toBe(415);
    expect(await response.json()).toEqual({ error: expect.stringContaining('application/json') });
    expect(await control(simulator, '/faults', undefined, 'GET')).toEqual({ faults: [] });
  });

  test.each(['https://other.example', 'http://127.0.0.1:1', 'null'])(
    'a page of the origin %s changes nothing, also without a body',
    async (origin) => {
      const simulator = await start();
      const headers = { 'content-type': 'application/json' };
      const kind = { kind: 'hang' };
      await control(simulator, '/faults', kind);
      const body = JSON.stringify(kind);
      for (const [path, request] of [
        ['/reset', { method: 'POST' }],
        ['/faults', { method: 'DELETE' }],
        ['/faults', { method: 'POST', headers, body }],
      ] as const) {
        const response = await fetch(`${simulator.url}/simulator${path}`, {
          ...request,
          headers: { ...('headers' in request && request.headers), origin },
        });
        expect(response.status).toBe(403);
        expect(await response.json()).toEqual({ error: expect.stringContaining('Origin') });
      }
      expect(await control(simulator, '/faults', undefined, 'GET')).toEqual({ faults: [kind] });
    },
  );

  test('a page of the simulator changes what it wants', async () => {
    const simulator = await start();
    const headers = { origin: simulator.url };
    const response = await fetch(`${simulator.url}/simulator/reset`, { method: 'POST', headers });
    expect(response.status).toBe(200);
  });

  test('what is not JSON, and what is not a call', async () => {
    const { url } = await start();
    const headers = { 'content-type': 'application/json' };
    for (const body of ['', '{', 'kind=hang']) {
      const response = await fetch(`${url}/simulator/faults`, { method: 'POST', headers, body });
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({ error: 'the body must be JSON' });
    }
    const unknown = await fetch(`${url}/simulator/earthquake`, { method: 'POST' });
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toEqual({
      error: 'no such control call: POST /simulator/earthquake',
    });
  });
});
