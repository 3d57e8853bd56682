// Streams of a browser's sessions: the present state first, then each change, whoever makes it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { openKeyringStore } from '../../src/keyring/stores/open-store.ts';
import type { GatewayOptions } from '../../src/options.ts';
import { graphql } from '../generated/gql.ts';
import type { NewsOfSessionsSubscription } from '../generated/graphql.ts';
import { type Follower, follow } from '../support/follower.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld, tokens } from '../support/world.ts';

const changes = graphql(`
  subscription NewsOfSessions {
    sessionsChanged { reason session { id state endReason apiKey account { id label } user { userId } } }
  }
`);
const logout = graphql(`
  mutation NewsLogout($ids: [ID!]) { logout(accountIds: $ids) { loggedOut } }
`);
const renew = graphql(`
  mutation NewsRenew($id: ID!) {
    renewSession(input: { accountId: $id }) { __typename ... on Session { id } }
  }
`);
const label = graphql(`
  mutation NewsLabel($id: ID!, $label: String) {
    labelAccount(accountId: $id, label: $label) { __typename ... on Account { label } }
  }
`);
const userIds = graphql(`query NewsEmail { accounts { user { email } } }`);

const origin = 'http://localhost:4000';
const hour = 3_600;

/** A gateway whose time of day goes on with its clock. */
async function begin(options: GatewayOptions = {}) {
  const clock = new TestClock();
  const now = () => new Date(startOfTime.getTime() + clock.milliseconds());
  const world = await startWorld({ clock, now, ...options });
  const gatewayOrigin = new URL(world.url).origin;
  const browser = () => new Visitor(gatewayOrigin, origin);
  const logIn = (visitor: Visitor, userId: string, app = 'simulator') =>
    visitor.logIn(`${gatewayOrigin}/login?app=${app}`, userId);
  const followed = (visitor: Visitor) =>
    follow<NewsOfSessionsSubscription, never>(world.url, changes.toString(), {
      headers: visitor.headers(),
    });
  return { ...world, clock, now, browser, logIn, followed };
}

type Stream = Follower<NewsOfSessionsSubscription>;

async function nextOf(stream: Stream) {
  const event = await stream.next();
  const change = event?.data?.sessionsChanged;
  if (!change) throw new Error(`no change: ${JSON.stringify(event)}`);
  return change;
}

/** Reason, state and user of so many events. */
async function told(stream: Stream, count: number): Promise<string[]> {
  const all: string[] = [];
  while (all.length < count) {
    const { reason, session } = await nextOf(stream);
    all.push([reason, session.endReason ?? session.state, session.user?.userId].join(' '));
  }
  return all;
}

const world = await begin();

