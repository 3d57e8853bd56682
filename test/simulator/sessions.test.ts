// The life of tokens, on the simulator's clock.
import { expect, test } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import {
  control,
  exchange,
  get,
  logIn,
  postForm,
  remove,
  requestTokenFor,
  sha256,
  start,
} from './helper.ts';

async function lives(simulator: Simulator, credential: string): Promise<boolean> {
  const { status } = await get(simulator, '/user/profile', credential);
  expect([200, 403]).toContain(status);
  return status === 200;
}

test('a request token lives for five minutes', async () => {
  const simulator = await start();
  const early = await requestTokenFor(simulator, 'SIM0001');
  const late = await requestTokenFor(simulator, 'SIM0001');
  await control(simulator, '/clock', { now: '2026-01-05T10:04:50+05:30' });
  expect((await exchange(simulator, early)).status).toBe(200);
  await control(simulator, '/clock', { now: '2026-01-05T10:05:10+05:30' });
  expect((await exchange(simulator, late)).envelope.message).toBe(
    'Token is invalid or has expired.',
  );
});

test('access tokens, standing ones too, die at six in the morning in India', async () => {
  const simulator = await start();
  const { accessToken } = await logIn(simulator, 'SIM0002');
  const both = [`simulator:${accessToken}`, 'simulator:SIM0002-token'];
  await control(simulator, '/clock', { now: '2026-01-06T00:29:50Z' });
  for (const credential of both) expect(await lives(simulator, credential)).toBe(true);
  await control(simulator, '/clock', { now: '2026-01-06T00:30:00Z' });
  for (const credential of both) expect(await lives(simulator, credential)).toBe(false);
  const next = await logIn(simulator, 'SIM0002');
  await control(simulator, '/clock', { advanceSeconds: 86_390 });
  expect(await lives(simulator, `simulator:${next.accessToken}`)).toBe(true);
  await control(simulator, '/clock', { advanceSeconds: 10 });
  expect(await lives(simulator, `simulator:${next.accessToken}`)).toBe(false);
});

test('a session from before six expires at six of the same morning', async () => {
  const simulator = await start({ now: new Date('2026-01-05T05:59:00+05:30') });
  const { accessToken } = await logIn(simulator, 'SIM0001');
  await control(simulator, '/clock', { advanceSeconds: 61 });
  expect(await lives(simulator, `simulator:${accessToken}`)).toBe(false);
  expect(await lives(simulator, 'simulator:SIM0001-token')).toBe(false);
});

test('a logout ends one session of one app, once', async () => {
  const simulator = await start();
  const { accessToken } = await logIn(simulator, 'SIM0001');
  const query = { api_key: 'simulator', access_token: accessToken };
  expect((await remove(simulator, { ...query, api_key: 'simulator-two' })).status).toBe(403);
  const answer = await remove(simulator, query);
  expect(answer.envelope).toEqual({ status: 'success', data: true });
  expect(await lives(simulator, `simulator:${accessToken}`)).toBe(false);
  const again = await remove(simulator, query);
  expect([again.status, again.envelope.error_type]).toEqual([403, 'TokenException']);
  expect(await lives(simulator, 'simulator:SIM0001-token')).toBe(true);
});

test('a standing token is good under every app, and logged out app by app', async () => {
  const simulator = await start();
  await remove(simulator, { api_key: 'simulator', access_token: 'SIM0001-token' });
  expect(await lives(simulator, 'simulator:SIM0001-token')).toBe(false);
  expect(await lives(simulator, 'simulator-two:SIM0001-token')).toBe(true);
  expect(await lives(simulator, 'simulator-platform:SIM0001-token')).toBe(true);
  expect(await lives(simulator, 'simulator:SIM0002-token')).toBe(true);
  await control(simulator, '/reset');
  expect(await lives(simulator, 'simulator:SIM0001-token')).toBe(true);
});

