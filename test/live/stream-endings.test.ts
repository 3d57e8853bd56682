// Streams of a browser whose sessions end elsewhere: in another browser, by the operator, or with their keyring.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { openKeyringStore } from '../../src/keyring/stores/open-store.ts';
import type { GatewayOptions } from '../../src/options.ts';
import { graphql } from '../generated/gql.ts';
import { type Follower, follow } from '../support/follower.ts';
import { run, simulatorSettings } from '../support/processes/command.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld } from '../support/world.ts';

const news = graphql(`
  subscription NewsOfEndings {
    sessionsChanged {
      reason
      session {
        id state endReason broker
        account { id broker label apiKey user { userId userName } session { id state } }
      }
    }
  }
`);
const margins = graphql(`
  subscription MarginsUntilEnding { marginsChanged { account { id label } margins { equity { net } } } }
`);
const label = graphql(`
  mutation LabelBeforeEnding($id: ID!) { labelAccount(accountId: $id, label: "Father") { __typename } }
`);
const list = graphql(`query SessionsBeforeEnding { sessions { id account { id } } }`);
const others = graphql(`
  mutation EndOthers { revokeSessions(others: true) { revoked failures { sessionId } } }
`);
const day = 86_400;

/** A browser with a labelled account, and both of its streams, past what they begin with. */
async function begin(options: GatewayOptions = {}, start = startOfTime) {
  const clock = new TestClock();
  const now = () => new Date(start.getTime() + clock.milliseconds());
  const world = await startWorld({ clock, now, ...options }, { now: start });
  const { origin } = new URL(world.url);
  const logIn = async (userId: string) => {
    const visitor = new Visitor(origin, 'http://localhost:4000');
    await visitor.logIn(`${origin}/login?app=simulator`, userId);
    return visitor;
  };
  const browser = await logIn('SIM0001');
  const [session] = (await browser.ask(list)).data?.sessions ?? [];
  const id = session?.account.id ?? '';
  await browser.ask(label, { id });
  const headers = browser.headers();
  const sessions = await follow(world.url, news, { headers });
  await sessions.next();
  const live = await follow(world.url, margins, { headers });
  await live.next();
  return { ...world, clock, logIn, sessions, live, account: id, session: session?.id ?? '' };
}

/** Every event up to the end of a stream. */
async function rest<Data>(stream: Follower<Data>) {
  const events = [];
  for (let event = await stream.next(); event !== null; event = await stream.next())
    events.push(event);
  return events;
}

/** What the last event of an account is, and that nothing follows it. */
async function expectMarginsToEnd(world: Awaited<ReturnType<typeof begin>>) {
  const events = await rest(world.live);
  expect(events.at(-1)?.data?.marginsChanged.account).toEqual({
    id: world.account,
    label: 'Father',
  });
  expect(events.at(-1)?.errors?.map(({ extensions }) => extensions.code)).toEqual([
    'SESSION_EXPIRED',
  ]);
}

/** What the news of an end says, without an error. */
const ended = (world: Awaited<ReturnType<typeof begin>>, state: string, endReason: string) => ({
  data: {
    sessionsChanged: {
      reason: 'ENDED',
      session: {
        id: world.session,
        state,
        endReason,
        broker: 'KITE',
        account: {
          id: world.account,
          broker: 'KITE',
          label: 'Father',
          apiKey: 'simulator',
          user: { userId: 'SIM0001', userName: expect.any(String) },
          session: { id: world.session, state },
        },
      },
    },
  },
});

/** The next event of the state. */
async function nextOf(world: Awaited<ReturnType<typeof begin>>, state: string) {
  for (;;) {
    const event = await world.sessions.next();
    if (event?.data?.sessionsChanged.session.state === state) return event;
    expect(event?.errors).toBeUndefined();
    expect(event).not.toBeNull();
  }
}

describe('a session that another browser ends', () => {
  test('ends the margins of its account at once, also where the broker does not confirm it', async () => {
    const world = await begin();
    const other = await world.logIn('SIM0001');
    await world.fault({ kind: 'internal-error', method: 'DELETE' });
    const { data } = await other.ask(others);
    expect(data?.revokeSessions?.failures).toHaveLength(1);
    await expectMarginsToEnd(world);
    expect(await nextOf(world, 'REVOKING')).toEqual(ended(world, 'REVOKING', 'REVOKED_ELSEWHERE'));
    await world.calls();
    await expect.poll(() => world.clock.waiting).toBeGreaterThan(0);
    world.clock.advance(19);
    expect((await world.calls()).filter(({ path }) => path.includes('margins'))).toEqual([]);
  });
});

describe('a keyring that expires', () => {
  test('ends the streams of its browser', async () => {
    const world = await begin();
    await expect.poll(() => world.clock.waiting).toBe(2);
    world.clock.advance(31 * day);
    const events = await rest(world.sessions);
    expect(events).toEqual([ended(world, 'REVOKED', 'IDLE')]);
    await expectMarginsToEnd(world);
    await expect.poll(() => world.clock.waiting).toBe(0);
  });
});

describe('a session that the operator revokes', () => {
  const revoke = async (store: string, key: Uint8Array, simulatorUrl: string, session: string) => {
    const env = {
      ...simulatorSettings(simulatorUrl),
      KEYRING_STORE: store,
      KEYRING_KEYS: Buffer.from(key).toString('base64'),
    };
    const { code, stderr } = await run({ words: ['sessions', 'revoke', session], env }).ended;
    expect(code, stderr).toBe(0);
  };
  const beginOn = async (store: string, key: Uint8Array) => {
    // The command is another process, with the time of the machine.
    const start = new Date();
    const keyringStore = await openKeyringStore(store, () => start);
    return begin({ keyringStore, keyringKeys: [key] }, start);
  };

  test('on SQLite ends the streams of its browser with the next check', {
    timeout: 60_000,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kite-graphql-endings-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const store = `sqlite:${join(folder, 'keyrings.db')}`;
    const key = generateKey();
    const world = await beginOn(store, key);
    await revoke(store, key, world.simulator.url, world.session);
    await expect.poll(() => world.clock.waiting).toBeGreaterThan(0);
    world.clock.advance(20);
    await expectMarginsToEnd(world);
    const told = await world.sessions.next();
    expect(told?.errors).toBeUndefined();
    expect(told?.data?.sessionsChanged).toMatchObject({
      reason: 'ENDED',
      session: { account: { id: world.account, broker: 'KITE', label: 'Father' } },
    });
  });

  describeWithRedis((redis) => {
    test('ends the streams of its browser at once', { timeout: 60_000 }, async () => {
      const key = generateKey();
      const world = await beginOn(redis.url, key);
      await revoke(redis.url, key, world.simulator.url, world.session);
      await expectMarginsToEnd(world);
      const told = await world.sessions.next();
      expect(told?.data?.sessionsChanged).toMatchObject({
        reason: 'ENDED',
        session: { account: { id: world.account, broker: 'KITE', label: 'Father' } },
      });
    });
  });
});