describe('a stream of sessions', () => {
  test('begins with the present sessions, and tells what other tabs do, without a call to the broker', async () => {
    const browser = world.browser();
    await world.logIn(browser, 'SIM0001');
    const [one, two] = [await world.followed(browser), await world.followed(browser)];
    expect(await told(one, 1)).toEqual(['PRESENT ACTIVE SIM0001']);
    expect(await told(two, 1)).toEqual(['PRESENT ACTIVE SIM0001']);
    // The login gives the browser another cookie: the streams go on.
    await world.logIn(browser, 'SIM0002');
    expect(await told(one, 1)).toEqual(['STARTED ACTIVE SIM0002']);
    expect(await told(two, 1)).toEqual(['STARTED ACTIVE SIM0002']);
    await world.calls();
    const late = await world.followed(browser);
    // Logins of the same moment have no order.
    expect((await told(late, 2)).sort()).toEqual([
      'PRESENT ACTIVE SIM0001',
      'PRESENT ACTIVE SIM0002',
    ]);
    world.clock.advance(60);
    expect(await world.calls()).toEqual([]);
    expect(late.unread).toBe(0);
  });

  test('tells a renewal as one event, with the new id', async () => {
    const browser = world.browser();
    await world.logIn(browser, 'SIM0001', 'simulator-platform');
    const stream = await world.followed(browser);
    const { session } = await nextOf(stream);
    const { data } = await browser.ask(renew, { id: session.account.id });
    const renewed = await nextOf(stream);
    expect(renewed.reason).toBe('RENEWED');
    expect(renewed.session.id).not.toBe(session.id);
    expect(data?.renewSession).toEqual({ __typename: 'Session', id: renewed.session.id });
    expect(renewed.session.account.id).toBe(session.account.id);
    await world.logIn(browser, 'SIM0002');
    expect(await told(stream, 1)).toEqual(['STARTED ACTIVE SIM0002']);
  });

  test('tells a label that another tab gives or takes away, and nothing where it stays as it is', async () => {
    const tab = world.browser();
    await world.logIn(tab, 'SIM0001');
    const stream = await world.followed(tab);
    const { session } = await nextOf(stream);
    expect(session.account.label).toBeNull();
    const other = world.browser();
    for (const [name, value] of tab.cookies) other.cookies.set(name, value);
    await world.calls();
    const id = session.account.id;
    for (const text of ['Father', 'HUF', null]) {
      await other.ask(label, { id, label: text });
      const { reason, session: labelled } = await nextOf(stream);
      expect([reason, labelled.id, labelled.state]).toEqual(['LABELLED', session.id, 'ACTIVE']);
      expect(labelled.account).toEqual({ id, label: text });
      await other.ask(label, { id, label: text });
    }
    expect(await world.calls()).toEqual([]);
    await world.logIn(other, 'SIM0002');
    expect(await told(stream, 1)).toEqual(['STARTED ACTIVE SIM0002']);
  });

  test('tells the end of one session, and completes with the last', async () => {
    const browser = world.browser();
    await world.logIn(browser, 'SIM0001');
    await world.logIn(browser, 'SIM0003');
    const stream = await world.followed(browser);
    const [second, first] = [await nextOf(stream), await nextOf(stream)];
    await browser.ask(logout, { ids: [first.session.account.id] });
    const ends: string[] = [];
    do ends.push((await nextOf(stream)).session.state);
    while (ends.at(-1) !== 'REVOKED');
    expect(stream.unread).toBe(0);
    await browser.ask(logout, { ids: [second.session.account.id] });
    for (let event = await stream.next(); event !== null; event = await stream.next()) {
      expect(event.data?.sessionsChanged).toMatchObject({
        reason: 'ENDED',
        session: { id: second.session.id, endReason: 'LOGGED_OUT' },
      });
      ends.push(event.data?.sessionsChanged.session.state ?? '');
    }
    expect(ends.at(-1)).toBe('REVOKED');
    await expect.poll(() => world.clock.waiting).toBe(0);
  });

  test('tells that the broker refused a token, when any request meets it', async () => {
    const other = await begin();
    const browser = other.browser();
    await other.logIn(browser, 'SIM0001');
    const stream = await other.followed(browser);
    await told(stream, 1);
    await other.advance(15 * hour);
    await browser.ask(userIds);
    expect(await told(stream, 1)).toEqual(['ENDED REFUSED_BY_BROKER SIM0001']);
  });

  test('tells once that a session expires soon, also to a stream that begins late', async () => {
    const other = await begin({ limits: { keyringCheckSeconds: 1_710 } });
    const browser = other.browser();
    await other.logIn(browser, 'SIM0001');
    const stream = await other.followed(browser);
    await told(stream, 1);
    await expect.poll(() => other.clock.waiting).toBe(1);
    // Logged in at 15:30; 06:00 is the estimate.
    for (let seconds = 0; seconds < 14.25 * hour; seconds += 1_710) {
      other.clock.advance(1_710);
      await expect.poll(() => other.clock.waiting).toBe(1);
    }
    expect(other.now().toISOString()).toBe('2026-01-06T00:15:00.000Z');
    expect(await told(stream, 1)).toEqual(['EXPIRING ACTIVE SIM0001']);
    const late = await other.followed(browser);
    expect(await told(late, 2)).toEqual(['PRESENT ACTIVE SIM0001', 'EXPIRING ACTIVE SIM0001']);
    other.clock.advance(60);
    await expect.poll(() => other.clock.waiting).toBe(1);
    expect([stream.unread, late.unread]).toEqual([0, 0]);
  });
});

