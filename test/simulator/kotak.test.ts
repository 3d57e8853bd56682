// The simulated Kotak, by the requests that its Python client sends.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Simulator, SimulatorOptions } from '../../src/simulator/simulator.ts';
import { control, readLog, start } from './helper.ts';

const appHeaders = {
  authorization: 'Bearer simulator-kotak-app-token',
  consumerKey: 'simulator-kotak',
  ip: '127.0.0.1',
  appId: '',
};

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly json?: object;
  readonly host?: 'kotak' | 'kotak-c';
}

const faultSchema = z.object({
  fault: z.object({ code: z.number(), message: z.string(), description: z.string() }),
});

/** What a call answers: its status, and the fault or the data in whichever wrapper. */
async function call(simulator: Simulator, path: string, sent: Sent = {}) {
  const { host = 'kotak', json, headers = {}, method = json ? 'POST' : 'GET' } = sent;
  const response = await fetch(`${simulator.url}/${host}/apim${path}`, {
    method,
    headers: { ...appHeaders, ...headers, ...(json && { 'content-type': 'application/json' }) },
    ...(json && { body: JSON.stringify(json) }),
  });
  const envelope = z.record(z.string(), z.unknown()).parse(await response.json());
  const read = faultSchema.safeParse(envelope);
  return {
    status: response.status,
    fault: read.success ? read.data.fault : null,
    wrapper: Object.keys(envelope)[0],
    data: z
      .record(z.string(), z.unknown())
      .catch({})
      .parse(envelope.Success ?? envelope.success),
  };
}

const init = (simulator: Simulator, userid: string, host?: Sent['host']) =>
  call(simulator, '/session/1.0/session/init', { headers: { userid }, ...(host && { host }) });
const logIn = (simulator: Simulator, userid: string, password: string, host?: Sent['host']) =>
  call(simulator, '/session/1.0/session/login/userid', {
    json: { userid, password },
    ...(host && { host }),
  });
const giveCode = (
  simulator: Simulator,
  userid: string,
  oneTimeToken: string,
  accessCode: string,
  host?: Sent['host'],
) =>
  call(simulator, '/session/1.0/session/2FA/accesscode', {
    json: { userid, accessCode },
    headers: { oneTimeToken },
    ...(host && { host }),
  });
const margin = (simulator: Simulator, sessionToken: string, host?: Sent['host']) =>
  call(simulator, '/margin/1.0/margin', { headers: { sessionToken }, ...(host && { host }) });
const logOut = (simulator: Simulator, sessionToken: string, userid: string) =>
  call(simulator, '/session/1.0/session/logout', {
    method: 'DELETE',
    headers: { sessionToken, userid },
  });

const messagesSchema = z.object({
  messages: z.array(z.object({ userId: z.string(), to: z.string(), accessCode: z.string() })),
});

async function lastMessage(simulator: Simulator) {
  const { messages } = messagesSchema.parse(
    await control(simulator, '/kotak/messages', undefined, 'GET'),
  );
  return messages.at(-1);
}

