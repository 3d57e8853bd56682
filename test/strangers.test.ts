// What header credentials may cost: those of other apps nothing, refused ones one call, a logout one call an account.
import { describe, expect, test } from 'vitest';
import { startWorld, tokens } from './support/world.ts';

const own = await startWorld();
const query = '{ accounts { id user { userId } margins { equity { net } } } }';
const foreign = 'token another-app:SIM0001-token';

describe('HEADER_CREDENTIALS', () => {
  test('where apps are configured, credentials of other apps are refused without a call', async () => {
    await own.calls();
    const { data, errors } = await own.askRaw(query, {
      authorization: `${foreign}, ${tokens('SIM0001')}`,
    });
    expect(data.accounts).toMatchObject([{ user: null }, { user: { userId: 'SIM0001' } }]);
    const codes = errors.map(({ extensions }) => extensions.code);
    expect(new Set(codes)).toEqual(new Set(['PERMISSION_DENIED']));
    const keys = (await own.calls()).map(({ apiKey }) => apiKey);
    expect(new Set(keys)).toEqual(new Set(['simulator']));
  });

  test('a logout of theirs fails without a call', async () => {
    await own.calls();
    const logout = 'mutation { logout { loggedOut failures { error { code } } } }';
    const { data } = await own.askRaw(logout, { authorization: foreign });
    expect(data.logout).toEqual({
      loggedOut: [],
      failures: [{ error: { code: 'PERMISSION_DENIED' } }],
    });
    expect(await own.calls()).toEqual([]);
  });

  test('any takes those of every app, and off takes none', async () => {
    const any = await startWorld({ headerCredentials: 'any' });
    await any.askRaw(query, { authorization: foreign });
    expect((await any.calls()).length).toBeGreaterThan(0);
    const off = await startWorld({ headerCredentials: 'off' });
    const { errors } = await off.askRaw(query, { authorization: tokens('SIM0001') });
    expect(errors[0]?.extensions.code).toBe('PERMISSION_DENIED');
    expect(await off.calls()).toEqual([]);
  });

  test('without configured apps, every app is taken', async () => {
    const world = await startWorld({ apps: [] });
    const { errors } = await world.askRaw(query, { authorization: tokens('SIM0001') });
    expect(errors).toEqual([]);
  });
});

test('a credential that Kite has just refused is refused again without a call', async () => {
  const world = await startWorld({ limits: { refusedCredentialSeconds: 60 } });
  const authorization = 'token simulator:invented-token';
  const user = '{ account { user { userId } } }';
  for (let times = 0; times < 3; times += 1) {
    const { errors } = await world.askRaw(user, { authorization });
    expect(errors[0]?.extensions.code).toBe('SESSION_EXPIRED');
  }
  expect(await world.calls()).toHaveLength(1);
  const { data } = await world.askRaw('mutation { logout { loggedOut } }', { authorization });
  expect(data.logout.loggedOut).toHaveLength(1);
  expect(await world.calls()).toEqual([]);
});

test('a logout under a hundred aliases is one call an account', async () => {
  const world = await startWorld();
  const invented = Array.from({ length: 50 }, (_, index) => `token simulator:invented-${index}`);
  const aliases = Array.from({ length: 100 }, (_, index) => `a${index}: logout { loggedOut }`);
  const { data } = await world.askRaw(`mutation { ${aliases.join(' ')} }`, {
    authorization: invented.join(', '),
  });
  expect(data.a0.loggedOut).toHaveLength(50);
  expect(data.a99.loggedOut).toHaveLength(50);
  expect(await world.calls()).toHaveLength(50);
});
