// What an operation that labels accounts may change in the store, and what is left when the store is down.
import { beforeEach, describe, expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { Visitor } from '../support/visitor.ts';
import { watchedStore } from '../support/watched-store.ts';
import { startOfTime, startWorld } from '../support/world.ts';

let now = startOfTime;
const watched = watchedStore(() => now);
const world = await startWorld({
  now: () => now,
  keyringStore: watched.store,
  limits: { loginAttempts: 1_000 },
});
const { origin } = new URL(world.url);
const app = 'simulator-platform';

beforeEach(async () => {
  watched.outage = null;
  await world.reset();
});

const state = graphql(`
  query StateOfLabels { sessions { id state endReason account { id label } } }
`);

async function loggedIn(...userIds: readonly string[]) {
  const visitor = new Visitor(origin, 'http://localhost:4000');
  for (const userId of userIds) {
    now = new Date(now.getTime() + 1);
    await visitor.logIn(`${origin}/login?app=${app}`, userId);
  }
  const read = async () => (await visitor.ask(state)).data?.sessions ?? [];
  const sessions = await read();
  const accounts = [...new Set(sessions.map(({ account }) => account.id))];
  const label = async (labels: readonly (readonly [accountId: string, label: string])[]) => {
    const fields = labels.map(
      ([id, text], index) =>
        `l${index}: labelAccount(accountId: "${id}", label: "${text}") { __typename ... on ApiError { code message } }`,
    );
    watched.calls.length = 0;
    watched.rows = 0;
    const { data, errors } = await visitor.askRaw<Record<string, unknown>>(
      `mutation { ${fields.join(' ')} }`,
    );
    expect(errors).toEqual([]);
    const changes = watched.calls.filter((call) => call === 'writeRecords').length;
    return { results: Object.values(data ?? {}), changes, rows: watched.rows };
  };
  return { visitor, read, accounts, label };
}

describe('labels of one operation', () => {
  test('change the store once for each account, with every session of it', async () => {
    const sessionsOfOne = 20;
    const { accounts, label, read } = await loggedIn(...Array(sessionsOfOne).fill('SIM0001'));
    const [id = ''] = accounts;
    const { results, changes, rows } = await label([[id, 'Father']]);
    expect(results).toEqual([{ __typename: 'Account' }]);
    expect([changes, rows]).toEqual([1, sessionsOfOne]);
    expect((await read()).map(({ account }) => account.label)).toEqual(
      Array(sessionsOfOne).fill('Father'),
    );
  });

  test('that are equal change an account once, however often the operation asks', async () => {
    const { accounts, label } = await loggedIn('SIM0001', 'SIM0001', 'SIM0002');
    const [one = '', two = ''] = accounts;
    const asked = Array.from({ length: 60 }, (_, index) => [index % 2 ? one : two, 'HUF'] as const);
    const { results, changes, rows } = await label(asked);
    expect(results).toEqual(Array(60).fill({ __typename: 'Account' }));
    expect([changes, rows]).toEqual([2, 3]);
  });

  test('that differ for one account are refused from the second on', async () => {
    const { accounts, label, read } = await loggedIn('SIM0001');
    const [id = ''] = accounts;
    const { results, changes } = await label([
      [id, 'One'],
      [id, 'Two'],
      [id, 'One'],
    ]);
    expect(results).toMatchObject([
      { __typename: 'Account' },
      { __typename: 'InputError', code: 'BAD_USER_INPUT' },
      { __typename: 'Account' },
    ]);
    expect(changes).toBe(1);
    expect((await read())[0]?.account.label).toBe('One');
  });

  test('change nothing where the account has the label already', async () => {
    const { accounts, label } = await loggedIn('SIM0001');
    const [id = ''] = accounts;
    await label([[id, 'Mother']]);
    const again = await label([[id, 'Mother']]);
    expect(again).toMatchObject({ results: [{ __typename: 'Account' }], changes: 0 });
  });
});

describe.each(['everything', 'writes'] as const)('where %s of the store fails', (outage) => {
  test.each([
    [
      'labelAccount',
      (id: string) =>
        `labelAccount(accountId: "${id}", label: "New") { __typename ... on ApiError { code retryable } }`,
    ],
    [
      'renewSession',
      (id: string) =>
        `renewSession(input: { accountId: "${id}" }) { __typename ... on ApiError { code retryable } }`,
    ],
    [
      'logout',
      (id: string) =>
        `logout(accountIds: ["${id}"]) { loggedOut failures { error { code retryable } } }`,
    ],
    [
      'revokeSessions',
      (_: string, session: string) =>
        `revokeSessions(ids: ["${session}"]) { revoked failures { error { code retryable } } }`,
    ],
  ])('%s answers KEYRING_UNAVAILABLE, and the keyring is as before', async (_, field) => {
    const { visitor, accounts, label, read } = await loggedIn('SIM0001', 'SIM0002');
    const [id = ''] = accounts;
    await label([[id, 'Old']]);
    const before = await read();
    const session = before.find(({ account }) => account.id === id)?.id ?? '';
    await world.calls();
    watched.outage = outage;
    const { text, status } = await visitor.askRaw(`mutation { ${field(id, session)} }`);
    watched.outage = null;
    expect(status).toBe(200);
    expect(text).toContain('"code":"KEYRING_UNAVAILABLE"');
    expect(text).not.toMatch(/DOWN|"revoked":\["|"loggedOut":\["/);
    expect((await world.calls()).filter(({ method }) => method === 'DELETE')).toEqual([]);
    expect(await read()).toEqual(before);
    expect(visitor.cookies.has('kite_graphql')).toBe(true);
    // The same request succeeds once the store is back.
    const after = await visitor.askRaw(`mutation { ${field(id, session)} }`);
    expect(after.text).not.toContain('KEYRING_UNAVAILABLE');
  });
});
