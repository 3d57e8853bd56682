// Whose session it is: known from the login, at no call, also once it has ended; and its state as the answer found it.
import { beforeEach, expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { Visitor } from '../support/visitor.ts';
import { startWorld } from '../support/world.ts';

const gateway = 'http://localhost:4000';
const world = await startWorld({ exposeTokens: false });
const origin = new URL(world.url).origin;

beforeEach(() => world.reset());

const names = graphql(`
  query KnownNames {
    accounts { user { __typename userId userName } session { state active user { userName } } }
  }
`);
const found = graphql(`
  query FoundExpired {
    sessions { state active }
    accounts { session { state active } user { userId userName email } }
  }
`);

async function loggedIn() {
  const visitor = new Visitor(origin, gateway);
  await visitor.logIn(`${origin}/login?app=simulator`, 'SIM0001');
  await world.calls();
  return visitor;
}

test('the names of a keyring’s user cost no call, while the session is active and after it has ended', async () => {
  const visitor = await loggedIn();
  const before = await visitor.ask(names);
  const user = { __typename: 'User', userId: 'SIM0001', userName: expect.stringMatching(/./) };
  expect(before.data?.accounts).toMatchObject([{ user, session: { state: 'ACTIVE' } }]);
  expect(await world.calls()).toEqual([]);

  await world.advance(24 * 3_600);
  await visitor.ask(found);
  await world.calls();
  const after = await visitor.ask(names);
  expect(after.errors).toEqual([]);
  expect(after.data?.accounts).toMatchObject([
    {
      user: { userName: before.data?.accounts?.[0]?.user?.userName },
      session: { state: 'EXPIRED', active: false, user: { userName: expect.any(String) } },
    },
  ]);
  expect(await world.calls()).toEqual([]);
});

test('the very answer that finds a token refused says EXPIRED, wherever the state stands in it', async () => {
  const visitor = await loggedIn();
  await world.advance(24 * 3_600);
  const { data, errors } = await visitor.ask(found);
  const expired = { state: 'EXPIRED', active: false };
  expect(data).toMatchObject({
    sessions: [expired],
    accounts: [{ session: expired, user: { userId: 'SIM0001', email: null } }],
  });
  expect(errors.map(({ path, extensions }) => [path?.join('.'), extensions.code])).toEqual([
    ['accounts.0.user.email', 'SESSION_EXPIRED'],
  ]);
  expect(await world.calls()).toHaveLength(1);
});

test('a user of whom more is asked costs one call', async () => {
  const visitor = await loggedIn();
  const { data } = await visitor.ask(found);
  expect(data).toMatchObject({
    sessions: [{ state: 'ACTIVE', active: true }],
    accounts: [{ user: { userId: 'SIM0001', email: expect.stringContaining('@') } }],
  });
  expect(await world.calls()).toHaveLength(1);
});
