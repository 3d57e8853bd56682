// The webhook of sessions: what it tells, to a receiver that is there, down or hostile, and what it never tells.
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { createMemoryStore } from '../../src/keyring/stores/memory-store.ts';
import { openKeyringStore } from '../../src/keyring/stores/open-store.ts';
import { type KeyringStore, KeyringStoreError } from '../../src/keyring/stores/store.ts';
import type { GatewayOptions } from '../../src/options.ts';
import { graphql } from '../generated/gql.ts';
import { emptyFolder } from '../support/processes/command.ts';
import { readableLog } from '../support/readable-log.ts';
import { startReceiver } from '../support/servers/webhook-receiver.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld } from '../support/world.ts';

const logout = graphql(`mutation WebhookLogout { logout { loggedOut } }`);
const secret = 'a-secret-of-the-webhook-0123456789';
const origin = 'http://localhost:4000';
const hour = 3_600;

/** A gateway with a webhook, whose time goes on only when the test says so. */
async function begin(url: string, options: GatewayOptions = {}) {
  const clock = new TestClock();
  const time = { ahead: 0 };
  const now = () => new Date(startOfTime.getTime() + clock.milliseconds() + time.ahead * 1_000);
  const { lines, logger } = readableLog();
  const world = await startWorld({ clock, now, logger, webhook: { url, secret }, ...options });
  const gateway = new URL(world.url).origin;
  const browser = () => new Visitor(gateway, origin);
  const logIn = (visitor: Visitor, userId: string) =>
    visitor.logIn(`${gateway}/login?app=simulator`, userId);
  /** Lets time pass in steps, until something holds. */
  const pass = (until: () => unknown, seconds = 5) =>
    expect
      .poll(() => {
        clock.advance(seconds);
        return until();
      })
      .toBeTruthy();
  /** Lets some time pass, in steps that each leave room for what is done in them. */
  const rest = async (steps = 10, seconds = 5) => {
    for (let step = 0; step < steps; step += 1) {
      clock.advance(seconds);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { ...world, clock, time, now, lines, browser, logIn, pass, rest };
}

describe('a webhook', () => {
  test('tells of a session that starts, expires soon and ends, signed, without a token or a user', async () => {
    const receiver = await startReceiver();
    const world = await begin(receiver.url);
    const browser = world.browser();
    await world.logIn(browser, 'SIM0001');
    await world.pass(() => receiver.received.length === 1);
    world.clock.advance(13 * hour);
    await world.rest(3);
    expect(receiver.types()).toEqual(['session.started']);
    world.clock.advance(1.3 * hour);
    await world.pass(() => receiver.received.length === 2);
    await browser.ask(logout);
    await world.pass(() => receiver.received.length === 3);
    await world.rest();
    const [started, expiring, ended] = receiver.received.map(({ event }) => event);
    expect(started).toMatchObject({
      type: 'session.started',
      apiKey: 'simulator',
      broker: 'KITE',
      at: expect.stringMatching(/^2026-01-05T10:0\d:\d\d/),
      expiresAt: '2026-01-06T00:30:00.000Z',
      endReason: null,
      renewalOf: null,
    });
    expect(expiring).toMatchObject({
      type: 'session.expiring',
      at: '2026-01-06T00:15:00.000Z',
      sessionId: started?.sessionId,
    });
    expect(ended).toMatchObject({
      type: 'session.ended',
      endReason: 'LOGGED_OUT',
      sessionId: started?.sessionId,
      accountId: started?.accountId,
    });
    expect(new Set(receiver.received.map(({ event }) => event.id)).size).toBe(3);
    for (const { headers, body, event } of receiver.received) {
      const [, seconds = '', digest] =
        /^t=(\d+),v1=([0-9a-f]{64})$/.exec(`${headers['webhook-signature']}`) ?? [];
      const hmac = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
      expect(digest).toBe(hmac);
      expect(Math.abs(Number(seconds) * 1_000 - world.now().getTime())).toBeLessThan(
        16 * hour * 1_000,
      );
      expect(headers).toMatchObject({ 'webhook-id': event.id, 'content-type': 'application/json' });
    }
    const told = JSON.stringify(receiver.received);
    const cookie = [...browser.cookies.values()].join();
    expect(cookie === '' || !told.includes(cookie)).toBe(true);
    expect(told).not.toMatch(/SIM0001|token|cookie/i);
  });

  test('is told at once, without a look at the store that is due later', async () => {
    const receiver = await startReceiver();
    const world = await begin(receiver.url);
    const browser = world.browser();
    await world.logIn(browser, 'SIM0001');
    await expect.poll(() => receiver.types()).toEqual(['session.started']);
    await browser.ask(logout);
    await expect.poll(() => receiver.types()).toEqual(['session.ended', 'session.started']);
    expect(world.clock.milliseconds()).toBe(0);
  });

  test('that fails is logged with the event and the attempt, and without its address', async () => {
    const receiver = await startReceiver();
    // Equal causes share one warning.
    const statuses = [500, 502, 503];
    receiver.answer = (response) =>
      response.writeHead(statuses[receiver.received.length - 1] ?? 204).end();
    const url = new URL(receiver.url);
    url.username = 'operator';
    url.password = 'hunter2-of-the-webhook';
    const world = await begin(url.href);
    await world.logIn(world.browser(), 'SIM0001');
    await world.pass(() => receiver.received.length >= 3, 60);
    const [id] = new Set(receiver.received.map(({ event }) => event.id));
    const failed = () =>
      world.lines.filter(({ msg }) => msg === 'The webhook did not take an event');
    await expect
      .poll(() => failed().slice(0, 3))
      .toEqual(
        statuses.map((status, index) =>
          expect.objectContaining({
            id,
            type: 'session.started',
            attempt: index + 1,
            cause: `HTTP ${status}`,
          }),
        ),
      );
    expect(JSON.stringify(world.lines)).not.toMatch(/hunter2|operator|127\.0\.0\.1:\d+\/hook/);
  });

  test('tells of a session that another login replaces', async () => {
    const receiver = await startReceiver();
    const world = await begin(receiver.url);
    const browser = world.browser();
    await world.logIn(browser, 'SIM0001');
    await world.logIn(browser, 'SIM0001');
    await world.pass(() => receiver.received.length === 3);
    await world.rest();
    expect(receiver.types()).toEqual(['session.ended', 'session.started', 'session.started']);
    const ended = receiver.received.find(({ event }) => event.type === 'session.ended');
    expect(ended?.event.endReason).toBe('REPLACED');
  });

  test('tells everything once the receiver is up again, also of keyrings that are gone, with the same ids', async () => {
    const receiver = await startReceiver();
    receiver.answer = (response) => response.writeHead(503).end();
    const world = await begin(receiver.url);
    const browser = world.browser();
    await world.logIn(browser, 'SIM0001');
    await world.pass(() => receiver.received.length >= 3);
    await browser.ask(logout);
    await world.rest(10, 60);
    const before = receiver.received.length;
    const failed = new Map(receiver.received.map(({ event }) => [event.type, event.id]));
    expect([...failed.keys()].sort()).toEqual(['session.ended', 'session.started']);
    await world.rest(10, 60);
    // Each pause is at least half of the time since the event: few attempts in ten more minutes.
    expect(receiver.received.length - before).toBeLessThanOrEqual(6);
    receiver.received.length = 0;
    receiver.answer = (response) => response.writeHead(200).end('ok');
    await world.pass(() => receiver.received.length === 2, 120);
    await world.rest(10, 600);
    expect(receiver.received.length).toBe(2);
    for (const { event } of receiver.received) expect(event.id).toBe(failed.get(event.type));
    expect(
      world.lines.filter(({ msg }) => msg === 'The webhook did not take an event'),
    ).not.toEqual([]);
    expect(JSON.stringify(world.lines)).not.toMatch(/of=operator|a-secret-of-the-webhook/);
  });

  test('gives an event up after some days, and logs that', async () => {
    const receiver = await startReceiver();
    receiver.answer = (response) => response.writeHead(500).end();
    const world = await begin(receiver.url, { limits: { webhookDays: 1 } });
    await world.logIn(world.browser(), 'SIM0001');
    await world.pass(() => receiver.received.length >= 1);
    const given = () =>
      world.lines.filter(({ msg }) => msg === 'Gave an event for the webhook up').length;
    await world.pass(() => given() === 2, 6 * hour);
    const { length } = receiver.received;
    await world.rest(5, hour);
    expect(receiver.received.length).toBe(length);
  });

  test('gives no event up because of a clock that jumps ahead', async () => {
    const receiver = await startReceiver();
    receiver.answer = (response) => response.writeHead(500).end();
    const world = await begin(receiver.url, { limits: { webhookDays: 1 } });
    await world.logIn(world.browser(), 'SIM0001');
    const isStart = ({ event }: { event: { type: string } }) => event.type === 'session.started';
    const starts = () => receiver.received.filter(isStart).length;
    await world.pass(() => starts() >= 1);
    // The clocks have agreed for long.
    await world.rest(3, 300);
    const before = starts();
    world.time.ahead = 48 * hour;
    await world.pass(() => starts() > before);
    receiver.answer = (response) => response.writeHead(204).end();
    world.time.ahead = 0;
    const taken = starts();
    await world.pass(() => starts() > taken, 6 * hour);
    expect(world.lines.filter(({ msg }) => msg.startsWith('Gave an event'))).toEqual([]);
  });

  test.each([
    ['never answers', () => undefined],
    [
      'answers without an end',
      (response) => {
        response.writeHead(500);
        const more = (error?: Error | null) => {
          if (!error && !response.destroyed) response.write(Buffer.alloc(65_536), more);
        };
        more();
      },
    ],
    ['breaks off', (response) => response.destroy()],
  ] satisfies [string, (response: import('node:http').ServerResponse) => unknown][])(
    'that %s delays no login, and is asked again',
    async (_, answer) => {
      const receiver = await startReceiver();
      receiver.answer = answer;
      const world = await begin(receiver.url, { limits: { webhookSeconds: 1 } });
      const browser = world.browser();
      await world.logIn(browser, 'SIM0001');
      await world.pass(() => receiver.received.length >= 1);
      const second = await world.logIn(world.browser(), 'SIM0002');
      expect(second.status).toBe(303);
      receiver.answer = (response) => response.writeHead(204).end();
      receiver.received.length = 0;
      await expect
        .poll(
          () => {
            world.clock.advance(10);
            return receiver.types();
          },
          { timeout: 10_000 },
        )
        .toEqual(['session.started', 'session.started']);
    },
  );

  test('follows no redirect, and does not read an answer to its end', async () => {
    const other = await startReceiver();
    const receiver = await startReceiver();
    receiver.answer = (response) => response.writeHead(307, { location: other.url }).end();
    const world = await begin(receiver.url);
    await world.logIn(world.browser(), 'SIM0001');
    await world.pass(() => receiver.received.length >= 2);
    expect(other.requests).toBe(0);
    let written = 0;
    receiver.answer = (response) => {
      response.writeHead(200);
      const more = (error?: Error | null) => {
        if (error || response.destroyed || written > 200_000_000) return;
        written += 65_536;
        response.write(Buffer.alloc(65_536), more);
      };
      more();
    };
    receiver.received.length = 0;
    await world.pass(() => receiver.received.length === 1, 60);
    await world.rest(10, 600);
    // The status was enough: it is not sent again.
    expect(receiver.received.length).toBe(1);
    expect(written).toBeLessThan(50_000_000);
  });

  test('is told nothing of a login that the store did not take', async () => {
    const receiver = await startReceiver();
    const clock = new TestClock();
    const now = () => new Date(startOfTime.getTime() + clock.milliseconds());
    const store = createMemoryStore(now);
    let isDown = true;
    const failing: KeyringStore = new Proxy(store, {
      get(target, name) {
        if (name === 'writeRecords' && isDown)
          return () => Promise.reject(new KeyringStoreError('DOWN'));
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const world = await begin(receiver.url, { keyringStore: failing, clock, now });
    const failed = await world.logIn(world.browser(), 'SIM0001');
    expect(failed.text).toContain('KEYRING_UNAVAILABLE');
    isDown = false;
    await world.logIn(world.browser(), 'SIM0002');
    for (let step = 0; step < 20 || receiver.received.length === 0; step += 1) {
      clock.advance(5);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(receiver.types()).toEqual(['session.started']);
  });

  test('loses events beyond its room, logs that, and delays no login', async () => {
    const receiver = await startReceiver();
    receiver.answer = (response) => response.writeHead(500).end();
    const world = await begin(receiver.url, { limits: { webhookEvents: 2 } });
    for (const userId of ['SIM0001', 'SIM0002', 'SIM0003'])
      expect((await world.logIn(world.browser(), userId)).status).toBe(303);
    const lost = 'The store has not taken an event for the webhook';
    expect(world.lines).toContainEqual(expect.objectContaining({ msg: lost, cause: 'full' }));
  });

  test('is told each event once by two gateways on one store', async () => {
    const receiver = await startReceiver();
    const url = `sqlite:${emptyFolder()}/keyring.sqlite`;
    const keyringKeys = [generateKey()];
    const clock = new TestClock();
    const now = () => new Date(startOfTime.getTime() + clock.milliseconds());
    const open = async () => ({ keyringStore: await openKeyringStore(url, now), keyringKeys });
    const [one] = [
      await begin(receiver.url, { ...(await open()), clock, now }),
      await begin(receiver.url, { ...(await open()), clock, now }),
    ];
    for (const userId of ['SIM0001', 'SIM0002', 'SIM0003', 'SIM0004', 'SIM0005'])
      await one.logIn(one.browser(), userId);
    await expect
      .poll(
        () => {
          clock.advance(1);
          return receiver.received.length;
        },
        { timeout: 10_000 },
      )
      .toBe(5);
    for (let step = 0; step < 10; step += 1) {
      clock.advance(5);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(receiver.received.length).toBe(5);
    expect(new Set(receiver.received.map(({ event }) => event.id)).size).toBe(5);
  });
});
