// What the log says of failed calls to brokers: whose call it was, and what only the operator can correct.
import { describe, expect, test } from 'vitest';
import type { GatewayOptions } from '../../src/options.ts';
import { type LogLine, readableLog } from '../support/readable-log.ts';
import { apps, kotakApp, kotakTokens, startWorld, tokens } from '../support/world.ts';

const begin = `mutation ($userId: String!, $password: String!) {
  beginLogin(input: { userId: $userId, password: $password }) { __typename ... on ApiError { code } }
}`;
const margins = '{ accounts { kotakMargins { id } } }';

async function startLogged(options: GatewayOptions = {}) {
  const { logger, lines } = readableLog();
  const world = await startWorld({ apps: [...apps, kotakApp], logger, ...options });
  const logIn = async (userId: string) => {
    const variables = { userId, password: `${userId}-password` };
    return (await world.askRaw(begin, { variables })).data.beginLogin;
  };
  const read = async (userId: string) =>
    (await world.askRaw(margins, { authorization: kotakTokens(userId) })).errors.map(
      ({ extensions: { code } }) => code,
    );
  /** The lines from warnings up, but for those of a login as a whole. */
  const told = (): readonly LogLine[] =>
    lines.filter(({ level = 0, msg }) => level >= 40 && msg !== 'Login failed');
  return { world, logIn, read, lines, told };
}

test('a failure names its broker, and none is hidden by an equal one of another broker', async () => {
  const { world, told } = await startLogged();
  await world.simulator.close();
  const authorization = `${tokens('SIM0001')}, ${kotakTokens('SIMK01')}`;
  await world.askRaw('{ accounts { user { email } kotakMargins { id } } }', { authorization });
  const msg = 'A call to the broker failed';
  const cause = 'ECONNREFUSED';
  expect(told()).toHaveLength(2);
  expect(told()).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ broker: 'KITE', path: '/user/profile', cause, msg }),
      expect.objectContaining({ broker: 'KOTAK', path: '/margin/1.0/margin', cause, msg }),
    ]),
  );
});

test('a failed call is logged with the account id of the answer, and its credential is not', async () => {
  const { world, told } = await startLogged();
  await world.simulator.close();
  const authorization = `${tokens('SIM0001')}, ${kotakTokens('SIMK01')}`;
  const query = '{ accounts { user { email } kotakMargins { id } } }';
  const { errors } = await world.askRaw(query, { authorization });
  const failed = errors.filter(({ extensions }) => extensions.code === 'UPSTREAM_UNAVAILABLE');
  const ids = failed.map(({ extensions }) => extensions.accountId ?? '').toSorted();
  expect(ids).toEqual([expect.any(String), expect.any(String)]);
  expect(
    told()
      .map(({ accountId }) => accountId ?? '')
      .toSorted(),
  ).toEqual(ids);
  expect(JSON.stringify(told())).not.toMatch(/-token|SIM0001|SIMK01/);
});

test('a user who is served by another host is no failure', async () => {
  const { read, logIn, lines, told } = await startLogged();
  expect(await read('SIMK02')).toEqual([]);
  expect(await logIn('SIMK02')).toMatchObject({ __typename: 'LoginChallenge' });
  expect(lines).not.toEqual([]);
  expect(told()).toEqual([]);
});

describe('what only the operator can correct is an error that says what, with the app', () => {
  const line = (words: RegExp) =>
    expect.objectContaining({
      level: 50,
      broker: 'KOTAK',
      apiKey: 'simulator-kotak',
      msg: expect.stringMatching(words),
    });

  test('an access token of the app that the broker refuses', async () => {
    const accessToken = 'outdated-app-token';
    const { read, told } = await startLogged({ apps: [{ ...kotakApp, accessToken }] });
    expect(await read('SIMK01')).toEqual(['PERMISSION_DENIED']);
    expect(told()).toEqual([line(/access token of the app.*renew it/)]);
    expect(JSON.stringify(told())).not.toMatch(/outdated|SIMK01/);
  });

  test('a secret of the app that the broker refuses', async () => {
    const { accessToken: _none, ...app } = kotakApp;
    const { read, told } = await startLogged({ apps: [{ ...app, apiSecret: 'wrong-secret' }] });
    expect(await read('SIMK01')).toEqual(['APP_MISCONFIGURED']);
    expect(told()).toEqual([line(/secret of the app/)]);
    expect(JSON.stringify(told())).not.toMatch(/wrong-secret|SIMK01/);
  });

  test('a host that the settings do not allow, at a read and at a login', async () => {
    const { world } = await startLogged();
    const kotakBaseUrls = [`${world.simulator.url}/kotak/apim`];
    const { read, logIn, told } = await startLogged({ kotakBaseUrls });
    expect(await read('SIMK02')).toEqual(['APP_MISCONFIGURED']);
    expect(await logIn('SIMK02')).toMatchObject({ code: 'APP_MISCONFIGURED' });
    expect(told()).toEqual([line(/KOTAK_BASE_URLS/), line(/KOTAK_BASE_URLS/)]);
    expect(JSON.stringify(told())).not.toMatch(/SIMK02/);
  });
});

test('what is between a user and the broker is no warning', async () => {
  const { world, read, logIn, told } = await startLogged();
  await world.advance(86_400);
  expect(await read('SIMK01')).toEqual(['SESSION_EXPIRED']);
  await world.fault({ kind: 'error-envelope', code: 70009, status: 403 });
  expect(await logIn('SIMK01')).toMatchObject({ code: 'PERMISSION_DENIED' });
  expect(told()).toEqual([]);
});