describe('the way in and out', () => {
  test('init, login, code by SMS, margin and logout, as the documentation has them', async () => {
    const simulator = await start();
    const first = await init(simulator, 'SIMK01');
    expect(first.data).toMatchObject({
      status: 'Success',
      encryption: { type: 'PLAIN' },
      redirect: { host: `${simulator.url}/kotak/apim` },
      userid: 'SIMK01',
    });
    const login = await logIn(simulator, 'SIMK01', 'SIMK01-password');
    expect(login.data).toMatchObject({
      Status: 'Temporary',
      accessCodeTime: '1/5/2026 12:01:00 AM',
      oneTimeToken: expect.stringMatching(/^[0-9A-F]{32}$/),
      phoneNo: 'XXXXXXX801',
    });
    const message = await lastMessage(simulator);
    expect(message).toMatchObject({ userId: 'SIMK01', to: 'XXXXXXX801' });
    expect(message?.accessCode).toMatch(/^\d{4}$/);
    const token = String(login.data.oneTimeToken);
    const session = await giveCode(simulator, 'SIMK01', token, message?.accessCode ?? '');
    expect(session.wrapper).toBe('Success');
    expect(session.data).toMatchObject({
      userId: 'SIMK01',
      clientName: 'Ishita Wangchuk',
      loginTime: expect.stringMatching(/^1\/5\/2026 10:00:\d\d AM$/),
      sessionToken: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    const sessionToken = String(session.data.sessionToken);
    expect((await margin(simulator, sessionToken)).data).toMatchObject({
      equity: [{ exchange: 'NSE,BSE', cash: { totalMargin: expect.any(Number) } }],
    });
    expect((await logOut(simulator, sessionToken, 'SIMK01')).data).toEqual({
      message: 'Logout Successful.',
    });
    expect(await margin(simulator, sessionToken)).toMatchObject({
      status: 403,
      fault: { code: 99999 },
    });
  });

  test('a one-time token is good for one session', async () => {
    const simulator = await start();
    const { data } = await logIn(simulator, 'SIMK01', 'SIMK01-password');
    const code = (await lastMessage(simulator))?.accessCode ?? '';
    const oneTimeToken = String(data.oneTimeToken);
    expect((await giveCode(simulator, 'SIMK01', oneTimeToken, code)).status).toBe(200);
    expect((await giveCode(simulator, 'SIMK01', oneTimeToken, code)).status).toBe(424);
  });

  test('the view-only user needs no code, and is answered in lower case', async () => {
    const simulator = await start();
    const { data } = await logIn(simulator, 'SIMK03', 'SIMK03-password');
    expect(await lastMessage(simulator)).toBeUndefined();
    const sent = (userid: string) => ({
      json: { userid },
      headers: { oneTimeToken: String(data.oneTimeToken) },
    });
    const path = '/session/1.0/session/2FA/oneTimeToken';
    const session = await call(simulator, path, sent('SIMK03'));
    expect([session.wrapper, session.data.userId]).toEqual(['success', 'SIMK03']);
    expect(await call(simulator, path, sent('SIMK01'))).toMatchObject({ status: 424 });
  });

  test('a user is served by one host: init names it, other calls refuse and name it', async () => {
    const simulator = await start();
    const redirected = await init(simulator, 'SIMK02');
    expect(redirected.data.redirect).toMatchObject({ host: `${simulator.url}/kotak-c/apim` });
    expect(await logIn(simulator, 'SIMK02', 'SIMK02-password')).toMatchObject({
      fault: { code: 999024, description: `${simulator.url}/kotak-c/apim` },
    });
    const login = await logIn(simulator, 'SIMK02', 'SIMK02-password', 'kotak-c');
    expect(login.status).toBe(200);
    expect((await margin(simulator, 'SIMK02-session')).fault?.code).toBe(999024);
    expect((await margin(simulator, 'SIMK02-session', 'kotak-c')).status).toBe(200);
  });

  test('three wrong tries of password or code lock the account, until it is unlocked', async () => {
    const simulator = await start();
    const { data } = await logIn(simulator, 'SIMK02', 'SIMK02-password', 'kotak-c');
    const oneTimeToken = String(data.oneTimeToken);
    expect((await logIn(simulator, 'SIMK02', 'wrong', 'kotak-c')).status).toBe(400);
    for (const _try of [1, 2]) {
      expect((await giveCode(simulator, 'SIMK02', oneTimeToken, '0000', 'kotak-c')).status).toBe(
        400,
      );
    }
    const locked = { status: 403, fault: { code: 70009, message: 'Account Locked' } };
    expect(await init(simulator, 'SIMK02')).toMatchObject(locked);
    expect(await logIn(simulator, 'SIMK02', 'SIMK02-password', 'kotak-c')).toMatchObject(locked);
    await control(simulator, '/kotak/unlock', { userId: 'SIMK02' });
    expect((await init(simulator, 'SIMK02')).status).toBe(200);
  });
});

describe('what every call must carry', () => {
  test('a good access token of the app, else 401 with 900901', async () => {
    const simulator = await start();
    const { status, fault } = await call(simulator, '/session/1.0/session/init', {
      headers: { authorization: 'Bearer other', userid: 'SIMK01' },
    });
    expect([status, fault?.code, fault?.message]).toEqual([401, 900901, 'Invalid Credentials']);
  });

  test('the key of the app and a known user, else 400', async () => {
    const simulator = await start();
    const bad = { consumerKey: 'other', userid: 'SIMK01' };
    const path = '/session/1.0/session/init';
    expect((await call(simulator, path, { headers: bad })).status).toBe(400);
    expect((await init(simulator, 'NOBODY')).status).toBe(400);
    expect((await logIn(simulator, 'SIMK01', '')).status).toBe(400);
  });

  test('a known path, else 401', async () => {
    const simulator = await start();
    expect((await call(simulator, '/session/1.0/session/other')).status).toBe(401);
  });

  test('an access token of the app is made with its secret, and is good for an hour', async () => {
    const simulator = await start();
    const ask = async (secret: string) => {
      const basic = Buffer.from(`simulator-kotak:${secret}`).toString('base64');
      const response = await fetch(`${simulator.url}/kotak/apim/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${basic}` },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      });
      return z.record(z.string(), z.unknown()).parse(await response.json());
    };
    expect(await ask('wrong')).toMatchObject({ error: 'invalid_client' });
    const token = await ask('simulator-kotak-secret');
    expect(token).toMatchObject({ token_type: 'Bearer', expires_in: 3_600 });
    const headers = { authorization: `Bearer ${String(token.access_token)}`, userid: 'SIMK01' };
    const path = '/session/1.0/session/init';
    expect((await call(simulator, path, { headers })).status).toBe(200);
    await control(simulator, '/clock', { advanceSeconds: 3_601 });
    expect((await call(simulator, path, { headers })).status).toBe(401);
  });
});

