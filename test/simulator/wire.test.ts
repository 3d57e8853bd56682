// The endpoints on the wire: envelopes, statuses, words and headers.
import { describe, expect, test } from 'vitest';
import { exchange, get, postForm, read, remove, requestTokenFor, sha256, start } from './helper.ts';

const refusal = (error_type: string, message: string) => ({
  status: 'error',
  message,
  error_type,
  data: null,
});
const badCredential = refusal('TokenException', 'Incorrect `api_key` or `access_token`.');
const badToken = refusal('TokenException', 'Token is invalid or has expired.');

describe('reading', () => {
  test('the profile and nothing that is secret', async () => {
    const answer = await get(await start(), '/user/profile');
    expect(answer.status).toBe(200);
    expect(answer.contentType).toBe('application/json');
    expect(Object.keys(answer.data).sort()).toEqual([
      'avatar_url',
      'broker',
      'email',
      'exchanges',
      'meta',
      'order_types',
      'products',
      'user_id',
      'user_name',
      'user_shortname',
      'user_type',
    ]);
  });

  test('margins nested, one segment flat, unknown query parameters ignored', async () => {
    const simulator = await start();
    const both = (await get(simulator, '/user/margins?segment=equity&x=1')).data;
    expect(Object.keys(both)).toEqual(['equity', 'commodity']);
    for (const segment of ['equity', 'commodity']) {
      const one = await get(simulator, `/user/margins/${segment}?segment=${segment}`);
      expect(one.data).toEqual(both[segment]);
    }
  });

  test('the full profile needs a permission no app has, and a credential first', async () => {
    const simulator = await start();
    const answer = await get(simulator, '/user/profile/full');
    expect(answer.status).toBe(403);
    expect(answer.envelope).toEqual(
      refusal('PermissionException', 'Insufficient permission for that call.'),
    );
    expect((await get(simulator, '/user/profile/full', 'simulator:wrong')).envelope).toEqual(
      badCredential,
    );
  });

  test.each([
    ['no header', {}],
    ['an empty header', { Authorization: '' }],
    ['another scheme', { Authorization: 'Basic c2ltdWxhdG9yOlNJTTAwMDEtdG9rZW4=' }],
    ['half a credential', { Authorization: 'token simulator' }],
    ['an unknown app', { Authorization: 'token nobody:SIM0001-token' }],
    ['an unknown token', { Authorization: 'token simulator:SIM0006-token' }],
    ['two credentials', { Authorization: 'token simulator:SIM0001-token, token simulator:x' }],
  ])('%s is refused', async (_what, headers) => {
    const simulator = await start();
    for (const path of ['/user/profile', '/user/margins', '/user/margins/equity']) {
      const answer = await read(await fetch(`${simulator.url}${path}`, { headers }));
      expect(answer.status).toBe(403);
      expect(answer.contentType).toBe('application/json');
      expect(answer.envelope).toEqual(badCredential);
    }
  });

  test('a wrong segment, an unknown route and a wrong method', async () => {
    const simulator = await start();
    const segment = await get(simulator, '/user/margins/currency');
    expect([segment.status, segment.envelope.error_type]).toEqual([400, 'InputException']);
    for (const path of ['/users', '/user/profile/', '/user/margins/equity/x', '/session']) {
      const answer = await get(simulator, path);
      expect(answer.status).toBe(404);
      expect(answer.envelope).toEqual(refusal('GeneralException', 'Route not found'));
    }
    for (const method of ['PUT', 'OPTIONS']) {
      const answer = await get(simulator, '/user/profile', undefined, { method });
      expect(answer.status).toBe(405);
    }
  });

  test.each([
    '/orders',
    '/orders/regular',
    '/trades',
    '/portfolio/positions',
    '/portfolio/holdings/summary',
    '/quote',
    '/quote/ltp?i=NSE:INFY',
    '/instruments',
    '/instruments/NSE',
    '/mf/orders',
    '/gtt/triggers',
    '/margins/basket',
    '/charges/orders',
    '/alerts',
  ])('%s with a bad token returns 403, and with a good one 501', async (path) => {
    const simulator = await start();
    for (const method of ['GET', 'POST', 'DELETE']) {
      const bad = await get(simulator, path, 'simulator:nobody', { method, headers: {} });
      expect([bad.status, bad.envelope]).toEqual([403, badCredential]);
      const headers = { Authorization: 'token simulator:SIM0001-token' };
      const good = await get(simulator, path, undefined, { method, headers });
      expect([good.status, good.envelope.error_type]).toEqual([501, 'NotSimulatedException']);
    }
  });

  test('an unknown route is not found with a token, and refused without one', async () => {
    const simulator = await start();
    const stale = await get(simulator, '/nowhere', 'simulator:stale');
    expect([stale.status, stale.envelope]).toEqual([403, badCredential]);
    expect((await get(simulator, '/nowhere')).status).toBe(404);
    expect((await get(simulator, '/order')).status).toBe(404);
  });

  test('no answer allows a browser of another origin in', async () => {
    const simulator = await start();
    const headers = { Origin: 'https://elsewhere.example' };
    for (const path of ['/user/profile', '/', '/simulator/clock', '/connect/login']) {
      const response = await fetch(`${simulator.url}${path}`, { headers });
      expect([...response.headers.keys()].join()).not.toContain('access-control');
    }
  });

  test('headers of nearly 128 KiB pass', async () => {
    const simulator = await start();
    const headers = {
      Authorization: 'token simulator:SIM0001-token',
      'X-Long': 'x'.repeat(120_000),
    };
    const response = await fetch(`${simulator.url}/user/profile`, { headers });
    expect(response.status).toBe(200);
  });
});

