// The lease on the polls of one account: which replica polls, and what it has answered. Every replica that watches has one
// of these; one of them polls and publishes, the others hear it.
import { isFinal, type PollResult } from '../poll-result.ts';
import type { Demand, PollShare, PollShareEvents } from '../poll-sharing.ts';
import { LeaseChannel } from './lease-channel.ts';
import type { ChannelEncrypter, LeaseHost } from './lease-host.ts';
import { type LeaseState, parseLease, parseWants } from './lease-state.ts';
import { outcomeOf } from './messages.ts';
import { OtherWants } from './other-wants.ts';
import {
  endScript,
  finalScript,
  leaseKey,
  leaveScript,
  lookScript,
  publishScript,
} from './scripts.ts';

/** Part of the lease of one credential. */
export class PollLease implements PollShare {
  readonly graceMilliseconds: number;
  readonly #host: LeaseHost;
  readonly #key: string;
  readonly #channel: LeaseChannel;
  readonly #wants: OtherWants;
  readonly #events: PollShareEvents;
  readonly #stopListening: () => void;
  readonly #patience: NodeJS.Timeout;
  #role: 'unknown' | 'polling' | 'following' | 'alone' = 'unknown';
  #demand: Demand;
  /** Whether the holder is still to be told of it. */
  #isNews = true;
  #holder = '';
  #fence = 0;
  #looking: Promise<void> | null = null;
  #isLookDue = false;
  #isOver = false;

