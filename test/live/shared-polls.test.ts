// Live margins over two replicas on one Redis: one of them polls an account for both. Counted at Kite.
import { createClient } from '@redis/client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { follow } from '../support/follower.ts';
import {
  authorization,
  balances,
  bothSegments,
  type Nets,
  netsOf,
  nextOf,
  startReplicas,
} from '../support/processes/replicas.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';
import { tokens } from '../support/world.ts';

const equity = graphql(`
  subscription SharedEquity($everySeconds: Int) {
    marginsChanged(everySeconds: $everySeconds) { margins { equity { net } } }
  }
`);
const commodity = graphql(`
  subscription SharedCommodity($everySeconds: Int) {
    marginsChanged(everySeconds: $everySeconds) { margins { commodity { net } } }
  }
`);
const logout = graphql(`mutation SharedLogout { logout { loggedOut } }`);

const codesOf = (event: Awaited<ReturnType<Awaited<ReturnType<typeof follow>>['next']>>) =>
  event?.errors?.map(({ extensions }) => extensions.code);
/** A text and what it is as base64url: the header of what is encrypted is readable. */
const decoded = (text: string) => Buffer.from(text, 'base64url').toString('latin1');
const [net, commodityNet] = balances;
const expired = ['SESSION_EXPIRED', 'SESSION_EXPIRED'];

