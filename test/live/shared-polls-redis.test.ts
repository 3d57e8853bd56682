// Live margins over two replicas whose Redis goes away, for both or for one, and over a Redis Cluster.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { balances, netsOf, nextOf, startReplicas } from '../support/processes/replicas.ts';
import { startRedisCluster } from '../support/servers/redis-cluster.ts';
import { describeWithRedis } from '../support/servers/with-redis.ts';

const alone = 'Polls of live margins are not shared: this process polls by itself';
const again = 'Polls of live margins are shared with other replicas again';
// Heartbeats go by real time.
const patience = { timeout: 30_000 };

/** A way to a port that can be cut and mended. */
async function startWay(port: number) {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((socket) => {
    if (isCut) return void socket.destroy();
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [socket, far],
      [far, socket],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    mend: () => {
      isCut = false;
    },
    close() {
      cut();
      server.close();
    },
  };
}

describeWithRedis(async (redis) => {
  const way = await startWay(Number(new URL(redis.url).port));
  afterAll(() => way.close());
  const replicas = await startReplicas([way.url, redis.url]);
  const { clock, one, settled, pathsOf, followBoth, lines } = replicas;
  type Streams = Awaited<ReturnType<typeof followBoth>>;

  /** Lets an interval pass in which the balance changes; the calls that it took until both streams had it. */
  const interval = async (streams: Streams) => {
    await one.calls();
    const paidIn = await one.payIn('SIM0001', 'equity', 1);
    clock.advance(5);
    expect((await nextOf(streams)).map(netsOf)).toEqual(Array(2).fill([paidIn.net, balances[1]]));
    await settled(2);
    return pathsOf();
  };
  const counts = (message: string) => lines(message).map(({ length }) => length);

  test('while Redis is away each replica polls by itself and says so once; then they share again', async () => {
    const streams = await followBoth();
    await redis.stop();
    await expect.poll(() => counts(alone), patience).toEqual([1, 1]);
    await settled(2);
    expect(await interval(streams)).toEqual(Array(2).fill('/user/margins'));
    expect(await interval(streams)).toEqual(Array(2).fill('/user/margins'));
    await redis.start();
    await expect.poll(() => counts(again), patience).toEqual([1, 1]);
    await expect.poll(() => interval(streams), patience).toEqual(['/user/margins']);
    expect(counts(alone)).toEqual([1, 1]);
  });

  test('a replica that polls and loses Redis alone is replaced, and polls for itself', async () => {
    const streams = await followBoth();
    way.cut();
    await expect.poll(() => counts(alone), patience).toEqual([2, 1]);
    // The other has heard nothing, and goes on once the lease is over.
    await expect
      .poll(() => replicas.counted('watched_accounts', 'role'), patience)
      .toEqual({ polled: 1, followed: 0 });
    expect(await interval(streams)).toEqual(Array(2).fill('/user/margins'));
    way.mend();
    await expect.poll(() => counts(again), patience).toEqual([2, 1]);
    await expect.poll(() => interval(streams), patience).toEqual(['/user/margins']);
    expect(await replicas.counted('watched_accounts', 'role')).toEqual({ polled: 1, followed: 0 });
  });

  describe('on a Redis Cluster', async () => {
    const cluster = await startRedisCluster();
    afterAll(() => cluster[Symbol.asyncDispose]());
    const shared = await startReplicas([cluster.url, cluster.url]);

    test('one replica polls, and the other goes on when its last stream has gone', async () => {
      const [here, there] = await shared.followBoth();
      const paidIn = await shared.one.payIn('SIM0001', 'equity', 1);
      shared.clock.advance(5);
      expect((await nextOf([here, there])).map(netsOf)).toEqual(
        Array(2).fill([paidIn.net, balances[1]]),
      );
      await shared.settled(2);
      expect(await shared.pathsOf()).toEqual(['/user/margins']);
      here.leave();
      await expect
        .poll(() => shared.counted('watched_accounts', 'role'), patience)
        .toEqual({ polled: 1, followed: 0 });
      await shared.settled(1);
      const next = await shared.one.payIn('SIM0001', 'equity', 1);
      shared.clock.advance(5);
      expect(netsOf(await there.next())).toEqual([next.net, balances[1]]);
      expect(await shared.pathsOf()).toEqual(['/user/margins']);
    });
  });
});
