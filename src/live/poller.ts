// The one poller of an account, however many listen: it asks as often as the most impatient of them wants,
// for the segments that any of them wants, and ends with the last of them or with the session. Of the replicas that watch
// by one credential, one polls for all.

import type { Segment } from '../brokers/answers.ts';
import type { Credential } from '../brokers/credential.ts';
import { BrokerError } from '../brokers/error.ts';
import type { Clock } from '../brokers/upstream/clock.ts';
import { CallCount, type Operation } from '../brokers/upstream/operation.ts';
import type { SharedReads } from '../loaders/shared-reads.ts';
import type { PollLimiter, PollOwner } from './poll-limiter.ts';
import { isFinal, type PollResult } from './poll-result.ts';
import { type Demand, type PollShare, type PollSharing, unshared } from './poll-sharing.ts';

/** A subscriber to an account's margins. */
export interface Listener {
  readonly segments: ReadonlySet<Segment>;
  /** The least time between an answer and the next question. */
  readonly everyMilliseconds: number;
  /** Whose turns the polls take. */
  readonly callerId: string;
  /** The same for all listeners of one subscription, which take turns with the caller's other ones as one. */
  readonly watchId: symbol;
  /** Receives every result, changed or not. A final result is the last. */
  readonly hear: (result: PollResult) => void;
}

/** Whose the polls are of an account that is watched no longer. */
const unknownWatch = Symbol('unknown');

/** What pollers share. */
export interface PollerServices {
  readonly reads: SharedReads;
  readonly clock: Clock;
  readonly limiter: PollLimiter;
  /** Shares polls with other replicas; null where they do not. */
  readonly sharing: PollSharing | null;
  /** The longest pause that failures lead to; a listener may want a longer one. */
  readonly maxPauseMilliseconds: number;
}

/** Polls one account while it has subscribers. */
export class Poller {
  readonly #credential: Credential;
  readonly #services: PollerServices;
  readonly #onOver: () => void;
  readonly #listeners = new Set<Listener>();
  readonly #over = new AbortController();
  #rest = new AbortController();
  #releasePermit = () => {};
  #latest: PollResult | null = null;
  #failures = 0;
  #share: PollShare = unshared;
  /** When another replica was last looked for. */
  #lookedAt = 0;

  /** @param onOver called once, when it will never poll again. */
  constructor(credential: Credential, services: PollerServices, onOver: () => void) {
    this.#credential = credential;
    this.#services = services;
    this.#onOver = onOver;
  }

  /** How many listen. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Whether this process polls, and not another replica. */
  get isPolling(): boolean {
    return this.#share.isPolling;
  }

  /** Adds a subscriber: it gets the known state at once and a fresh one soon. */
  join(listener: Listener): void {
    const isFirst = this.#listeners.size === 0;
    this.#listeners.add(listener);
    if (isFirst) {
      this.#begin();
      return;
    }
    this.#share.want(this.#demand());
    const latest = this.#latest;
    if (latest !== null && holds(latest, listener.segments)) listener.hear(latest);
    this.#rest.abort();
  }