describe('the exchange', () => {
  test('gives the profile and a session, whatever stale header comes along', async () => {
    const simulator = await start();
    const requestToken = await requestTokenFor(simulator, 'SIM0001');
    const answer = await postForm(
      simulator,
      '/session/token',
      {
        api_key: 'simulator',
        request_token: requestToken,
        checksum: sha256('simulator', requestToken, 'simulator-secret'),
      },
      { Authorization: 'token simulator:gone' },
    );
    expect(answer.status).toBe(200);
    expect(answer.contentType).toBe('application/json');
    expect(answer.data).toMatchObject({
      ...(await get(simulator, '/user/profile')).data,
      api_key: 'simulator',
      access_token: expect.stringMatching(/^[A-Za-z0-9]{32}$/),
      public_token: expect.stringMatching(/^[A-Za-z0-9]{32}$/),
      enctoken: expect.stringMatching(/^[A-Za-z0-9+/=]{88}$/),
      refresh_token: '',
      silo: '',
      login_time: expect.stringMatching(/^2026-01-05 10:00:0\d$/),
    });
    const credential = `simulator:${String(answer.data.access_token)}`;
    expect((await get(simulator, '/user/profile', credential)).data.user_id).toBe('SIM0001');
  });

  test('a wrong checksum is refused and does not burn the token', async () => {
    const simulator = await start();
    const requestToken = await requestTokenFor(simulator, 'SIM0001');
    for (const secret of ['simulator-two-secret', '']) {
      const answer = await exchange(simulator, requestToken, 'simulator', secret);
      expect(answer.status).toBe(403);
      expect(answer.envelope).toEqual(refusal('TokenException', 'Invalid `checksum`.'));
    }
    const form = { api_key: 'simulator', request_token: requestToken, checksum: 'short' };
    expect((await postForm(simulator, '/session/token', form)).envelope.message).toBe(
      'Invalid `checksum`.',
    );
    expect((await exchange(simulator, requestToken)).status).toBe(200);
  });

  test('a request token is good once', async () => {
    const simulator = await start();
    const requestToken = await requestTokenFor(simulator, 'SIM0001');
    await exchange(simulator, requestToken);
    const again = await exchange(simulator, requestToken);
    expect(again.status).toBe(403);
    expect(again.envelope).toEqual(badToken);
    expect((await exchange(simulator, 'never-issued')).envelope).toEqual(badToken);
  });

  test('a request token belongs to its app', async () => {
    const simulator = await start();
    const requestToken = await requestTokenFor(simulator, 'SIM0001');
    expect((await exchange(simulator, requestToken, 'simulator-two')).envelope).toEqual(badToken);
    expect((await exchange(simulator, requestToken)).status).toBe(200);
  });

  test('missing fields are named', async () => {
    const simulator = await start();
    const whole = { api_key: 'simulator', request_token: 'x', refresh_token: 'x', checksum: 'x' };
    for (const [path, tokenField] of [
      ['/session/token', 'request_token'],
      ['/session/refresh_token', 'refresh_token'],
    ] as const) {
      for (const missing of ['api_key', tokenField, 'checksum']) {
        const answer = await postForm(simulator, path, { ...whole, [missing]: '' });
        expect(answer.status).toBe(400);
        expect(answer.envelope.error_type).toBe('InputException');
        expect(answer.envelope.message).toContain(missing);
      }
    }
    expect((await remove(simulator, { access_token: 'x' })).status).toBe(400);
    expect((await remove(simulator, { api_key: 'simulator' })).status).toBe(400);
  });

  test('an unknown app is refused', async () => {
    expect((await exchange(await start(), 'x', 'nobody')).envelope).toEqual(badCredential);
  });
});
