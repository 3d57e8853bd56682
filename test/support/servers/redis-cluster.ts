// A real Redis Cluster for a test: three masters on loopback ports, put together by redis-cli, gone with the test.
import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { type RedisServer, startRedis } from './redis-server.ts';

/** A cluster whose nodes can be stopped one by one. */
export interface RedisCluster {
  /** The addresses of the masters, as a setting takes them. */
  readonly url: string;
  /** Three masters, and behind them the replica of each where there are some. */
  readonly nodes: readonly RedisServer[];
  /** Stops all nodes and removes their folders. */
  [Symbol.asyncDispose](): Promise<void>;
}

const masters = 3;
/** What the port of the cluster's own bus is above that of a node. */
const busOffset = 10_000;

/**
 * Starts a cluster, and waits until every node knows every slot.
 * @param replicas how many replicas each master has.
 * @param settings words of the command line of every node.
 */
export async function startRedisCluster(
  replicas: 0 | 1 = 0,
  settings: readonly string[] = [],
): Promise<RedisCluster> {
  const shared = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000', ...settings];
  const nodes = await Promise.all(
    Array.from({ length: masters * (1 + replicas) }, async () =>
      startRedis(shared, await freeClusterPort()),
    ),
  );
  const dispose = async () => {
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
  };
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  try {
    await cli(
      '--cluster',
      'create',
      ...addresses,
      '--cluster-replicas',
      `${replicas}`,
      '--cluster-yes',
    );
    await Promise.all(nodes.map(({ port }) => whole(port)));
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    url: `redis://${addresses.slice(0, masters).join(',')}`,
    nodes,
    [Symbol.asyncDispose]: dispose,
  };
}

/** Resolves once a node sees the whole cluster at work. */
export async function whole(port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    const info = await cli('-p', `${port}`, 'cluster', 'info').catch(() => '');
    if (info.includes('cluster_state:ok')) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`The cluster of ${port} does not come about`);
}

/** Runs redis-cli; what it writes. */
export async function cli(...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('redis-cli', words);
  return stdout;
}

/** A port that is free, as is the one of its bus, and which another test of this machine is unlikely to take. */
async function freeClusterPort(): Promise<number> {
  for (;;) {
    const port = 11_000 + Math.floor(Math.random() * 10_000);
    if ((await isFree(port)) && (await isFree(port + busOffset))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
