// The official clients, unmodified, taken through everything they can do with a user.
import { KiteConnect } from 'kiteconnect';
import { KiteConnect as KiteConnectTs } from 'kiteconnect-ts';
import { describe, expect, test, vi } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { control, locationOf, start } from './helper.ts';

describe.each([
  ['kiteconnect', KiteConnect],
  ['kiteconnect-ts', KiteConnectTs],
])('%s', (_name, Client) => {
  const connect = (simulator: Simulator, apiKey = 'simulator', accessToken = '') => {
    const client = new Client({
      api_key: apiKey,
      root: simulator.url,
      timeout: 7_000,
      ...(accessToken === '' ? {} : { access_token: accessToken }),
    });
    // Both accept a login_uri and ignore it.
    return Object.assign(client, { default_login_uri: `${simulator.url}/connect/login` });
  };

  /** Opens the login page as a person would, picks a user there and approves. */
  async function walkLogin(loginUrl: string, userId: string): Promise<string> {
    const html = await (await fetch(loginUrl)).text();
    const form = new URLSearchParams({ user_id: userId, decision: 'approve' });
    for (const [, name = '', value = ''] of html.matchAll(
      /type="hidden" name="([^"]*)" value="([^"]*)"/g,
    )) {
      form.append(name, value);
    }
    const action = new URL(/action="([^"]*)"/.exec(html)?.[1] ?? '', loginUrl);
    const response = await fetch(action, { method: 'POST', body: form, redirect: 'manual' });
    return locationOf(response).searchParams.get('request_token') ?? '';
  }

  test('logs in, reads, logs out, and learns that the session is over', async () => {
    const simulator = await start();
    const client = connect(simulator);
    const expired = vi.fn();
    client.setSessionExpiryHook(expired);

    const requestToken = await walkLogin(client.getLoginURL(), 'SIM0003');
    const session = await client.generateSession(requestToken, 'simulator-secret');
    expect(session).toMatchObject({ user_id: 'SIM0003', api_key: 'simulator', refresh_token: '' });
    expect(session.access_token).toMatch(/^\w{32}$/);
    // The clients read login_time in the zone of the process: it has none of its own.
    expect(Number(session.login_time)).toBeCloseTo(Number(new Date('2026-01-05 10:00:00')), -4);

    expect(await client.getProfile()).toMatchObject({
      user_id: 'SIM0003',
      user_name: session.user_name,
      meta: { demat_consent: 'consent' },
    });
    const margins = await client.getMargins();
    expect(margins).toMatchObject({ equity: { enabled: true }, commodity: { enabled: true } });
    expect(await client.getMargins('equity')).toEqual(Object(margins).equity);

    expect(expired).not.toHaveBeenCalled();
    expect(await client.invalidateAccessToken()).toBe(true);
    await expect(client.getProfile()).rejects.toMatchObject({
      status: 'error',
      error_type: 'TokenException',
      message: 'Incorrect `api_key` or `access_token`.',
    });
    expect(expired).toHaveBeenCalledTimes(1);
  });

  test('learns from any call that the session is over', async () => {
    const client = connect(await start(), 'simulator', 'stale');
    const expired = vi.fn();
    client.setSessionExpiryHook(expired);
    const calls = [client.getOrders(), client.getPositions(), client.getHoldings()];
    for (const call of calls) {
      await expect(call).rejects.toMatchObject({ error_type: 'TokenException' });
    }
    expect(expired).toHaveBeenCalledTimes(calls.length);
  });

  test('gets the documented sample with a standing token', async () => {
    const client = connect(await start(), 'simulator', 'SIM0001-token');
    expect(await client.getMargins()).toMatchObject({
      equity: { net: 99725.05000000002, available: { cash: 245431.6 } },
      commodity: { net: 100661.7 },
    });
  });

  test('reads holdings, invented and the same each time', async () => {
    const client = connect(await start(), 'simulator', 'SIM0001-token');
    const holdings = await client.getHoldings();
    expect(holdings[0]).toMatchObject({ tradingsymbol: 'INFY', exchange: 'NSE', product: 'CNC' });
    expect(await client.getHoldings()).toEqual(holdings);
  });

  test('renews a session of the platform app', async () => {
    const simulator = await start();
    const client = connect(simulator, 'simulator-platform');
    const requestToken = await walkLogin(client.getLoginURL(), 'SIM0001');
    const session = await client.generateSession(requestToken, 'simulator-platform-secret');
    const refreshToken = String(session.refresh_token);
    const renewed = await client.renewAccessToken(refreshToken, 'simulator-platform-secret');
    expect(renewed.access_token).not.toBe(session.access_token);
    expect(await client.getProfile()).toMatchObject({ user_id: 'SIM0001' });
    expect(await client.invalidateRefreshToken(refreshToken)).toBe(true);
    await expect(
      client.renewAccessToken(refreshToken, 'simulator-platform-secret'),
    ).rejects.toMatchObject({ error_type: 'TokenException' });
  });

  test('sees the refusals by type', async () => {
    const simulator = await start();
    const client = connect(simulator, 'simulator', 'SIM0001-token');
    await expect(client.generateSession('used', 'simulator-secret')).rejects.toMatchObject({
      error_type: 'TokenException',
      message: 'Token is invalid or has expired.',
    });
    await expect(client.generateSession('used', 'wrong')).rejects.toMatchObject({
      message: 'Invalid `checksum`.',
    });
    for (const [fault, refusal] of [
      [
        { kind: 'too-many-requests' },
        { error_type: 'NetworkException', message: 'Too many requests' },
      ],
      [{ kind: 'internal-error' }, { error_type: 'GeneralException' }],
      [{ kind: 'error-envelope', errorType: 'UserException' }, { error_type: 'UserException' }],
      [{ kind: 'bad-gateway-html' }, { error_type: 'NetworkException', message: 'Bad Gateway' }],
      [{ kind: 'missing-error-type' }, { error_type: 'NetworkException' }],
      [{ kind: 'reset' }, { error_type: 'NetworkException' }],
    ] as const) {
      await control(simulator, '/faults', { ...fault, times: 1 });
      await expect(client.getProfile()).rejects.toMatchObject(refusal);
    }
    expect(await client.getProfile()).toMatchObject({ user_id: 'SIM0001' });
  });
});
