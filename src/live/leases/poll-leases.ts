// Leases on polls in a Redis that replicas share: one for each account that this process watches.
import { defaultBroker } from '../../brokers/broker-name.ts';
import { type Credential, digestOf } from '../../brokers/credential.ts';
import type { Clock } from '../../brokers/upstream/clock.ts';
import type { RedisClient } from '../../brokers/upstream/redis/commands.ts';
import {
  type ChannelListener,
  createRedisChannels,
  type RedisChannels,
} from '../../brokers/upstream/redis-channels.ts';
import { createRedisClient, redisCause } from '../../brokers/upstream/redis-client.ts';
import type { RedisAddress } from '../../shared/redis-address.ts';
import { within } from '../../shared/within.ts';
import {
  type Demand,
  type PollShare,
  type PollShareEvents,
  type PollSharing,
  unshared,
} from '../poll-sharing.ts';
import { Heartbeat } from './heartbeat.ts';
import type { ChannelEncrypter, IgnoredReason, LeaseHost, LeaseLimits } from './lease-host.ts';
import { MessageLimit } from './message-limit.ts';
import { PollLease } from './poll-lease.ts';

/** What leases are made from. */
export interface PollLeasesOptions {
  /** The Redis that replicas share. */
  readonly redisUrl: string | RedisAddress;
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

interface Connection {
  readonly client: RedisClient;
  readonly connected: Promise<unknown>;
  readonly channels: RedisChannels;
  readonly heartbeat: Heartbeat;
}

/** Shares polls by leases in Redis. It connects with the first poller. */
export class PollLeases implements PollSharing, LeaseHost {
  readonly clock: Clock;
  readonly now: () => Date;
  readonly limits: LeaseLimits;
  readonly #options: PollLeasesOptions;
  readonly #leases = new Set<PollLease>();
  readonly #limit: MessageLimit;
  readonly #running = new Set<Promise<unknown>>();
  #connection: Connection | null = null;
  /** Whether the leases were told that polls are shared. */
  #isTold = false;
  #isClosed = false;
  #cause: string | null = null;

  constructor(options: PollLeasesOptions) {
    const { clock, now, limits } = options;
    this.clock = clock;
    this.now = now;
    this.limits = limits;
    this.#options = options;
    this.#limit = new MessageLimit(limits.sharedPollMessages);
  }

  get replicaId(): string {
    return this.#connection?.heartbeat.replicaId ?? '';
  }

  get isShared(): boolean {
    return this.#connection?.heartbeat.isShared ?? false;
  }

  join(credential: Credential, demand: Demand, events: PollShareEvents): PollShare {
    if (this.#isClosed || this.#leases.size >= this.limits.sharedPolls) return unshared;
    const { heartbeat } = this.#connect();
    const { keys } = this.#options;
    const { broker = defaultBroker, apiKey } = credential;
    const name = keys.name('margins', broker, apiKey, digestOf(credential));
    const lease = new PollLease(this, name, keys.encrypterOf(name), demand, events);
    this.#leases.add(lease);
    if (heartbeat.isShared) void lease.look();
    else if (heartbeat.isLost) lease.standAlone();
    return lease;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const lease of [...this.#leases]) lease.leave();
    if (this.#connection === null) return;
    const { client, channels, heartbeat } = this.#connection;
    await within(heartbeat.patience, Promise.allSettled(this.#running)).catch(() => {});
    await heartbeat.stop();
    channels.close();
    if (client.isOpen) client.destroy();
  }

  isGone(replicaId: string, since: number): boolean {
    return this.#connection?.heartbeat.isGone(replicaId, since) ?? false;
  }

  async run(script: string, key: string, args: readonly (string | number)[]): Promise<unknown> {
    if (this.#connection === null) throw new Error('Not connected');
    const { client, connected } = this.#connection;
    // What waits for longer is of no use any more.
    const milliseconds = 1_000 * this.limits.pollLeaseSeconds;
    if (!client.isReady) await within(milliseconds, connected);
    const end = () => AbortSignal.timeout(milliseconds);
    const input = { keys: [key], arguments: args.map(String) };
    const running = client.eval(script, input, client.mayWait ? { abortSignal: end() } : {});
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

  #connect(): Connection {
    if (this.#connection !== null) return this.#connection;
    const { redisUrl, limits, now } = this.#options;
    const client = createRedisClient(redisUrl, limits.redisConnectSeconds);
    client.on('error', (error) => {
      this.#cause = redisCause(error) ?? this.#cause;
    });
    const connected = client.connect().catch(() => {});
    const channels = createRedisChannels(redisUrl, limits.redisConnectSeconds);
    const heartbeat = new Heartbeat({
      now,
      limits,
      run: (...words) => this.run(...words),
      listen: (...words) => channels.listen(...words),
      onBeat: () => this.#checkLeases(),
      onShared: (isShared, cause) => this.#tell(isShared, cause),
    });
    this.#connection = { client, connected, channels, heartbeat };
    return this.#connection;
  }

  #checkLeases(): void {
    for (const lease of this.#leases) {
      if (this.#isTold) lease.checkReplicas();
      else void lease.look();
    }
    this.#isTold = true;
  }

  #tell(isShared: boolean, cause: string | null): void {
    const known = cause ?? this.#cause ?? 'ETIMEDOUT';
    this.#cause = null;
    this.#options.onShared({ isShared, cause: isShared ? null : known });
    if (isShared) return;
    this.#isTold = false;
    for (const lease of this.#leases) lease.standAlone();
  }
}