  /** Removes a subscriber. */
  leave(listener: Listener): void {
    if (!this.#listeners.delete(listener)) return;
    if (this.#listeners.size === 0) this.#end();
    else this.#share.want(this.#demand());
  }

  #begin(): void {
    const { reads, clock, sharing } = this.#services;
    reads.onForgotten(this.#credential, (refusal) => {
      const at = clock.milliseconds();
      this.#tell(refusal === null ? { at, isEnded: true } : { at, error: refusal });
    });
    this.#lookedAt = clock.milliseconds();
    if (sharing !== null) {
      this.#share = sharing.join(this.#credential, this.#demand(), {
        onResult: (result) => this.#hear(result),
        onTurn: () => this.#rest.abort(),
      });
    }
    void this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#over.signal.aborted) {
      const pause = this.#untilDue();
      if (pause > 0) {
        this.#rest = new AbortController();
        await this.#services.clock.wait(pause, this.#rest.signal);
      } else if (this.#share.isPolling) {
        await this.#poll();
      } else {
        this.#lookedAt = this.#services.clock.milliseconds();
        await this.#share.look();
      }
    }
  }

  async #poll(): Promise<void> {
    const { limiter, reads, clock } = this.#services;
    const { signal } = this.#over;
    const owner = this.#owner();
    const permit = limiter.enter(owner, this.#latest === null);
    this.#releasePermit = permit.leave;
    await permit.turn;
    if (signal.aborted) return;
    // It waits for its turn however long that takes: under a tight budget intervals stretch, and nothing fails.
    const deadlineAt = Number.POSITIVE_INFINITY;
    const operation: Operation = {
      calls: new CallCount(),
      callerId: owner.callerId,
      signal,
      deadlineAt,
      begun: permit.leave,
    };
    const segments = this.#segments();
    try {
      const answer = await reads.margins(this.#credential, segments, operation);
      this.#tell({ at: clock.milliseconds(), answer });
    } catch (error) {
      const known = error instanceof Error ? error : new Error('A poll failed');
      this.#tell({ at: clock.milliseconds(), error: known });
    } finally {
      permit.leave();
    }
  }

  /** Takes a result of this process, which the other replicas are told of. */
  #tell(result: PollResult): void {
    if (this.#over.signal.aborted) return;
    this.#share.publish(result);
    this.#hear(result);
  }

  #hear(result: PollResult): void {
    if (this.#over.signal.aborted) return;
    this.#latest = result;
    this.#failures = 'error' in result ? this.#failures + 1 : 0;
    const listeners = [...this.#listeners].filter(({ segments }) => holds(result, segments));
    if (isFinal(result)) this.#end();
    for (const { hear } of listeners) hear(result);
  }

  #end(): void {
    this.#listeners.clear();
    this.#share.leave();
    this.#services.reads.onForgotten(this.#credential, null);
    this.#over.abort();
    this.#rest.abort();
    this.#releasePermit();
    this.#onOver();
  }

  /** Of all who listen, the one with the fewest polls to wait for. */
  #owner(): PollOwner {
    const { limiter } = this.#services;
    const app = this.#credential.apiKey;
    let best: PollOwner | undefined;
    for (const { callerId, watchId } of this.#listeners) {
      const owner = { app, callerId, watchId };
      if (best === undefined || limiter.waiting(owner) < limiter.waiting(best)) best = owner;
    }
    return best ?? { app, callerId: 'unknown', watchId: unknownWatch };
  }

  /** What its own listeners want. */
  #demand(): Demand {
    const listeners = [...this.#listeners];
    return {
      everyMilliseconds: Math.min(...listeners.map((listener) => listener.everyMilliseconds)),
      segments: [...new Set(listeners.flatMap(({ segments }) => [...segments]))],
    };
  }

  /** What all want that it polls for. */
  get #demands(): readonly Demand[] {
    return [this.#demand(), ...this.#share.others];
  }

  #segments(): readonly Segment[] {
    return [...new Set(this.#demands.flatMap(({ segments }) => segments))];
  }

  /** Milliseconds until it is to ask again, or to look whether a result of another replica was missed; 0 or less: now. */
  #untilDue(): number {
    const { isPolling, graceMilliseconds } = this.#share;
    const latest = this.#latest;
    const now = this.#services.clock.milliseconds();
    const isKnown = latest !== null && holds(latest, this.#segments());
    const dueAt = isKnown ? latest.at + this.#pauseAfter(latest) : now;
    if (isPolling) return dueAt - now;
    return Math.max(isKnown ? dueAt : 0, this.#lookedAt) + graceMilliseconds - now;
  }

  #pauseAfter(latest: PollResult): number {
    const every = Math.min(...this.#demands.map(({ everyMilliseconds }) => everyMilliseconds));
    if (!('error' in latest)) return every;
    const error = latest.error instanceof BrokerError ? latest.error : null;
    const longest = Math.max(every, this.#services.maxPauseMilliseconds);
    const backOff = Math.min(every * 2 ** this.#failures, longest);
    return Math.max(backOff, (error?.retryAfterSeconds ?? 0) * 1_000);
  }
}

/** Whether a result has everything known about these segments. */
function holds(result: PollResult, segments: Iterable<Segment>): boolean {
  return !('answer' in result) || [...segments].every((name) => name in result.answer.value);
}
