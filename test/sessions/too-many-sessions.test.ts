// A browser that holds as many sessions as it may: the next login ends the oldest, here and at Kite.
import { expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { Visitor } from '../support/visitor.ts';
import { startWorld } from '../support/world.ts';

const limits = { keyringSessions: 2 };
const world = await startWorld({ exposeTokens: false, limits });
const origin = new URL(world.url).origin;
const loginUrl = `${origin}/login?app=simulator&returnTo=/app`;

const sessions = graphql(`query TooManySessions { sessions { state endReason user { userId } } }`);

test('a login beyond the limit succeeds, and ends the oldest session at Kite too', async () => {
  const visitor = new Visitor(origin, 'http://localhost:4000');
  for (const user of ['SIM0001', 'SIM0002', 'SIM0003']) {
    const { location } = await visitor.logIn(loginUrl, user);
    expect(location).toBe('http://localhost:4000/app');
  }
  const statesOf = async () => {
    const { data } = await visitor.ask(sessions);
    return data?.sessions?.map(({ state, endReason, user }) => [user?.userId, state, endReason]);
  };
  await expect.poll(statesOf).toEqual([
    ['SIM0003', 'ACTIVE', null],
    ['SIM0002', 'ACTIVE', null],
    ['SIM0001', 'REVOKED', 'TOO_MANY'],
  ]);
  const ended = (await world.calls()).filter(({ method }) => method === 'DELETE');
  expect(ended.map(({ path, userId, status }) => [path, userId, status])).toEqual([
    ['/session/token', 'SIM0001', 200],
  ]);
});