describe('what is shared with the simulated Kite', () => {
  test('the clock: a session ends with the day in India', async () => {
    const simulator = await start();
    expect((await margin(simulator, 'SIMK01-session')).status).toBe(200);
    await control(simulator, '/clock', { now: '2026-01-06T00:00:01+05:30' });
    expect((await margin(simulator, 'SIMK01-session')).status).toBe(403);
  });

  test('the log, with the user and the app and no secret', async () => {
    const simulator = await start();
    await logIn(simulator, 'SIMK01', 'SIMK01-password');
    const log = await readLog(simulator);
    expect(log.requests).toMatchObject([
      {
        method: 'POST',
        path: '/kotak/apim/session/1.0/session/login/userid',
        userId: 'SIMK01',
        apiKey: 'simulator-kotak',
        status: 200,
      },
    ]);
    expect(JSON.stringify(log)).not.toMatch(/SIMK01-password|app-token/);
  });

  test.each([
    ['too-many-requests', 429],
    ['internal-error', 500],
    ['service-unavailable', 503],
    ['gateway-timeout', 504],
    ['missing-error-type', 400],
  ])('the fault %s, in words of Kotak', async (kind, status) => {
    const simulator = await start();
    await control(simulator, '/faults', { kind, userId: 'SIMK01', apiKey: 'simulator-kotak' });
    const answer = await init(simulator, 'SIMK01');
    expect([answer.status, answer.wrapper]).toEqual([status, 'fault']);
    expect((await init(simulator, 'SIMK03')).status).toBe(200);
  });

  test('faults of any number, and answers bent out of shape', async () => {
    const simulator = await start();
    const kind = 'error-envelope';
    await control(simulator, '/faults', {
      kind,
      code: 999003,
      message: 'No',
      status: 403,
      times: 1,
    });
    expect(await init(simulator, 'SIMK01')).toMatchObject({ status: 403, fault: { code: 999003 } });
    await control(simulator, '/faults', { kind: 'missing-fields', fields: ['redirect.host'] });
    expect((await init(simulator, 'SIMK01')).data.redirect).toEqual({ port: 443 });
  });

  test('the master logout and the reset', async () => {
    const simulator = await start();
    await control(simulator, '/master-logout', { userId: 'SIMK01' });
    expect((await margin(simulator, 'SIMK01-session')).status).toBe(403);
    await control(simulator, '/reset');
    expect((await margin(simulator, 'SIMK01-session')).status).toBe(200);
  });

  const settings: SimulatorOptions = { rateLimit: 2 };
  test('the rate limit for each app', async () => {
    const simulator = await start(settings);
    const statuses = await Promise.all([1, 2, 3].map(async () => init(simulator, 'SIMK01')));
    expect(statuses.map(({ status }) => status).toSorted()).toEqual([200, 200, 429]);
  });
});

test('the control page shows users, and the codes that were sent', async () => {
  const simulator = await start();
  await logIn(simulator, 'SIMK01', 'SIMK01-password');
  const text = await (await fetch(`${simulator.url}/kotak`)).text();
  const code = (await lastMessage(simulator))?.accessCode ?? '?';
  expect(text).toContain(`<code>${code}</code>`);
  expect(text).toContain('SIMK01-password');
});
