// Live margins: what a subscription tells, what it costs upstream, and how it ends. Counted at Kite.
import { beforeEach, describe, expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import type { BothSubscriptionVariables, LiveEquitySubscription } from '../generated/graphql.ts';
import { type FollowSettings, follow, readEvents } from '../support/follower.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { startWorld, tokens } from '../support/world.ts';

const clock = new TestClock();
const world = await startWorld({ clock, headerCredentials: 'any' });

beforeEach(async () => {
  // Who followed in the test before has gone.
  await expect.poll(() => clock.waiting).toBe(0);
  await world.reset();
});

const both = graphql(`
  subscription Both($accountIds: [ID!], $everySeconds: Int) {
    marginsChanged(accountIds: $accountIds, everySeconds: $everySeconds) {
      account { id }
      margins { equity { net asOf } commodity { net } }
    }
  }
`);
const equity = graphql(`
  subscription LiveEquity($everySeconds: Int) {
    marginsChanged(everySeconds: $everySeconds) { margins { equity { net } } }
  }
`);
const commodity = graphql(`
  subscription LiveCommodity { marginsChanged { margins { commodity { net } } } }
`);
const withUser = graphql(`
  subscription LiveUser {
    marginsChanged {
      account { user { userId } margins { commodity { net } } }
      margins { equity { net } commodity { net } }
    }
  }
`);
const nets = graphql(`query LiveNets { account { margins { equity { net } commodity { net } } } }`);
const ids = graphql(`query LiveIds { accounts { id } }`);

const authorization = tokens('SIM0001');
const net = 99725.05000000002;

/** Once each of so many pollers has its answer. */
const settled = (pollers: number) => expect.poll(() => clock.waiting).toBe(pollers);
const pathsOf = async () => (await world.calls()).map(({ path }) => path);

describe('events', () => {
  test('the present state comes at once, and then nothing but changes', async () => {
    const live = await follow(world.url, both, { authorization });
    const { headers } = live.response;
    expect(headers.get('content-type')).toContain('text/event-stream');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-accel-buffering')).toBe('no');
    const first = await live.next();
    expect(first).toEqual({
      data: {
        marginsChanged: {
          account: { id: expect.any(String) },
          margins: {
            equity: { net, asOf: expect.any(String) },
            commodity: { net: 100661.7 },
          },
        },
      },
    });
    await settled(1);
    for (const seconds of [4, 1, 5, 5]) {
      clock.advance(seconds);
      await settled(1);
    }
    expect(await pathsOf()).toEqual(Array(4).fill('/user/margins'));
    await world.payIn('SIM0001', 'commodity', 100);
    clock.advance(5);
    const second = await live.next();
    expect(second?.data?.marginsChanged.margins?.commodity?.net).toBe(100761.7);
    expect(live.unread).toBe(0);
  });

  test('what is not selected is not asked for, and no news', async () => {
    const live = await follow(world.url, equity, { authorization });
    expect((await live.next())?.data?.marginsChanged.margins?.equity?.net).toBe(net);
    await settled(1);
    await world.payIn('SIM0001', 'commodity', 100);
    clock.advance(5);
    await settled(1);
    await world.payIn('SIM0001', 'equity', 0.05);
    clock.advance(5);
    expect((await live.next())?.data?.marginsChanged.margins?.equity?.net).toBe(99725.1);
    expect(await pathsOf()).toEqual(Array(3).fill('/user/margins/equity'));
  });

  test('an event costs what its other fields cost, anew each time; its margins cost nothing', async () => {
    const live = await follow(world.url, withUser, { authorization });
    const first = await live.next();
    expect(first?.errors).toBeUndefined();
    expect(first?.data?.marginsChanged.account).toMatchObject({
      user: { userId: 'SIM0001' },
      margins: { commodity: { net: 100661.7 } },
    });
    await settled(1);
    await world.payIn('SIM0001', 'equity', 1);
    // Longer than an operation may last: an event has a deadline of its own.
    clock.advance(3_600);
    expect((await live.next())?.data?.marginsChanged.account.user?.userId).toBe('SIM0001');
    expect((await pathsOf()).toSorted()).toEqual([
      '/user/margins',
      '/user/margins',
      '/user/profile',
      '/user/profile',
    ]);
  });

  test('segments may be asked for below the account, for caches by id; where none is, both are watched', async () => {
    const below = await follow(
      world.url,
      'subscription { marginsChanged { account { id margins { commodity { net } } } } }',
      { authorization },
    );
    expect((await below.next())?.data).toMatchObject({
      marginsChanged: { account: { margins: { commodity: { net: 100661.7 } } } },
    });
    await settled(1);
    expect(await pathsOf()).toEqual(['/user/margins/commodity']);
    below.leave();
    await settled(0);
    const bare = await follow(world.url, 'subscription { marginsChanged { __typename } }', {
      authorization,
    });
    expect((await bare.next())?.errors).toBeUndefined();
    await settled(1);
    expect(await pathsOf()).toEqual(['/user/margins']);
  });

  test('a slow client gets the latest state and misses the states in between', async () => {
    const [slow, quick] = [new AbortController(), new AbortController()];
    const subscribed = async ({ signal }: AbortController) => {
      const response = await world.gateway.fetch('http://localhost/graphql', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'text/event-stream',
          authorization,
        },
        body: JSON.stringify({ query: equity.toString() }),
        signal,
      });
      return response;
    };
    const response = await subscribed(slow);
    const watching = readEvents<LiveEquitySubscription>(await subscribed(quick), () =>
      quick.abort(),
    );
    await watching.next();
    for (const rupees of [1, 2, 3, 4, 5]) {
      await settled(1);
      await world.payIn('SIM0001', 'equity', rupees);
      clock.advance(5);
      await watching.next();
    }
    const late = readEvents<LiveEquitySubscription>(response, () => slow.abort());
    const nets: (number | undefined)[] = [];
    while (nets.at(-1) !== 99740.05) {
      nets.push((await late.next())?.data?.marginsChanged.margins?.equity?.net);
    }
    // One or two lay ready for it before it began to read.
    expect(nets.length).toBeLessThanOrEqual(3);
    late.leave();
    watching.leave();
  });
});

