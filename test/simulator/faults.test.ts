// Every kind of fault, as a client sees it.
import { describe, expect, test } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { control, exchange, get, readLog, remove, requestTokenFor, start } from './helper.ts';

const cause = (simulator: Simulator, fault: object) => control(simulator, '/faults', fault);

async function underFault(fault: object, path = '/user/profile', credential?: string) {
  const simulator = await start();
  await cause(simulator, fault);
  return get(simulator, path, credential);
}

describe('refusals', () => {
  test.each([
    ['too-many-requests', 429, 'NetworkException', 'Too many requests'],
    ['internal-error', 500, 'GeneralException', expect.any(String)],
    ['service-unavailable', 503, 'NetworkException', expect.any(String)],
    ['gateway-timeout', 504, 'NetworkException', expect.any(String)],
  ])('%s', async (kind, status, error_type, message) => {
    const answer = await underFault({ kind });
    expect(answer.status).toBe(status);
    expect(answer.contentType).toBe('application/json');
    expect(answer.envelope).toEqual({ status: 'error', message, error_type, data: null });
  });

  test('error-envelope has status 200 by default, and the given status, type and message', async () => {
    expect(await underFault({ kind: 'error-envelope' })).toMatchObject({ status: 200 });
    const told = { errorType: 'UserException', message: 'Blocked.', status: 400 };
    const answer = await underFault({ kind: 'error-envelope', ...told });
    expect(answer.status).toBe(400);
    expect(answer.envelope).toEqual({
      status: 'error',
      message: 'Blocked.',
      error_type: 'UserException',
      data: null,
    });
  });

  test('missing-error-type', async () => {
    const answer = await underFault({ kind: 'missing-error-type' });
    expect(answer.status).toBe(400);
    expect(answer.envelope.status).toBe('error');
    expect(answer.envelope).not.toHaveProperty('error_type');
  });
});

