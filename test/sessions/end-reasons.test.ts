// Every reason for which a session ends is reached, and `Session.endReason` tells it to the browser that held the session.
import { isEnumType } from 'graphql';
import { expect, test } from 'vitest';
import type { SessionEndReason } from '../../src/keyring/session-record.ts';
import { schema } from '../../src/schema/schema.ts';
import { follow } from '../support/follower.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld } from '../support/world.ts';

const clock = new TestClock();
const now = () => new Date(startOfTime.getTime() + clock.milliseconds());
const world = await startWorld({ clock, now, limits: { keyringSessions: 2 } });
const { origin } = new URL(world.url);
const day = 86_400;

/** A browser, logged in as these users one after the other. */
async function browserOf(...userIds: readonly string[]): Promise<Visitor> {
  const visitor = new Visitor(origin, 'http://localhost:4000');
  for (const userId of userIds) {
    await visitor.logIn(`${origin}/login?app=simulator`, userId);
    // Logins of the same moment have no order.
    clock.advance(1);
  }
  return visitor;
}

/** The sessions of a browser that have ended, as user and reason. */
async function ended(visitor: Visitor): Promise<readonly string[]> {
  const { data } = await visitor.askRaw<{
    sessions: { endReason: string | null; user: { userId: string } }[];
  }>('{ sessions { endReason user { userId } } }');
  const over = (data?.sessions ?? []).filter(({ endReason }) => endReason !== null);
  return over.map(({ endReason, user }) => `${user.userId} ${endReason}`);
}

const ways: Readonly<Record<SessionEndReason, () => Promise<readonly string[]>>> = {
  async LOGGED_OUT() {
    const visitor = await browserOf('SIM0001', 'SIM0002');
    const { data } = await visitor.askRaw<{ accounts: { id: string }[] }>('{ accounts { id } }');
    const logout = 'mutation ($ids: [ID!]) { logout(accountIds: $ids) { loggedOut } }';
    // The newest login comes first.
    await visitor.askRaw(logout, { ids: [data?.accounts[1]?.id] });
    return ended(visitor);
  },
  async REVOKED_ELSEWHERE() {
    const [here, there] = [await browserOf('SIM0001'), await browserOf('SIM0001')];
    await there.askRaw('mutation { revokeSessions(others: true) { revoked } }');
    return ended(here);
  },
  async REFUSED_BY_BROKER() {
    const visitor = await browserOf('SIM0001');
    await world.fault({
      kind: 'error-envelope',
      errorType: 'TokenException',
      status: 403,
      times: 1,
    });
    await visitor.askRaw('{ accounts { user { email } } }');
    return ended(visitor);
  },
  async REPLACED() {
    return ended(await browserOf('SIM0001', 'SIM0001'));
  },
  async TOO_MANY() {
    const visitor = await browserOf('SIM0001', 'SIM0002', 'SIM0003');
    await expect.poll(() => ended(visitor)).not.toEqual([]);
    return ended(visitor);
  },
  async IDLE() {
    const visitor = await browserOf('SIM0001');
    const news = 'subscription { sessionsChanged { session { endReason user { userId } } } }';
    const stream = await follow<
      { sessionsChanged: { session: { endReason: string | null; user: { userId: string } } } },
      never
    >(world.url, news, { headers: visitor.headers() });
    await stream.next();
    await expect.poll(() => clock.waiting).toBeGreaterThan(0);
    // The keyring goes with all that is in it: nothing but an event is left to tell.
    clock.advance(31 * day);
    const { endReason, user } = (await stream.next())?.data?.sessionsChanged.session ?? {};
    expect(await ended(visitor)).toEqual([]);
    return [`${user?.userId} ${endReason}`];
  },
};

test.each(Object.entries(ways))('%s', async (reason, end) => {
  expect(await end()).toEqual([`SIM0001 ${reason}`]);
});

test('the schema has no other reason', () => {
  const type = schema.getType('SessionEndReason');
  const values = isEnumType(type) ? type.getValues().map(({ name }) => name) : [];
  expect(values.toSorted()).toEqual(Object.keys(ways).toSorted());
});
