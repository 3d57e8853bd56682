// Leases on polls in a Redis that replicas share: which replicas there are, by a heartbeat of each, and who holds what.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { defaultBroker } from '../../brokers/broker-name.ts';
import { type Credential, digestOf } from '../../brokers/credential.ts';
import type { Clock } from '../../brokers/upstream/clock.ts';
import {
  type ChannelListener,
  createRedisChannels,
  type RedisChannels,
} from '../../brokers/upstream/redis-channels.ts';
import { createRedisClient, redisCause } from '../../brokers/upstream/redis-client.ts';
import {
  type Demand,
  type PollShare,
  type PollShareEvents,
  type PollSharing,
  unshared,
} from '../poll-sharing.ts';
import type { ChannelEncrypter, IgnoredReason, LeaseHost, LeaseLimits } from './lease-host.ts';
import { MessageLimit } from './message-limit.ts';
import { PollLease } from './poll-lease.ts';
import { beatScript, echoChannel, replicasKey } from './scripts.ts';

/** What leases are made from. */
export interface PollLeasesOptions {
  readonly redisUrl: string;
  /** The names and encrypters of channels: the same in all replicas, and in no one else's hands. */
  readonly keys: {
    name(...words: readonly string[]): string;
    encrypterOf(name: string): ChannelEncrypter;
  };
  readonly clock: Clock;
  readonly now: () => Date;
  readonly limits: LeaseLimits;
  /** Told once whenever polls are shared no more, with the code of the cause where it is known, and when they are again. */
  readonly onShared: (state: { readonly isShared: boolean; readonly cause: string | null }) => void;
  /** Told of each message that is ignored. */
  readonly onIgnored: (reason: IgnoredReason) => void;
}

/** The time of Redis, then the replicas. */
const beatReply = z.tuple([z.string().transform(Number)], z.string());

/** Shares polls by leases in Redis. It connects with the first poller. */
export class PollLeases implements PollSharing, LeaseHost {
  readonly clock: Clock;
  readonly now: () => Date;
  readonly limits: LeaseLimits;
  replicaId = newId();
  isShared = false;
  /** What this replica was called before Redis was away: what it held then is to be free. */
  #formerId = '';
  readonly #options: PollLeasesOptions;
  readonly #leases = new Set<PollLease>();
  readonly #limit: MessageLimit;
  readonly #running = new Set<Promise<unknown>>();
  readonly #echo = echoChannel(newId());
  readonly #leaseMilliseconds: number;
  #connection: Connection | null = null;
  #isClosed = false;
  #isBeating = false;
  /** Whether it was said that polls are not shared. */
  #isSaid = false;
  #cause: string | null = null;
  #replicas: ReadonlySet<string> = new Set();
  /** When they were read, by Redis's clock. */
  #replicasAt = 0;
  #beatAt = Number.NEGATIVE_INFINITY;
  /** When this process last heard itself. */
  #echoAt = Number.NEGATIVE_INFINITY;

  constructor(options: PollLeasesOptions) {
    const { clock, now, limits } = options;
    this.clock = clock;
    this.now = now;
    this.limits = limits;
    this.#options = options;
    this.#limit = new MessageLimit(limits.sharedPollMessages);
    this.#leaseMilliseconds = limits.pollLeaseSeconds * 1_000;
  }