describeWithRedis(async (redis) => {
  const replicas = await startReplicas([redis.url, redis.url]);
  const { clock, one, other, settled, pathsOf, following, followBoth, counted } = replicas;

  describe('one replica polls an account', () => {
    test('once an interval for all streams on both, which get the same events', async () => {
      const worlds = [one, other, one, other, one, other];
      const streams = await Promise.all(worlds.map((world) => following(world)));
      const firsts = await nextOf(streams);
      expect(firsts.map(netsOf)).toEqual(Array(6).fill([net, commodityNet]));
      await settled(2);
      expect(await pathsOf()).toEqual(['/user/margins']);
      for (let interval = 1; interval <= 3; interval += 1) {
        const paidIn = await one.payIn('SIM0001', 'equity', 1);
        clock.advance(5);
        const events = await nextOf(streams);
        expect(events.map(netsOf)).toEqual(Array(6).fill([paidIn.net, commodityNet]));
        // The time of the answer too.
        for (const event of events) expect(event).toEqual(events[0]);
        await settled(2);
      }
      clock.advance(5);
      await expect.poll(() => one.arrived()).toBe(4);
      expect(await pathsOf()).toEqual(Array(4).fill('/user/margins'));
      await settled(2);
      expect(streams.map(({ unread }) => unread)).toEqual(Array(6).fill(0));
    });

    test('and a stream that begins on the other has its present state without a call', async () => {
      const here = await following(one);
      await here.next();
      await settled(1);
      await one.calls();
      const there = await following(other);
      expect(netsOf(await there.next())).toEqual([net, commodityNet]);
      await settled(2);
      expect(await pathsOf()).toEqual([]);
    });

    test('for the segments and at the interval that any stream wants, wherever it is', async () => {
      const here = await following(one, equity, 60);
      expect(netsOf(await here.next())).toEqual([net, undefined]);
      await settled(1);
      expect(await pathsOf()).toEqual(['/user/margins/equity']);
      const there = await following(other, commodity, 5);
      expect(netsOf(await there.next())).toEqual([undefined, commodityNet]);
      await settled(2);
      expect(await pathsOf()).toEqual(['/user/margins']);
      const paidIn = await one.payIn('SIM0001', 'commodity', 1);
      clock.advance(5);
      expect(netsOf(await there.next())).toEqual([undefined, paidIn.net]);
      await settled(2);
      expect(await pathsOf()).toEqual(['/user/margins']);
      there.leave();
      await settled(1);
      // Back to what is left.
      await expect
        .poll(async () => {
          clock.advance(60);
          await settled(1);
          return (await pathsOf()).at(-1);
        })
        .toBe('/user/margins/equity');
    });

    test('for all streams again once Redis has lost the lease', async () => {
      const client = createClient({ url: redis.url });
      await client.connect();
      onTestFinished(() => client.destroy());
      const here = await following(one, equity, 60);
      expect(netsOf(await here.next())).toEqual([net, undefined]);
      await settled(1);
      const there = await following(other, commodity, 5);
      expect(netsOf(await there.next())).toEqual([undefined, commodityNet]);
      await settled(2);
      const leases = () => client.keys('kite-graphql:live:{*');
      const [lease = ''] = await leases();
      expect(await client.del(lease)).toBe(1);
      // The one that polls takes it anew with its next result.
      clock.advance(5);
      await expect.poll(leases).toEqual([lease]);
      await settled(2);
      const paidIn = await one.payIn('SIM0001', 'commodity', 1);
      await expect
        .poll(
          async () => {
            clock.advance(5);
            await settled(2);
            return there.unread;
          },
          { timeout: 10_000 },
        )
        .toBe(1);
      expect(netsOf(await there.next())).toEqual([undefined, paidIn.net]);
      expect((await pathsOf()).at(-1)).toBe('/user/margins');
    });

    test('and the other goes on at once when its last stream has gone', async () => {
      const [here, there] = await followBoth();
      here.leave();
      await settled(1);
      const paidIn = await one.payIn('SIM0001', 'equity', 1);
      await expect
        .poll(async () => {
          clock.advance(5);
          await settled(1);
          return there.unread;
        })
        .toBe(1);
      expect(netsOf(await there.next())).toEqual([paidIn.net, commodityNet]);
      const calls = await one.calls();
      await settled(1);
      clock.advance(5);
      await settled(1);
      expect((await one.calls()).length).toBe(1);
      expect(calls.length).toBeGreaterThan(0);
      expect(there.unread).toBe(0);
    });

    test('trouble that passes is one event everywhere, and so is its end', async () => {
      const streams = await followBoth();
      await one.fault({ kind: 'internal-error', path: '/user/margins' });
      clock.advance(5);
      for (const event of await nextOf(streams)) {
        expect(codesOf(event)).toEqual(['UPSTREAM_UNAVAILABLE', 'UPSTREAM_UNAVAILABLE']);
        expect(event?.errors?.[0]?.extensions.broker).toMatchObject({ name: 'KITE', status: 500 });
      }
      await settled(2);
      await one.clearFaults();
      clock.advance(10);
      expect((await nextOf(streams)).map(netsOf)).toEqual(Array(2).fill([net, commodityNet]));
    });
  });

  describe('the end of a session', () => {
    test('that the poller meets ends the streams of both replicas, by one call', async () => {
      const streams = await followBoth();
      await one.advance(15 * 3_600);
      clock.advance(5);
      for (const event of await nextOf(streams)) {
        expect(codesOf(event)).toEqual(expired);
        expect(event?.errors?.[0]?.extensions).toMatchObject({
          retryable: false,
          broker: { name: 'KITE', errorType: 'TokenException', status: 403 },
        });
      }
      expect(await nextOf(streams)).toEqual([null, null]);
      expect(await pathsOf()).toEqual(['/user/margins']);
    });

    test.each(['polls', 'does not poll'])(
      'by a logout at the replica that %s ends all streams at once',
      async (which) => {
        const streams = await followBoth();
        await (which === 'polls' ? one : other).ask(logout, { authorization });
        for (const event of await nextOf(streams)) expect(codesOf(event)).toEqual(expired);
        expect(await nextOf(streams)).toEqual([null, null]);
        expect((await one.calls()).map(({ method }) => method)).toEqual(['DELETE']);
      },
    );
  });

  describe('what travels over Redis', () => {
    const listen = async () => {
      const client = createClient({ url: redis.url });
      await client.connect();
      const writer = client.duplicate();
      await writer.connect();
      onTestFinished(() => {
        for (const each of [client, writer]) each.destroy();
      });
      const heard: { channel: string; message: string }[] = [];
      await client.pSubscribe('kite-graphql:live:{*', (message, channel) => {
        heard.push({ channel, message });
      });
      return { heard, writer };
    };
    /** The reasons that the other replica has logged. */
    const ignored = () =>
      replicas.lines('A message of another replica was ignored')[1]?.map(({ cause }) => cause);

    test('shows nothing of the account: no token, no key, no amount', async () => {
      const { heard, writer } = await listen();
      await followBoth();
      clock.advance(5);
      await settled(2);
      await expect.poll(() => heard.length).toBeGreaterThan(1);
      const kept = await Promise.all(
        (await writer.keys('kite-graphql:live:{*')).map((name) => writer.hGetAll(name)),
      );
      expect(Object.keys(kept[0] ?? {})).toEqual(
        expect.arrayContaining(['holder', 'fence', 'latest']),
      );
      const texts = JSON.stringify([heard, kept]);
      const parts = [texts, ...(texts.match(/[\w-]{20,}/g) ?? []).map(decoded)].join('\n');
      for (const secret of ['SIM0001', 'simulator', '99725', '100661', 'equity', 'everyMill'])
        expect(parts).not.toContain(secret);
    });

    test('is believed only as it was sent, on its own channel, once, and in time', async () => {
      const { heard, writer } = await listen();
      const stranger = await follow<Nets, object>(one.url, bothSegments.toString(), {
        authorization: tokens('SIM0003'),
        variables: { everySeconds: 3_600 },
      });
      await stranger.next();
      await expect.poll(() => heard.length).toBe(1);
      const [foreign = { channel: '', message: '' }] = heard;
      await settled(1);
      await one.calls();

      const streams = await followBoth(3);
      await expect.poll(() => heard.filter(isOfAnother).length).toBeGreaterThan(0);
      const { channel, message: old } = heard.find(isOfAnother) ?? foreign;
      function isOfAnother(each: { channel: string }) {
        return each.channel !== foreign.channel;
      }
      const paidIn = await one.payIn('SIM0001', 'equity', 1);
      clock.advance(5);
      expect((await nextOf(streams)).map(netsOf)).toEqual(
        Array(2).fill([paidIn.net, commodityNet]),
      );
      await settled(3);

      const inject = (message: string) => writer.publish(channel, message);
      await inject('not a message');
      await inject('a'.repeat(20_000));
      await inject(foreign.message);
      await inject(old.replace(/.(?=.{40}$)/, (each) => (each === 'A' ? 'B' : 'A')));
      await inject(old.replace(/^[^.]+/, 'another-replica'));
      await inject(old);
      await expect
        .poll(() => ignored())
        .toEqual(expect.arrayContaining(['foreign', 'malformed', 'oversized', 'replayed']));
      await Promise.all(Array.from({ length: 100 }, () => inject(old)));
      await expect.poll(() => ignored()).toContain('too-many');
      expect(streams.map(({ unread }) => unread)).toEqual([0, 0]);
      expect(await counted('poll_messages_ignored_total', 'reason')).toMatchObject({
        malformed: 1,
        oversized: 1,
        foreign: 3,
      });

      // What is kept for those that come later is read as strictly.
      const [here, there] = streams;
      there.leave();
      await settled(2);
      await writer.hSet(channel, 'latest', foreign.message);
      const later = await following(other);
      await settled(3);
      expect(later.unread).toBe(0);
      await expect
        .poll(async () => {
          clock.advance(5);
          await settled(3);
          return later.unread;
        })
        .toBe(1);
      expect(netsOf(await later.next())).toEqual([paidIn.net, commodityNet]);
      expect(here.unread).toBe(0);
      expect(stranger.unread).toBe(0);
    });

    test('that ended streams ends none that began later, and whatever no replica wants is removed', async () => {
      const { heard, writer } = await listen();
      const ended = await followBoth();
      await one.ask(logout, { authorization });
      for (const event of await nextOf(ended)) expect(codesOf(event)).toEqual(expired);
      const { channel, message: final } = heard.at(-1) ?? expect.fail('nothing was published');
      await settled(0);
      await one.reset();

      const streams = await followBoth();
      const before = (await counted('poll_messages_ignored_total', 'reason')).replayed ?? 0;
      await writer.publish(channel, final);
      await expect
        .poll(async () => (await counted('poll_messages_ignored_total', 'reason')).replayed)
        .toBe(before + 1);
      const paidIn = await one.payIn('SIM0001', 'equity', 1);
      clock.advance(5);
      expect((await nextOf(streams)).map(netsOf)).toEqual(
        Array(2).fill([paidIn.net, commodityNet]),
      );
      await settled(2);

      const wants = async () =>
        (await writer.hKeys(channel)).filter((name) => name.startsWith('want:')).toSorted();
      const real = await wants();
      expect(real).toHaveLength(2);
      /** Writes fields, and has both replicas look at the lease until none is left. */
      const areRemoved = async (fields: Record<string, string>) => {
        await writer.hSet(channel, fields);
        const wanting = await Promise.all([one, other].map((world) => following(world, equity, 4)));
        await nextOf(wanting);
        for (const each of wanting) each.leave();
        await expect.poll(wants, { timeout: 20_000 }).toEqual(real);
        await settled(2);
      };
      const text = (await writer.hGet(channel, real[0] ?? '')) ?? '';
      await areRemoved({
        'want:text': 'text',
        'want:later': text.replace(/^\d+/, '9999999999999'),
        'want:another': text,
        'want:long': `1|${'a'.repeat(20_000)}`,
        other: 'a'.repeat(20_000),
      });
      const crowd = Array.from({ length: 300 }, (_, index) => [`want:${index}`, text]);
      await areRemoved(Object.fromEntries(crowd));
      expect(await writer.hKeys(channel)).not.toContain('other');

      const now = Date.now();
      await writer.zAdd('kite-graphql:live:replicas', [
        { score: now + 3_600_000, value: 'for ever' },
        { score: now + 10_000, value: 'a'.repeat(1_000) },
        ...Array.from({ length: 300 }, (_, n) => ({ score: now + 10_000, value: `replica ${n}` })),
      ]);
      await expect
        .poll(() => writer.zCard('kite-graphql:live:replicas'), { timeout: 20_000 })
        .toBeLessThanOrEqual(256);
      expect(streams.map(({ unread }) => unread)).toEqual([0, 0]);
    });
  });
});