  /** @param name the credential's, by which all replicas know it. */
  constructor(
    host: LeaseHost,
    name: string,
    encrypter: ChannelEncrypter,
    demand: Demand,
    events: PollShareEvents,
  ) {
    const { pollLeaseSeconds, redisAnswerMilliseconds } = host.limits;
    this.#host = host;
    this.#key = leaseKey(name);
    this.#channel = new LeaseChannel(host, this.#key, encrypter);
    this.#wants = new OtherWants(host, this.#channel);
    this.#demand = demand;
    this.#events = events;
    this.graceMilliseconds = pollLeaseSeconds * 1_000;
    this.#stopListening = host.listen(this.#key, {
      onMessage: (text) => this.#receive(text),
      onGap: () => void this.look(),
    });
    // A client waits for its first event: it does not wait for Redis.
    this.#patience = setTimeout(() => {
      if (this.#role === 'unknown') this.#become('alone');
    }, redisAnswerMilliseconds).unref();
  }

  get isPolling(): boolean {
    return this.#role === 'polling' || this.#role === 'alone';
  }

  get others(): readonly Demand[] {
    return this.#role === 'polling' ? this.#wants.live : [];
  }

  want(demand: Demand): void {
    const { everyMilliseconds, segments } = this.#demand;
    const isSame =
      everyMilliseconds === demand.everyMilliseconds &&
      `${segments.toSorted()}` === `${demand.segments.toSorted()}`;
    if (isSame) return;
    this.#demand = demand;
    this.#isNews = true;
    void this.look();
  }

  look(): Promise<void> {
    if (this.#isOver || !this.#host.isShared) return Promise.resolve();
    this.#isLookDue = true;
    this.#looking ??= this.#lookOn();
    return this.#looking;
  }

  publish(result: PollResult): void {
    const outcome = outcomeOf(result);
    if (outcome === null || this.#isOver || !this.#host.isShared) return;
    if (isFinal(result)) void this.#publishFinal(outcome);
    else if (this.#role === 'polling') void this.#publish({ at: result.at, outcome }, true);
  }

  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#patience);
    this.#stopListening();
    this.#host.forget(this);
    if (!this.#host.isShared) return;
    const args = [this.#host.replicaId, this.#channel.write({ kind: 'look' })];
    // The lease ends by itself, too.
    this.#host.run(leaveScript, this.#key, args).catch(() => {});
  }

  /** Redis was lost: this gateway polls by itself. */
  standAlone(): void {
    this.#isNews = true;
    this.#become('alone');
  }

  /** It is known anew which replicas there are. */
  checkReplicas(): void {
    const isFree = this.#role === 'following' && this.#isHolderGone;
    if (isFree || this.#wants.hasGone) void this.look();
  }

  get #isHolderGone(): boolean {
    return this.#holder !== '' && this.#host.isGone(this.#holder, this.#fence);
  }

  /** How long Redis keeps the lease without a word of any replica, in milliseconds. */
  get #life(): number {
    return 2 * this.#demand.everyMilliseconds + 10 * this.graceMilliseconds;
  }

  #become(role: 'polling' | 'following' | 'alone'): void {
    if (this.#role === role || this.#isOver) return;
    this.#role = role;
    this.#events.onTurn();
  }

  async #lookOn(): Promise<void> {
    try {
      while (this.#isLookDue && !this.#isOver && this.#host.isShared) {
        this.#isLookDue = false;
        await this.#lookOnce();
      }
    } catch {
      // The heartbeat notices that Redis is away.
    } finally {
      this.#looking = null;
    }
  }

  async #lookOnce(): Promise<void> {
    const { replicaId } = this.#host;
    const demand = this.#demand;
    const notice = this.#channel.write({ kind: 'look' });
    const gone = new Set(this.#wants.removable);
    if (this.#isHolderGone) gone.add(this.#holder);
    const own = [replicaId, this.#channel.writeDemand(demand), this.#life, notice];
    const args = [...own, Number(this.#isNews), ...this.#bounds, ...gone];
    const reply = await this.#host.run(lookScript, this.#key, args);
    if (this.#isOver || this.#host.replicaId !== replicaId) return;
    if (this.#demand === demand) this.#isNews = false;
    this.#take(parseLease(reply));
  }

  #take({ holder, fence, latest, wants }: LeaseState): void {
    const before = JSON.stringify(this.others);
    this.#holder = holder;
    this.#fence = fence;
    this.#wants.take(wants);
    if (latest !== null) this.#hearKept(latest);
    if (this.#isHolderGone) this.#isLookDue = true;
    this.#become(holder === this.#host.replicaId ? 'polling' : 'following');
    if (JSON.stringify(this.others) !== before) this.#events.onTurn();
  }

  /** The latest result, which was published before this replica listened, or was lost on its way. */
  #hearKept(text: string): void {
    const message = this.#channel.readKept(text);
    if (message === null) return;
    const demands = [this.#demand, ...this.#wants.all];
    const every = Math.max(...demands.map(({ everyMilliseconds }) => everyMilliseconds));
    const isHeldElsewhere = this.#holder !== this.#host.replicaId && !this.#isHolderGone;
    // The replica that polls has it as its latest too. One that begins to poll tells nothing that is too old.
    const longest = isHeldElsewhere ? 2 * every + this.graceMilliseconds : every;
    if (this.#channel.ageOf(message) > longest) return;
    this.#events.onResult({ at: this.#channel.note(message), ...message.outcome });
  }

  #receive(text: string): void {
    if (this.#isOver) return;
    const message = this.#channel.read(text);
    if (message === null) return;
    if (typeof message === 'string') this.#host.ignore(message);
    else if (message.kind === 'look') void this.look();
    else if (message.kind === 'final') {
      if (!this.#channel.isForThis(message)) this.#host.ignore('replayed');
      else this.#events.onResult({ at: this.#host.clock.milliseconds(), ...message.outcome });
    } else if (message.fence < this.#fence || !this.#channel.isNew(message)) {
      this.#host.ignore('replayed');
    } else {
      // Another replica holds the lease now.
      if (message.fence > this.#fence) void this.look();
      this.#events.onResult({ at: this.#channel.note(message), ...message.outcome });
    }
  }

  async #publish(
    result: { readonly at: number; readonly outcome: object },
    mayLook: boolean,
  ): Promise<void> {
    const fence = this.#fence;
    const { number, text } = this.#channel.writeResult(fence, result);
    const args = [this.#host.replicaId, fence, text, this.#life];
    try {
      if ((await this.#host.run(publishScript, this.#key, args)) === 1 || !mayLook) return;
      // Another replica holds the lease, or Redis has lost it.
      await this.look();
    } catch {
      // The heartbeat notices that Redis is away.
      return;
    }
    const isLatest = this.#channel.isLast(fence, number);
    if (isLatest && this.#role === 'polling') await this.#publish(result, false);
  }

  /** Ends the lease, and then the streams of those that took part. One that begins in between has a lease of its own. */
  async #publishFinal(outcome: object): Promise<void> {
    try {
      const ended = await this.#host.run(endScript, this.#key, this.#bounds);
      const to = this.#wants.namesIn(parseWants(ended));
      const text = this.#channel.write({ kind: 'final', to, outcome });
      await this.#host.run(finalScript, this.#key, [text]);
    } catch {
      // The heartbeat notices that Redis is away.
    }
  }

  /** What a lease in Redis may be like: how many wants, and how many bytes each field. */
  get #bounds(): readonly number[] {
    const { redisReplicas, sharedPollBytes } = this.#host.limits;
    return [redisReplicas, sharedPollBytes];
  }
}