  join(credential: Credential, demand: Demand, events: PollShareEvents): PollShare {
    if (this.#isClosed || this.#leases.size >= this.limits.sharedPolls) return unshared;
    this.#connection ??= this.#connect();
    const { keys } = this.#options;
    const { broker = defaultBroker, apiKey } = credential;
    const name = keys.name('margins', broker, apiKey, digestOf(credential));
    const lease = new PollLease(this, name, keys.encrypterOf(name), demand, events);
    this.#leases.add(lease);
    if (this.isShared) void lease.look();
    else if (this.#isSaid) lease.standAlone();
    return lease;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const lease of [...this.#leases]) lease.leave();
    if (this.#connection === null) return;
    const { client, channels, timer } = this.#connection;
    clearInterval(timer);
    await within(this.#patience, Promise.allSettled(this.#running)).catch(() => {});
    if (this.isShared) await this.#tellBeat(0).catch(() => {});
    channels.close();
    if (client.isOpen) client.destroy();
  }

  isGone(replicaId: string, since: number): boolean {
    return since <= this.#replicasAt && !this.#replicas.has(replicaId);
  }

  async run(script: string, key: string, args: readonly (string | number)[]): Promise<unknown> {
    const running = this.#eval(script, key, args);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  listen(channel: string, listener: ChannelListener): () => void {
    return this.#connection?.channels.listen(channel, listener) ?? (() => {});
  }

  forget(lease: PollLease): void {
    this.#leases.delete(lease);
  }

  mayRead(): boolean {
    return this.#limit.take();
  }

  ignore(reason: IgnoredReason): void {
    this.#options.onIgnored(reason);
  }

  /** How long Redis may take for a heartbeat, and the time between two. */
  get #patience(): number {
    return this.#leaseMilliseconds / 4;
  }

  #connect(): Connection {
    const { redisUrl, limits } = this.#options;
    const client = createRedisClient(redisUrl, limits.redisConnectSeconds);
    client.on('error', (error) => {
      this.#cause = redisCause(error) ?? this.#cause;
    });
    const connected = client.connect().catch(() => {});
    const channels = createRedisChannels(redisUrl, limits.redisConnectSeconds);
    const timer = setInterval(() => void this.#beat(), this.#patience).unref();
    channels.listen(this.#echo, {
      onMessage: () => {
        this.#echoAt = performance.now();
        if (!this.isShared) this.#judge();
      },
      onGap: () => void this.#beat(),
    });
    return { client, connected, channels, timer, openedAt: performance.now() };
  }

  async #eval(script: string, key: string, args: readonly (string | number)[]): Promise<unknown> {
    const connection = this.#connection;
    if (connection === null) throw new Error('Not connected');
    const { client, connected } = connection;
    if (!client.isReady) await connected;
    return client.eval(script, { keys: [key], arguments: args.map(String) });
  }

  /** @param milliseconds for how long this replica counts from now on. */
  #tellBeat(milliseconds: number): Promise<unknown> {
    const args = [this.replicaId, milliseconds, this.#echo, this.#formerId];
    return within(this.#patience, this.#eval(beatScript, replicasKey, args));
  }

  async #beat(): Promise<void> {
    if (this.#isBeating || this.#isClosed) return;
    this.#isBeating = true;
    // The others notice with their next heartbeat: by then the time of a lease is over.
    const life = Math.ceil(this.#leaseMilliseconds - this.#patience);
    try {
      const [at, ...replicas] = beatReply.parse(await this.#tellBeat(life));
      const difference = Math.abs(at - this.now().getTime());
      if (difference > this.limits.sharedPollClockSeconds * 1_000) this.#lose('CLOCK');
      else {
        this.#formerId = '';
        this.#replicasAt = at;
        this.#replicas = new Set(replicas);
        this.#beatAt = performance.now();
        this.#cause = null;
        this.#judge();
      }
    } catch (error) {
      this.#lose(redisCause(error) ?? this.#cause ?? 'ETIMEDOUT');
    } finally {
      this.#isBeating = false;
    }
  }

  /** Polls are shared while Redis counts this replica, and what is published reaches it. */
  #judge(): void {
    const now = performance.now();
    const isFresh = (at: number) => now - at <= this.#leaseMilliseconds;
    if (this.#isClosed || !isFresh(this.#beatAt)) return;
    if (isFresh(this.#echoAt)) this.#find();
    else if (!isFresh(this.#connection?.openedAt ?? now)) this.#lose('NO_MESSAGES');
  }

  #find(): void {
    if (this.isShared) {
      for (const lease of this.#leases) lease.checkReplicas();
      return;
    }
    this.isShared = true;
    if (this.#isSaid) this.#options.onShared({ isShared: true, cause: null });
    this.#isSaid = false;
    for (const lease of this.#leases) void lease.look();
  }

  #lose(cause: string): void {
    if (this.#isClosed || this.#isSaid) return;
    this.isShared = false;
    this.#isSaid = true;
    this.#formerId = this.replicaId;
    this.replicaId = newId();
    this.#beatAt = Number.NEGATIVE_INFINITY;
    this.#options.onShared({ isShared: false, cause });
    for (const lease of this.#leases) lease.standAlone();
  }
}

interface Connection {
  readonly client: ReturnType<typeof createRedisClient>;
  readonly connected: Promise<unknown>;
  readonly channels: RedisChannels;
  readonly timer: NodeJS.Timeout;
  readonly openedAt: number;
}

/** 128 random bits. */
function newId(): string {
  return randomBytes(16).toString('base64url');
}

function within<Value>(milliseconds: number, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('Redis does not answer')), milliseconds);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
