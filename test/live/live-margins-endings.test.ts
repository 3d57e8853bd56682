// Live margins when Kite fails: what passes is told and waited for, what does not ends the account, and only that.
import { beforeEach, describe, expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { follow } from '../support/follower.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { Visitor } from '../support/visitor.ts';
import { startWorld, tokens } from '../support/world.ts';

const clock = new TestClock();
const origin = 'http://localhost:4000';
const world = await startWorld({ clock });
const gatewayOrigin = new URL(world.url).origin;

beforeEach(async () => {
  await expect.poll(() => clock.waiting).toBe(0);
  await world.reset();
});

const margins = graphql(`
  subscription LiveMargins($everySeconds: Int) {
    marginsChanged(everySeconds: $everySeconds) {
      account { id user { userId } }
      margins { equity { net } commodity { net } }
    }
  }
`);
const logout = graphql(`
  mutation LiveLogout { logout { loggedOut failures { error { code } } } }
`);
const name = graphql(`query LiveName { accounts { user { email } } }`);
const states = graphql(`query LiveStates { sessions { state } }`);
const platformLogin = graphql(`
  query LiveLoginUrl { apps { loginUrl } }
`);

const authorization = tokens('SIM0001');
const settled = (pollers: number) => expect.poll(() => clock.waiting).toBe(pollers);
const untilSix = 15 * 3_600;

const paths = (happening: Awaited<ReturnType<Awaited<ReturnType<typeof following>>['next']>>) =>
  happening?.errors?.map(({ path, extensions }) => `${path?.join('.')} ${extensions.code}`).sort();
const following = (settings = {}) => follow(world.url, margins, { authorization, ...settings });

const expired = [
  'marginsChanged.account.user SESSION_EXPIRED',
  'marginsChanged.margins.commodity SESSION_EXPIRED',
  'marginsChanged.margins.equity SESSION_EXPIRED',
];
// The names of a keyring's user are known from the login, and stay.
const expiredInKeyring = expired.slice(1);

describe('an ended session', () => {
  test('at six in the morning is the last event of its account, with the way to log in', async () => {
    const live = await following();
    await live.next();
    await settled(1);
    await world.advance(untilSix);
    clock.advance(5);
    const last = await live.next();
    expect(paths(last)).toEqual(expired);
    expect(last?.data?.marginsChanged.margins).toEqual({ equity: null, commodity: null });
    expect(last?.errors?.find(({ path }) => path?.includes('equity'))?.extensions).toMatchObject({
      code: 'SESSION_EXPIRED',
      retryable: false,
      accountId: last?.data?.marginsChanged.account.id,
      loginUrl: expect.stringContaining('/login?app=simulator'),
      requestId: live.response.headers.get('x-request-id'),
      broker: { name: 'KITE', errorType: 'TokenException', status: 403 },
    });
    expect(await live.next()).toBeNull();
    expect(clock.waiting).toBe(0);
  });

  test('leaves the other accounts; the stream ends with the last of them', async () => {
    const live = await following({ authorization: tokens('SIM0001', 'SIM0003') });
    await Promise.all([live.next(), live.next()]);
    await settled(2);
    const gone = { kind: 'error-envelope', errorType: 'TokenException', status: 403 };
    await world.fault({ ...gone, userId: 'SIM0001', path: '/user/margins', times: 1 });
    await world.payIn('SIM0003', 'equity', 1);
    clock.advance(5);
    const events = await Promise.all([live.next(), live.next()]);
    expect(events.flatMap((event) => paths(event) ?? []).length).toBe(2);
    expect(events.map((event) => event?.data?.marginsChanged.margins?.equity?.net)).toContain(
      -42187.91,
    );
    await settled(1);
    await world.payIn('SIM0003', 'equity', 1);
    clock.advance(5);
    expect((await live.next())?.data?.marginsChanged.margins?.equity?.net).toBe(-42186.91);
    await settled(1);
    await world.advance(untilSix);
    clock.advance(5);
    expect(paths(await live.next())).toEqual(expired);
    expect(await live.next()).toBeNull();
  });

  test('is noticed at once where another request meets it', async () => {
    const live = await following();
    await live.next();
    await settled(1);
    await world.advance(untilSix);
    await world.ask(name, { authorization });
    expect(paths(await live.next())).toEqual(expired);
    expect(await live.next()).toBeNull();
  });

  test('by a logout, which needs no poll to be heard of, and is followed by none', async () => {
    const live = await following();
    await live.next();
    await settled(1);
    await world.calls();
    expect((await world.ask(logout, { authorization })).data?.logout?.loggedOut).toHaveLength(1);
    expect(paths(await live.next())).toEqual(expired);
    expect(await live.next()).toBeNull();
    expect((await world.calls()).map(({ method }) => method)).toEqual(['DELETE']);
  });

  test('by a logout while its poll is in flight, whose answer is discarded', async () => {
    await world.fault({ kind: 'hang', path: '/user/margins' });
    const live = await following();
    await expect.poll(() => world.arrived()).toBe(1);
    await world.ask(logout, { authorization });
    expect(paths(await live.next())).toEqual(expired);
    expect(await live.next()).toBeNull();
  });
});

test('what only an operator can put right ends the account as well', async () => {
  await world.fault({ kind: 'error-envelope', errorType: 'PermissionException', status: 403 });
  const live = await following();
  const last = await live.next();
  expect(paths(last)).toContain('marginsChanged.margins.equity PERMISSION_DENIED');
  expect(last?.errors?.map(({ extensions }) => extensions.retryable)).not.toContain(true);
  expect(await live.next()).toBeNull();
  expect(clock.waiting).toBe(0);
});

describe('trouble that passes', () => {
  test('is one event, is polled again at growing intervals, and sends an event when it recovers', async () => {
    const live = await following();
    await live.next();
    await settled(1);
    await world.calls();
    await world.fault({ kind: 'internal-error', path: '/user/margins' });
    clock.advance(5);
    const trouble = await live.next();
    expect(paths(trouble)).toEqual([
      'marginsChanged.margins.commodity UPSTREAM_UNAVAILABLE',
      'marginsChanged.margins.equity UPSTREAM_UNAVAILABLE',
    ]);
    expect(trouble?.errors?.[0]?.extensions.retryable).toBe(true);
    await world.calls();
    const attempts: number[] = [];
    for (let second = 0; second < 120; second += 5) {
      await settled(1);
      clock.advance(5);
      await settled(1);
      const calls = (await world.calls()).filter(({ path }) => path === '/user/margins');
      if (calls.length > 0) attempts.push(second);
    }
    // That is 10, 20 and 40 seconds after the attempt before.
    expect(attempts).toEqual([5, 25, 65]);
    expect(live.unread).toBe(0);
    await world.clearFaults();
    clock.advance(60);
    const again = await live.next();
    expect(again?.errors).toBeUndefined();
    expect(again?.data?.marginsChanged.margins?.equity?.net).toBe(99725.05000000002);
  });

  test('is waited for as long as is asked', async () => {
    await world.fault({ kind: 'too-many-requests', path: '/user/margins', times: 1 });
    const live = await following({ variables: { everySeconds: 1 } });
    const trouble = await live.next();
    expect(trouble?.errors?.[0]?.extensions).toMatchObject({
      code: 'RATE_LIMITED',
      retryable: true,
      retryAfterSeconds: 1,
    });
    await settled(1);
    clock.advance(2);
    expect((await live.next())?.errors).toBeUndefined();
  });
});

describe('a keyring', () => {
  const loggedIn = async (...userIds: string[]) => {
    const visitor = new Visitor(gatewayOrigin, origin);
    const { data } = await visitor.ask(platformLogin);
    const url = new URL(data?.apps?.[0]?.loginUrl ?? '');
    for (const userId of userIds)
      await visitor.logIn(`${gatewayOrigin}${url.pathname}${url.search}`, userId);
    return visitor;
  };

  test('is followed with its cookie; an ended session is known to be, to its page and to every other request', async () => {
    const visitor = await loggedIn('SIM0001', 'SIM0003');
    const live = await following({ authorization: undefined, headers: visitor.headers() });
    await Promise.all([live.next(), live.next()]);
    // Two pollers, and what follows the keyring.
    await settled(3);
    await world.calls();
    await world.advance(untilSix);
    clock.advance(5);
    for (const event of [await live.next(), await live.next()])
      expect(paths(event)).toEqual(expiredInKeyring);
    expect(await live.next()).toBeNull();
    expect((await visitor.ask(states)).data?.sessions).toEqual([
      { state: 'EXPIRED' },
      { state: 'EXPIRED' },
    ]);
    await world.calls();

    const again = await following({ authorization: undefined, headers: visitor.headers() });
    for (const event of [await again.next(), await again.next()])
      expect(paths(event)).toEqual(expiredInKeyring);
    expect(await again.next()).toBeNull();
    expect(await world.calls()).toEqual([]);
  });

  test('is refused from a page of another origin, and by GET', async () => {
    const visitor = await loggedIn('SIM0001');
    const headers = { ...visitor.headers(), origin: 'https://elsewhere.example' };
    const live = await following({ authorization: undefined, headers });
    expect((await live.next())?.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
    const address = new URL(world.url);
    address.searchParams.set('query', 'subscription { marginsChanged { account { id } } }');
    const response = await fetch(address, {
      headers: { ...visitor.headers(), accept: 'text/event-stream' },
    });
    expect(await response.text()).toContain('UNAUTHENTICATED');
  });

  test('is followed no more once it is logged out, whatever Kite says of that', async () => {
    const visitor = await loggedIn('SIM0001');
    const live = await following({ authorization: undefined, headers: visitor.headers() });
    await live.next();
    await settled(2);
    await world.fault({ kind: 'internal-error', method: 'DELETE' });
    await visitor.ask(logout);
    expect(paths(await live.next())).toEqual(expiredInKeyring);
    expect(await live.next()).toBeNull();
    // No poll waits any more: only the next attempt to end the token at Kite.
    expect(clock.waiting).toBe(1);
  });
});
