// labelAccount: a name of the user's own for an account of the keyring, which stays from login to login.
import { beforeEach, expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld, tokens } from '../support/world.ts';

const gateway = 'http://localhost:4000';
let now = startOfTime;
const world = await startWorld({ now: () => now });
const origin = new URL(world.url).origin;
const loginUrl = `${origin}/login?app=simulator`;

beforeEach(async () => {
  now = startOfTime;
  await world.reset();
});

const accounts = graphql(`query LabelledAccounts { accounts { id label } }`);
const label = graphql(`
  mutation Label($id: ID!, $label: String) {
    labelAccount(accountId: $id, label: $label) {
      __typename
      ... on Account { id label session { updatedAt } }
      ... on ApiError { code message }
      ... on InputError { field }
    }
  }
`);

async function loggedIn() {
  const visitor = new Visitor(origin, gateway);
  await visitor.logIn(loginUrl, 'SIM0001');
  const id = (await visitor.ask(accounts)).data?.accounts?.[0]?.id ?? '';
  await world.calls();
  const give = async (text: string | null, to = id) =>
    (await visitor.ask(label, { id: to, label: text })).data?.labelAccount;
  const read = async () => (await visitor.ask(accounts)).data?.accounts?.map((one) => one?.label);
  return { visitor, id, give, read };
}

test('a label is trimmed, costs no call, is a change of the session, and null or an empty text takes it away', async () => {
  const { id, give, read } = await loggedIn();
  now = new Date(now.getTime() + 60_000);
  const session = { updatedAt: '2026-01-05T15:31:00+05:30' };
  const given = await give('  Father ');
  expect(given).toEqual({ __typename: 'Account', id, label: 'Father', session });
  expect(await read()).toEqual(['Father']);
  for (const nothing of [null, '', '  ']) {
    await give('HUF');
    expect(await give(nothing)).toMatchObject({ label: null });
    expect(await read()).toEqual([null]);
  }
  expect(await world.calls()).toEqual([]);
});

test('a label stays with the account after the next login', async () => {
  const { visitor, give, read } = await loggedIn();
  await give('Father');
  now = new Date(now.getTime() + 86_400_000);
  await visitor.logIn(loginUrl, 'SIM0001');
  expect(await read()).toEqual(['Father']);
});

test('a label and a login at the same time lose neither', async () => {
  const { visitor, give, read } = await loggedIn();
  for (const text of ['One', 'Two', 'Three']) {
    const callback = await visitor.logInAtKite(loginUrl, 'SIM0001');
    await Promise.all([visitor.visit(callback), give(text)]);
    expect(await read()).toEqual([text]);
  }
});

test('a label has at most 60 characters as people count them, on one line of text', async () => {
  const { give, read } = await loggedIn();
  for (const text of ['a'.repeat(60), '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}'.repeat(60)]) {
    expect(await give(text)).toMatchObject({ label: text });
  }
  await give('kept');
  const bad = [
    'a'.repeat(61),
    `a${'\u0301'.repeat(1_200)}`,
    'a\u0000b',
    'a\nb',
    'a\u2028b',
    'a\u202Eb',
  ];
  for (const text of bad) {
    const refused = await give(text);
    expect(refused).toMatchObject({
      __typename: 'InputError',
      code: 'BAD_USER_INPUT',
      field: 'label',
    });
    expect(JSON.stringify(refused)).not.toContain(JSON.stringify(text).slice(1, -1));
  }
  expect(await read()).toEqual(['kept']);
});

test('only an account of the keyring has a label', async () => {
  const { give, visitor, id } = await loggedIn();
  expect(await give('x', 'unknown')).toMatchObject({ __typename: 'InputError', code: 'NOT_FOUND' });
  const header = { authorization: tokens('SIM0002') };
  const refused = await visitor.ask(label, { id, label: 'x' }, header);
  expect(refused.data?.labelAccount).toMatchObject({ code: 'BAD_USER_INPUT', field: 'accountId' });
  const own = await visitor.ask(accounts, undefined, header);
  expect(own.data?.accounts).toMatchObject([{ label: null }]);
  const stranger = await new Visitor(origin, gateway).ask(label, { id, label: 'x' });
  expect(stranger.data?.labelAccount).toMatchObject({ code: 'UNAUTHENTICATED' });
});