test('a master logout ends everything of one user in all apps', async () => {
  const simulator = await start();
  const platform = await logIn(simulator, 'SIM0001', 'simulator-platform');
  const { accessToken } = await logIn(simulator, 'SIM0001', 'simulator-two');
  const other = await logIn(simulator, 'SIM0002');
  const pending = await requestTokenFor(simulator, 'SIM0001');
  expect(await control(simulator, '/master-logout', { userId: 'SIM0001' })).toEqual({
    userId: 'SIM0001',
  });
  for (const credential of [
    `simulator-platform:${platform.accessToken}`,
    `simulator-two:${accessToken}`,
    'simulator:SIM0001-token',
    'simulator-two:SIM0001-token',
  ]) {
    expect(await lives(simulator, credential)).toBe(false);
  }
  expect((await exchange(simulator, pending)).status).toBe(403);
  expect((await renew(simulator, platform.refreshToken)).status).toBe(403);
  expect(await lives(simulator, `simulator:${other.accessToken}`)).toBe(true);
  const again = await logIn(simulator, 'SIM0001');
  expect(await lives(simulator, `simulator:${again.accessToken}`)).toBe(true);
});

function renew(simulator: Simulator, refreshToken: string, apiKey = 'simulator-platform') {
  return postForm(simulator, '/session/refresh_token', {
    api_key: apiKey,
    refresh_token: refreshToken,
    checksum: sha256(apiKey, refreshToken, `${apiKey}-secret`),
  });
}

test('a refresh token replaces the access token, also after it has expired', async () => {
  const simulator = await start();
  const { accessToken, refreshToken } = await logIn(simulator, 'SIM0003', 'simulator-platform');
  expect(refreshToken).toMatch(/^[A-Za-z0-9]{32}$/);
  const first = (await renew(simulator, refreshToken)).data;
  expect(first).toMatchObject({ user_id: 'SIM0003', refresh_token: expect.any(String) });
  expect(first.access_token).not.toBe(accessToken);
  expect(await lives(simulator, `simulator-platform:${accessToken}`)).toBe(false);
  expect(await lives(simulator, `simulator-platform:${String(first.access_token)}`)).toBe(true);

  await control(simulator, '/clock', { advanceSeconds: 86_400 });
  const second = (await renew(simulator, refreshToken)).data;
  expect(await lives(simulator, `simulator-platform:${String(second.access_token)}`)).toBe(true);
});

test("a refresh token is its app's, needs its checksum, and can be dropped", async () => {
  const simulator = await start();
  const { accessToken, refreshToken } = await logIn(simulator, 'SIM0003', 'simulator-platform');
  expect((await renew(simulator, refreshToken, 'simulator')).envelope.message).toBe(
    'Token is invalid or has expired.',
  );
  const form = { api_key: 'simulator-platform', refresh_token: refreshToken, checksum: 'x' };
  const refused = await postForm(simulator, '/session/refresh_token', form);
  expect(refused.envelope.message).toBe('Invalid `checksum`.');

  const query = { api_key: 'simulator-platform', refresh_token: refreshToken };
  expect((await remove(simulator, query)).envelope).toEqual({ status: 'success', data: true });
  expect((await renew(simulator, refreshToken)).status).toBe(403);
  expect((await remove(simulator, query)).status).toBe(403);
  expect(await lives(simulator, `simulator-platform:${accessToken}`)).toBe(true);
});

test('a reset forgets sessions and pending logins', async () => {
  const simulator = await start();
  const { accessToken, refreshToken } = await logIn(simulator, 'SIM0001', 'simulator-platform');
  const pending = await requestTokenFor(simulator, 'SIM0001');
  await control(simulator, '/clock', { advanceSeconds: 3_600 });
  await control(simulator, '/reset');
  expect(await lives(simulator, `simulator-platform:${accessToken}`)).toBe(false);
  expect((await renew(simulator, refreshToken)).status).toBe(403);
  expect((await exchange(simulator, pending)).status).toBe(403);
  expect(
    (await exchange(simulator, await requestTokenFor(simulator, 'SIM0001'))).data.login_time,
  ).toMatch(/^2026-01-05 10:00:0\d$/);
});