describe('one poller for each credential', () => {
  test('however many follow; it asks for what any of them wants, as often as the most impatient', async () => {
    const every = (everySeconds: number) =>
      follow(world.url, equity, { authorization, variables: { everySeconds } });
    const crowd = await Promise.all(Array.from({ length: 20 }, () => every(60)));
    await Promise.all(crowd.map((live) => live.next()));
    await settled(1);
    expect(await pathsOf()).toEqual(['/user/margins/equity']);

    const impatient = await every(10);
    expect((await impatient.next())?.data?.marginsChanged.margins?.equity?.net).toBe(net);
    await settled(1);
    expect(await pathsOf()).toEqual([]);
    await world.payIn('SIM0001', 'equity', 1);
    clock.advance(10);
    expect((await impatient.next())?.data?.marginsChanged.margins?.equity?.net).toBe(99726.05);
    await settled(1);
    // The others wanted no more than an event a minute.
    for (let second = 20; second < 60; second += 10) {
      clock.advance(10);
      await settled(1);
    }
    expect(crowd.map(({ unread }) => unread)).toEqual(Array(20).fill(0));
    clock.advance(10);
    for (const live of crowd) {
      expect((await live.next())?.data?.marginsChanged.margins?.equity?.net).toBe(99726.05);
    }
    expect(await pathsOf()).toHaveLength(6);

    await settled(1);
    const other = await follow(world.url, commodity, { authorization });
    expect((await other.next())?.data?.marginsChanged.margins?.commodity?.net).toBe(100661.7);
    await settled(1);
    // At once, since the segment was unknown; and for both from now on.
    expect(await pathsOf()).toEqual(['/user/margins']);
    impatient.leave();
    other.leave();
    await expect
      .poll(async () => {
        clock.advance(10);
        await settled(1);
        return pathsOf();
      })
      .toEqual([]);
  });

  test('and nothing is shared between two', async () => {
    const two = await follow(world.url, both, { authorization: tokens('SIM0001', 'SIM0003') });
    const elsewhere = await follow(world.url, both, {
      authorization: 'token simulator-two:SIM0001-token',
    });
    await Promise.all([two.next(), two.next(), elsewhere.next()]);
    await settled(3);
    const calls = await world.calls();
    expect(calls.map(({ apiKey, userId }) => `${apiKey} ${userId}`).toSorted()).toEqual([
      'simulator SIM0001',
      'simulator SIM0003',
      'simulator-two SIM0001',
    ]);
    await world.payIn('SIM0003', 'equity', 1);
    clock.advance(5);
    expect((await two.next())?.data?.marginsChanged.margins?.equity?.net).toBe(-42187.91);
    await settled(3);
    expect([two.unread, elsewhere.unread]).toEqual([0, 0]);
  });

  test('of two accounts one may be named, and twice is once', async () => {
    const authorization = tokens('SIM0001', 'SIM0003');
    const { data } = await world.ask(ids, { authorization });
    const [, account] = data?.accounts ?? [];
    const accountIds = [account?.id ?? '', account?.id ?? ''];
    const live = await follow(world.url, both, { authorization, variables: { accountIds } });
    expect((await live.next())?.data?.marginsChanged.account.id).toBe(account?.id);
    await settled(1);
    expect((await world.calls()).map(({ userId }) => userId)).toEqual(['SIM0003']);
    expect(live.unread).toBe(0);
  });
});

