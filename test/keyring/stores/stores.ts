// The stores, each under its name, for suites that must hold for all of them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { openKeyringStore } from '../../../src/keyring/stores/open-store.ts';
import type { KeyringStore } from '../../../src/keyring/stores/store.ts';
import { addDocumentedUser, refusals } from '../../support/servers/redis-acl.ts';
import { type RedisCluster, startRedisCluster } from '../../support/servers/redis-cluster.ts';
import { type RedisServer, startRedis } from '../../support/servers/redis-server.ts';
import { isRedisMissing } from '../../support/servers/with-redis.ts';

/** One kind of store, with a place of its own while its suite runs. */
export interface Place {
  /** Which kind. */
  readonly kind: 'memory' | 'sqlite' | 'redis' | 'cluster';
  /** Whether two instances can share it. */
  readonly isShared: boolean;
  /** Whether it is in Redis, be it one server or a cluster. */
  readonly isRedis: boolean;
  /** The address that the store is opened by. */
  url(): string;
  /** The Redis behind it; throws for another kind. */
  redis(): RedisServer;
  /** Opens an instance, closed with the suite. */
  open(now?: () => Date, monotonic?: () => number): Promise<KeyringStore>;
}

/** Describes a suite for one kind of store. Without a Redis that suite is named as skipped; with CI=true it fails. */
export function describeStore(kind: Place['kind'], suite: (place: Place) => void): void {
  const isMissing = (kind === 'redis' || kind === 'cluster') && isRedisMissing;
  const name = isMissing ? `${kind} (no redis-server on this machine)` : kind;
  describe.skipIf(isMissing)(name, () => suite(placeOf(kind)));
}

/** Describes a suite for each kind of store, a Redis Cluster left out. */
export function describeStores(suite: (place: Place) => void): void {
  for (const kind of ['memory', 'sqlite', 'redis'] as const) describeStore(kind, suite);
}

/** Describes a suite for each kind of store, and for a Redis Cluster, which takes seconds to start. */
export function describeStoresAndCluster(suite: (place: Place) => void): void {
  describeStores(suite);
  describeStore('cluster', suite);
}

/** One for all suites of a file. */
let cluster: Promise<RedisCluster> | null = null;
afterAll(async () => {
  const started = await cluster;
  if (started === null) return;
  const refused = await refusals(started.nodes.map(({ port }) => port));
  await started[Symbol.asyncDispose]();
  // Its user may do what the documentation says, and needs no more.
  expect(refused).toBe('');
});

function placeOf(kind: Place['kind']): Place {
  const opened: KeyringStore[] = [];
  let folder = '';
  let server: RedisServer | null = null;
  let clusterUrl = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kite-graphql-keyring-'));
    if (kind === 'redis') server = await startRedis();
    if (kind === 'cluster') {
      cluster ??= startRedisCluster();
      const { url: nodes, nodes: servers } = await cluster;
      const login = await addDocumentedUser(servers.map(({ port }) => port));
      clusterUrl = nodes.replace('redis://', `redis://${login}@`);
    }
  });
  afterAll(async () => {
    await Promise.all(opened.map((store) => store.close()));
    await server?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const redis = () => {
    if (server === null) throw new Error('This store has no Redis');
    return server;
  };
  const urls = {
    memory: () => 'memory:',
    sqlite: () => `sqlite:${join(folder, 'keyrings.db')}`,
    redis: () => redis().url,
    cluster: () => clusterUrl,
  };
  const url = urls[kind];
  return {
    kind,
    isShared: kind !== 'memory',
    isRedis: kind === 'redis' || kind === 'cluster',
    url,
    redis,
    async open(now = () => new Date(), monotonic) {
      const store = await openKeyringStore(url(), now, monotonic);
      opened.push(store);
      return store;
    },
  };
}
