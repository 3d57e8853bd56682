// The heartbeat of a replica: it tells Redis that this process is there, learns which others are, and proves that what is
// published in Redis reaches this process.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { redisCause } from '../../brokers/upstream/redis-client.ts';
import { LateError, within } from '../../shared/within.ts';
import type { LeaseHost } from './lease-host.ts';
import { beatScript, echoChannel, replicasKey } from './scripts.ts';

/** What a heartbeat needs, and what it tells. */
export interface HeartbeatOptions extends Pick<LeaseHost, 'now' | 'limits' | 'run' | 'listen'> {
  /** Called when Redis counts this replica, and with each later heartbeat. */
  readonly onBeat: () => void;
  /** Called once whenever Redis is lost, with the code of the cause where it is known, and when it is found again. */
  readonly onShared: (isShared: boolean, cause: string | null) => void;
}

/** The time of Redis, then the replicas. */
const beatReply = z.tuple([z.string().transform(Number)], z.string());

/** One replica among others. */
export class Heartbeat {
  /** The name of this replica: another one whenever Redis was lost, as what it held then is free. */
  replicaId = newId();
  /** Whether Redis counts this replica, and what is published reaches it. */
  isShared = false;
  /** Whether it was told that Redis is lost. */
  isLost = false;
  readonly #options: HeartbeatOptions;
  readonly #echo = echoChannel(newId());
  readonly #leaseMilliseconds: number;
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;
  #isStopped = false;
  #isBeating = false;
  #formerId = '';
  #replicas: ReadonlySet<string> = new Set();
  /** When they were read, by Redis's clock. */
  #replicasAt = 0;
  #beatAt = Number.NEGATIVE_INFINITY;
  /** When this process last heard itself. */
  #echoAt = Number.NEGATIVE_INFINITY;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#leaseMilliseconds = options.limits.pollLeaseSeconds * 1_000;
    this.#timer = setInterval(() => void this.#beat(), this.patience).unref();
    options.listen(this.#echo, {
      onMessage: () => {
        this.#echoAt = performance.now();
        if (!this.isShared) this.#judge();
      },
      onGap: () => void this.#beat(),
    });
  }

  /** How long Redis may take for a heartbeat, and the time between two, in milliseconds. */
  get patience(): number {
    return this.#leaseMilliseconds / 4;
  }

  /** Whether a replica is gone that was there at this time of Redis. */
  isGone(replicaId: string, since: number): boolean {
    return since <= this.#replicasAt && !this.#replicas.has(replicaId);
  }

  /** Takes this replica out, as far as Redis can be reached. Never rejects. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    if (this.isShared) await this.#tell(0).catch(() => {});
  }

  /** @param milliseconds for how long this replica counts from now on. */
  #tell(milliseconds: number): Promise<unknown> {
    const { redisReplicas } = this.#options.limits;
    const args = [this.replicaId, milliseconds, this.#echo, this.#formerId, redisReplicas];
    return within(this.patience, this.#options.run(beatScript, replicasKey, args));
  }

  async #beat(): Promise<void> {
    if (this.#isBeating || this.#isStopped) return;
    this.#isBeating = true;
    // The others notice with their next heartbeat: by then the time of a lease is over.
    const life = Math.ceil(this.#leaseMilliseconds - this.patience);
    try {
      const [at, ...replicas] = beatReply.parse(await this.#tell(life));
      this.#formerId = '';
      this.#replicasAt = at;
      this.#replicas = new Set(replicas);
      this.#beatAt = performance.now();
      const { now, limits } = this.#options;
      const difference = Math.abs(at - now().getTime());
      if (difference > limits.sharedPollClockSeconds * 1_000) this.#lose('CLOCK');
      else this.#judge();
    } catch (error) {
      // A Redis, or a process, that is busy for a moment is not lost.
      const isLate = error instanceof LateError && performance.now() - this.#beatAt < life;
      if (!isLate) this.#lose(redisCause(error));
    } finally {
      this.#isBeating = false;
    }
  }

  #judge(): void {
    const now = performance.now();
    const isFresh = (at: number) => now - at <= this.#leaseMilliseconds;
    if (this.#isStopped || !isFresh(this.#beatAt)) return;
    if (isFresh(this.#echoAt)) this.#find();
    else if (!isFresh(this.#startedAt)) this.#lose('NO_MESSAGES');
  }

  #find(): void {
    const wasLost = this.isLost;
    this.isShared = true;
    this.isLost = false;
    if (wasLost) this.#options.onShared(true, null);
    this.#options.onBeat();
  }

  #lose(cause: string | null): void {
    if (this.#isStopped || this.isLost) return;
    this.isShared = false;
    this.isLost = true;
    this.#formerId = this.replicaId;
    this.replicaId = newId();
    this.#beatAt = Number.NEGATIVE_INFINITY;
    this.#options.onShared(false, cause);
  }
}

/** 128 random bits. */
function newId(): string {
  return randomBytes(16).toString('base64url');
}