describe('a stream is refused', () => {
  const refusal = async (headers: Record<string, string>) =>
    (await (await follow(world.url, changes, { headers })).next())?.errors?.[0];

  test('with header credentials, and the error says what it is for', async () => {
    const error = await refusal({ authorization: tokens('SIM0001') });
    expect(error?.extensions.code).toBe('UNAUTHENTICATED');
    expect(error?.message).toContain('the sessions of a browser’s keyring');
    expect(error?.message).toContain('credentials in its Authorization header');
  });

  test('without a cookie, and from a page of another origin', async () => {
    expect((await refusal({ origin }))?.extensions.code).toBe('UNAUTHENTICATED');
    const browser = world.browser();
    await world.logIn(browser, 'SIM0001');
    const elsewhere = { ...browser.headers(), origin: 'https://elsewhere.example' };
    expect((await refusal(elsewhere))?.extensions.code).toBe('UNAUTHENTICATED');
  });

  test('where the browser has as many as it may', async () => {
    const other = await begin({ limits: { keyringStreams: 2 } });
    const browser = other.browser();
    await other.logIn(browser, 'SIM0001');
    const streams = [await other.followed(browser), await other.followed(browser)];
    for (const stream of streams) await told(stream, 1);
    const third = await other.followed(browser);
    expect((await third.next())?.errors?.[0]?.extensions).toMatchObject({
      code: 'RATE_LIMITED',
      retryable: true,
    });
    streams[0]?.leave();
    await expect
      .poll(async () => (await (await other.followed(browser)).next())?.errors)
      .toBeUndefined();
  });
});

test('a gateway that stops breaks streams off, so that clients subscribe again', async () => {
  const stopping = new AbortController();
  const other = await begin({ stopping: stopping.signal });
  const browser = other.browser();
  await other.logIn(browser, 'SIM0001');
  const stream = await other.followed(browser);
  await told(stream, 1);
  stopping.abort();
  await expect(stream.next()).rejects.toThrow();
  expect(other.clock.waiting).toBe(0);
});

/** Two gateways on one store: a browser follows its sessions at one, and logs in at the other. */
async function beginTwo(url: string) {
  const keyringKeys = [generateKey()];
  const open = async () => {
    const keyringStore = await openKeyringStore(url, () => startOfTime);
    return begin({ keyringStore, keyringKeys });
  };
  const [here, there] = [await open(), await open()];
  const [one, two] = [here.browser(), there.browser()];
  await here.logIn(one, 'SIM0001');
  const stream = await here.followed(one);
  await told(stream, 1);
  const logInThere = async (userId: string) => {
    for (const [name, value] of one.cookies) two.cookies.set(name, value);
    await there.logIn(two, userId);
  };
  return { here, stream, logInThere };
}

test('what another process writes to one SQLite file is found by the check', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kite-graphql-news-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const url = `sqlite:${join(folder, 'keyrings.db')}`;
  const { here, stream, logInThere } = await beginTwo(url);
  await expect.poll(() => here.clock.waiting).toBe(1);
  await logInThere('SIM0002');
  here.clock.advance(19);
  expect(stream.unread).toBe(0);
  here.clock.advance(1);
  expect(await told(stream, 1)).toEqual(['STARTED ACTIVE SIM0002']);
});

describeWithRedis((redis) => {
  test('what another replica writes to Redis is told at once', async () => {
    const { stream, logInThere } = await beginTwo(redis.url);
    await logInThere('SIM0002');
    expect(await told(stream, 1)).toEqual(['STARTED ACTIVE SIM0002']);
  });
});