describe('answers without a readable body', () => {
  test('bad-gateway-html', async () => {
    const answer = await underFault({ kind: 'bad-gateway-html' });
    expect([answer.status, answer.contentType]).toEqual([502, 'text/html']);
    expect(answer.text).toContain('<h1>502 Bad Gateway</h1>');
  });

  test('html', async () => {
    const answer = await underFault({ kind: 'html' });
    expect([answer.status, answer.contentType]).toEqual([200, 'text/html']);
  });

  test('broken-json', async () => {
    const answer = await underFault({ kind: 'broken-json' });
    expect([answer.status, answer.contentType]).toEqual([200, 'application/json']);
    expect(answer.text).toMatch(/^\{"status":"success"/);
    expect(() => JSON.parse(answer.text)).toThrow(SyntaxError);
  });

  test('empty', async () => {
    expect(await underFault({ kind: 'empty' })).toMatchObject({ status: 200, text: '' });
  });

  test('missing-content-type', async () => {
    const answer = await underFault({ kind: 'missing-content-type' });
    expect([answer.status, answer.contentType]).toEqual([200, null]);
    expect(answer.data.user_id).toBe('SIM0001');
  });
});

describe('answers bent out of shape', () => {
  test('wrong-types, field by field', async () => {
    const fields = { 'equity.net': '12', commodity: [], 'nothing.here': 1 };
    const { data } = await underFault({ kind: 'wrong-types', fields }, '/user/margins');
    expect(data).toMatchObject({ equity: { net: '12', enabled: true }, commodity: [] });
    expect(Object.keys(data)).toEqual(['equity', 'commodity']);
  });

  test('wrong-types cannot reach beyond the answer', async () => {
    const body =
      '{"kind":"wrong-types","fields":{"__proto__.odd":1,"constructor.prototype.odd":1}}';
    const simulator = await start();
    const headers = { 'content-type': 'application/json' };
    await fetch(`${simulator.url}/simulator/faults`, { method: 'POST', headers, body });
    expect((await get(simulator, '/user/profile')).data.user_id).toBe('SIM0001');
    expect({}).not.toHaveProperty('odd');
  });

  test('wrong-types, all at once', async () => {
    const { data } = await underFault({ kind: 'wrong-types' }, '/user/margins/equity');
    expect(data).toMatchObject({
      enabled: 'true',
      net: '99725.05000000002',
      available: { cash: '245431.6' },
    });
    expect((await underFault({ kind: 'wrong-types' })).data.email).toBe(0);
  });

  test('missing-fields', async () => {
    const fields = ['available.cash', 'net', 'not.there', '__proto__'];
    const { data } = await underFault({ kind: 'missing-fields', fields }, '/user/margins/equity');
    expect(data).not.toHaveProperty('net');
    expect(data.available).not.toHaveProperty('cash');
    expect(data.available).toHaveProperty('collateral');
  });

  test('what is not hit keeps its shape, a negative zero too', async () => {
    const fault = { kind: 'missing-fields', fields: ['net'] };
    const answer = await underFault(fault, '/user/margins/equity', 'simulator:SIM0003-token');
    expect(answer.text).toContain('"payout":-0');
  });

  test('refusals and a logout have no fields to bend', async () => {
    const simulator = await start();
    await cause(simulator, { kind: 'wrong-types' });
    expect((await get(simulator, '/user/profile', 'simulator:x')).status).toBe(403);
    const query = { api_key: 'simulator', access_token: 'SIM0001-token' };
    expect((await remove(simulator, query)).envelope.data).toBe(true);
  });
});

describe('on the connection', () => {
  test('delay, and then the true answer', async () => {
    const before = performance.now();
    const answer = await underFault({ kind: 'delay', delayMilliseconds: 60 });
    expect(performance.now() - before).toBeGreaterThanOrEqual(55);
    expect(answer.data.user_id).toBe('SIM0001');
  });

  test('hang, until the client goes away; close() does not wait for it', async () => {
    const simulator = await start();
    await cause(simulator, { kind: 'hang' });
    const gone = new AbortController();
    const left = get(simulator, '/user/profile', undefined, { signal: gone.signal });
    const kept = get(simulator, '/user/margins');
    const settled = Promise.allSettled([left, kept]);
    await expect.poll(async () => (await readLog(simulator)).requests.length).toBe(2);
    gone.abort();
    await expect(left).rejects.toThrow();
    expect((await readLog(simulator)).requests).toMatchObject([{ status: null }, { status: null }]);
    await simulator.close();
    expect((await settled)[1].status).toBe('rejected');
  });

  test('reset', async () => {
    await expect(underFault({ kind: 'reset' })).rejects.toMatchObject({
      cause: { code: 'ECONNRESET' },
    });
  });

  test('reset-in-body, after headers and half of the body', async () => {
    const simulator = await start();
    await cause(simulator, { kind: 'reset-in-body' });
    const response = await fetch(`${simulator.url}/user/profile`);
    expect(response.headers.get('content-type')).toBe('application/json');
    const length = Number(response.headers.get('content-length'));
    let received = 0;
    const drain = async () => {
      for await (const chunk of response.body ?? []) received += chunk.length;
    };
    await expect(drain()).rejects.toThrow();
    expect(received).toBe(Math.floor(length / 2));
    expect((await readLog(simulator)).requests).toMatchObject([{ status: response.status }]);
  });
});

describe('scope', () => {
  test('by user, path, method and app, all at once', async () => {
    const simulator = await start();
    const scope = { userId: 'SIM0002', path: '/user/margins', method: 'GET', apiKey: 'simulator' };
    await cause(simulator, { kind: 'internal-error', ...scope });
    const status = async (path: string, credential: string) =>
      (await get(simulator, path, credential)).status;
    expect(await status('/user/margins?x=1', 'simulator:SIM0002-token')).toBe(500);
    expect(await status('/user/margins', 'simulator-two:SIM0002-token')).toBe(200);
    expect(await status('/user/margins', 'simulator:SIM0001-token')).toBe(200);
    expect(await status('/user/margins/equity', 'simulator:SIM0002-token')).toBe(200);
    const query = { api_key: 'simulator', access_token: 'SIM0002-token' };
    expect((await remove(simulator, query)).status).toBe(200);
  });

  test('on an exchange the fault matches the user who logged in, and the exchange has no effect', async () => {
    const simulator = await start();
    const requestToken = await requestTokenFor(simulator, 'SIM0002');
    await cause(simulator, { kind: 'empty', userId: 'SIM0002', times: 1 });
    expect((await exchange(simulator, await requestTokenFor(simulator, 'SIM0001'))).status).toBe(
      200,
    );
    expect((await exchange(simulator, requestToken)).text).toBe('');
    expect((await exchange(simulator, requestToken)).data.user_id).toBe('SIM0002');
  });

  test('times counts down, the oldest fault goes first, DELETE clears', async () => {
    const simulator = await start();
    await cause(simulator, { kind: 'internal-error', times: 2 });
    await cause(simulator, { kind: 'gateway-timeout' });
    const next = async () => (await get(simulator, '/user/profile')).status;
    expect(await next()).toBe(500);
    expect(await control(simulator, '/faults', undefined, 'GET')).toEqual({
      faults: [{ kind: 'internal-error', times: 1 }, { kind: 'gateway-timeout' }],
    });
    expect([await next(), await next(), await next()]).toEqual([500, 504, 504]);
    const cleared = await control(simulator, '/faults', undefined, 'DELETE');
    expect(cleared).toEqual({ faults: [] });
    expect(await next()).toBe(200);
  });
});
