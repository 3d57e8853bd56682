// The lease on the polls of one account: which replica polls, and what it has answered. Every replica that watches has one
// of these; one of them polls and publishes, the others hear it.
import { isFinal, type PollResult } from '../poll-result.ts';
import type { Demand, PollShare, PollShareEvents } from '../poll-sharing.ts';
import { LeaseChannel } from './lease-channel.ts';
import type { ChannelEncrypter, LeaseHost } from './lease-host.ts';
import { type LeaseState, parseLease } from './lease-state.ts';
import { outcomeOf } from './messages.ts';
import { endScript, leaseKey, leaveScript, lookScript, publishScript } from './scripts.ts';

/** Part of the lease of one credential. */
export class PollLease implements PollShare {
  readonly graceMilliseconds: number;
  readonly #host: LeaseHost;
  readonly #key: string;
  readonly #channel: LeaseChannel;
  readonly #events: PollShareEvents;
  readonly #stopListening: () => void;
  readonly #patience: NodeJS.Timeout;
  #role: 'unknown' | 'polling' | 'following' | 'alone' = 'unknown';
  #demand: Demand;
  /** Whether the holder is still to be told of it. */
  #isNews = true;
  #holder = '';
  #fence = 0;
  #wants: readonly Want[] = [];
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
    if (this.#role !== 'polling') return [];
    return this.#wants.filter((want) => !this.#isGone(want)).map(({ demand }) => demand);
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
    if (isFinal(result)) this.#send(endScript, [this.#channel.write({ kind: 'final', outcome })]);
    else if (this.#role === 'polling') void this.#publish({ at: result.at, outcome }, true);
  }

  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#patience);
    this.#stopListening();
    this.#host.forget(this);
    if (!this.#host.isShared) return;
    this.#send(leaveScript, [this.#host.replicaId, this.#channel.write({ kind: 'look' })]);
  }

  /** Redis was lost: this gateway polls by itself. */
  standAlone(): void {
    this.#isNews = true;
    this.#become('alone');
  }

  /** It is known anew which replicas there are. */
  checkReplicas(): void {
    const isFree = this.#role === 'following' && this.#isHolderGone;
    if (isFree || this.#wants.some((want) => this.#isGone(want))) void this.look();
  }

  get #isHolderGone(): boolean {
    return this.#holder !== '' && this.#host.isGone(this.#holder, this.#fence);
  }

  /** How long Redis keeps the lease without a word of any replica, in milliseconds. */
  get #life(): number {
    return 2 * this.#demand.everyMilliseconds + 10 * this.graceMilliseconds;
  }

  #isGone({ from, since }: Want): boolean {
    return this.#host.isGone(from, since);
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
    const notice = this.#isNews ? this.#channel.write({ kind: 'look' }) : '';
    const gone = new Set(this.#wants.filter((want) => this.#isGone(want)).map(({ from }) => from));
    if (this.#isHolderGone) gone.add(this.#holder);
    const args = [replicaId, this.#channel.writeDemand(demand), this.#life, notice, ...gone];
    const reply = await this.#host.run(lookScript, this.#key, args);
    if (this.#isOver || this.#host.replicaId !== replicaId) return;
    if (this.#demand === demand) this.#isNews = false;
    this.#take(parseLease(reply));
  }

  #take({ holder, fence, latest, wants }: LeaseState): void {
    const before = JSON.stringify(this.others);
    this.#holder = holder;
    this.#fence = fence;
    this.#wants = wants.flatMap(({ from, since, text }) => {
      const isOwn = from === this.#host.replicaId;
      const demand = isOwn ? null : this.#channel.readDemand(from, text);
      return demand === null ? [] : [{ from, since, demand }];
    });
    if (latest !== null) this.#hearKept(latest);
    if (this.#isHolderGone) this.#isLookDue = true;
    this.#become(holder === this.#host.replicaId ? 'polling' : 'following');
    if (JSON.stringify(this.others) !== before) this.#events.onTurn();
  }

  /** The latest result, which was published before this replica listened, or was lost on its way. */
  #hearKept(text: string): void {
    const message = this.#channel.readKept(text);
    if (message === null) return;
    const demands = [this.#demand, ...this.#wants.map(({ demand }) => demand)];
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
      this.#events.onResult({ at: this.#host.clock.milliseconds(), ...message.outcome });
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

  #send(script: string, args: readonly string[]): void {
    this.#host.run(script, this.#key, args).catch(() => {});
  }
}

/** What another replica wants, since when by Redis's clock. */
interface Want {
  readonly from: string;
  readonly since: number;
  readonly demand: Demand;
}