describe('without subscribers', () => {
  test('polling ends, and the call in flight is cancelled', async () => {
    const live = await follow(world.url, both, { authorization });
    await live.next();
    await settled(1);
    live.leave();
    await settled(0);
    clock.advance(3_600);

    await world.calls();
    await world.fault({ kind: 'hang' });
    const waiting = await follow(world.url, both, { authorization });
    await expect.poll(() => world.arrived()).toBe(1);
    waiting.leave();
    // The next subscription does not join a cancelled call.
    await world.clearFaults();
    await expect
      .poll(async () => {
        const { data } = await world.ask(nets, { authorization });
        return data?.account?.margins?.equity?.net;
      })
      .toBe(net);
  });

  test('also where a server only cancels the body', async () => {
    const { body } = await world.gateway.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization },
      body: JSON.stringify({ query: both.toString() }),
    });
    const reader = body?.getReader();
    await reader?.read();
    await settled(1);
    await reader?.cancel();
    await settled(0);
  });

  test('a client that connects again has the present state first, and nothing twice', async () => {
    const before = await follow(world.url, both, { authorization });
    await before.next();
    await settled(1);
    before.leave();
    await settled(0);
    await world.payIn('SIM0001', 'equity', 1);
    const after = await follow(world.url, both, { authorization });
    expect((await after.next())?.data?.marginsChanged.margins?.equity?.net).toBe(99726.05);
    await settled(1);
    clock.advance(5);
    await settled(1);
    expect(after.unread).toBe(0);
    expect(await pathsOf()).toHaveLength(3);
  });
});

describe('what is wrong is refused', () => {
  test.each([0, -1, 3_601])('everySeconds: %s', async (everySeconds) => {
    const live = await follow(world.url, both, { authorization, variables: { everySeconds } });
    const { errors } = (await live.next()) ?? {};
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'everySeconds',
      requestId: live.response.headers.get('x-request-id'),
    });
    expect(await live.next()).toBeNull();
    expect(await world.calls()).toEqual([]);
  });

  test('an account that is not reached, no account at all, two things at once, a query of another kind', async () => {
    const refusal = async (settings: FollowSettings<BothSubscriptionVariables>) => {
      const live = await follow(world.url, both, settings);
      return (await live.next())?.errors?.[0]?.extensions.code;
    };
    const variables = { accountIds: ['nobody'] };
    expect(await refusal({ authorization, variables })).toBe('NOT_FOUND');
    expect(await refusal({})).toBe('UNAUTHENTICATED');
    const { errors } = await world.askRaw(
      'subscription { a: marginsChanged { account { id } } b: marginsChanged { account { id } } }',
      { authorization },
    );
    expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
    const json = await world.askRaw('subscription { marginsChanged { account { id } } }', {
      authorization,
    });
    expect(json.status).toBe(406);
    expect(clock.waiting).toBe(0);
    expect(await world.calls()).toEqual([]);
  });
});
