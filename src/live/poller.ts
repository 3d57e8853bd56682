// The one poller of an account, however many listen: it asks as often as the most impatient of them wants,
// for the segments that any of them wants, and ends with the last of them or with the session.

import type { Segment } from '../brokers/answers.ts';
import type { Credential } from '../brokers/credential.ts';
import { BrokerError } from '../brokers/error.ts';
import type { Clock } from '../brokers/upstream/clock.ts';
import type { Operation } from '../brokers/upstream/operation.ts';
import type { SegmentAnswer } from '../loaders/margins.ts';
import type { SharedReads } from '../loaders/shared-reads.ts';
import { type Finding, isFinal } from './finding.ts';
import type { Turnstile, Visitor } from './turnstile.ts';

/** A subscriber to an account's margins. */
export interface Listener {
  readonly segments: ReadonlySet<Segment>;
  /** The least time between an answer and the next question. */
  readonly everyMilliseconds: number;
  /** Whose turns the polls take. */
  readonly callerId: string;
  /** The same for all listeners of one subscription, which take turns with the caller's other ones as one. */
  readonly watchId: symbol;
  /** Told of every finding, news or not. A final one is the last. */
  readonly hear: (finding: Finding) => void;
}

/** What pollers share. */
export interface PollerServices {
  readonly reads: SharedReads;
  readonly clock: Clock;
  readonly turnstile: Turnstile;
  /** All polls of a caller take turns with its queries as one, so that a query waits for one poll, not for thousands. */
  readonly id: symbol;
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
  #leaveTurnstile = () => {};
  #latest: Finding | null = null;
  #failures = 0;

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

  /** Adds a subscriber: it gets the known state at once and a fresh one soon. */
  join(listener: Listener): void {
    const isFirst = this.#listeners.size === 0;
    this.#listeners.add(listener);
    if (isFirst) {
      this.#services.reads.onForgotten(this.#credential, (refusal) => {
        const at = this.#services.clock.milliseconds();
        this.#tell(refusal === null ? { at, isEnded: true } : { at, error: refusal });
      });
      void this.#run();
      return;
    }
    const latest = this.#latest;
    if (latest !== null && holds(latest, listener.segments)) listener.hear(latest);
    this.#rest.abort();
  }

  /** Removes a subscriber. */
  leave(listener: Listener): void {
    if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#end();
  }

  async #run(): Promise<void> {
    while (!this.#over.signal.aborted) {
      const pause = this.#untilDue();
      if (pause > 0) {
        this.#rest = new AbortController();
        await this.#services.clock.wait(pause, this.#rest.signal);
      } else {
        await this.#poll();
      }
    }
  }

  async #poll(): Promise<void> {
    const { turnstile, reads, clock, id } = this.#services;
    const { signal } = this.#over;
    const visitor = this.#visitor();
    const visit = turnstile.enter(visitor, this.#latest === null);
    this.#leaveTurnstile = visit.leave;
    await visit.turn;
    if (signal.aborted) return;
    // It waits for its turn however long that takes: under a tight budget intervals stretch, and nothing fails.
    const deadlineAt = Number.POSITIVE_INFINITY;
    const operation: Operation = {
      id,
      callerId: visitor.callerId,
      signal,
      deadlineAt,
      begun: visit.leave,
    };
    const segments = this.#segments();
    try {
      const read = reads.margins(this.#credential, segments, { operation, maxAgeSeconds: 0 });
      const answers = new Map<Segment, SegmentAnswer>();
      const reading = [...segments].map(async (segment) => {
        const { value, asOf } = await read(segment);
        answers.set(segment, { margins: value, asOf });
      });
      await Promise.all(reading);
      this.#failures = 0;
      this.#tell({ at: clock.milliseconds(), answers });
    } catch (error) {
      this.#failures += 1;
      const known = error instanceof Error ? error : new Error('A poll failed');
      this.#tell({ at: clock.milliseconds(), error: known });
    } finally {
      visit.leave();
    }
  }

  #tell(finding: Finding): void {
    if (this.#over.signal.aborted) return;
    this.#latest = finding;
    const listeners = [...this.#listeners];
    if (isFinal(finding)) this.#end();
    for (const { hear } of listeners) hear(finding);
  }

  #end(): void {
    this.#listeners.clear();
    this.#services.reads.onForgotten(this.#credential, null);
    this.#over.abort();
    this.#rest.abort();
    this.#leaveTurnstile();
    this.#onOver();
  }

  /** Of all who listen, the one with the fewest polls to wait for. */
  #visitor(): Visitor {
    const { turnstile } = this.#services;
    const app = this.#credential.apiKey;
    let best: Visitor | undefined;
    for (const { callerId, watchId } of this.#listeners) {
      const visitor = { app, callerId, watchId };
      if (best === undefined || turnstile.waiting(visitor) < turnstile.waiting(best))
        best = visitor;
    }
    return best ?? { app, callerId: 'unknown', watchId: this.#services.id };
  }

  #segments(): ReadonlySet<Segment> {
    return new Set([...this.#listeners].flatMap(({ segments }) => [...segments]));
  }

  /** Milliseconds until it is to ask again; 0 or less: now. */
  #untilDue(): number {
    const latest = this.#latest;
    if (latest === null) return 0;
    if (!holds(latest, this.#segments())) return 0;
    return latest.at + this.#pauseAfter(latest) - this.#services.clock.milliseconds();
  }

  #pauseAfter(latest: Finding): number {
    const every = Math.min(...[...this.#listeners].map((listener) => listener.everyMilliseconds));
    if (!('error' in latest)) return every;
    const error = latest.error instanceof BrokerError ? latest.error : null;
    const longest = Math.max(every, this.#services.maxPauseMilliseconds);
    const backOff = Math.min(every * 2 ** this.#failures, longest);
    return Math.max(backOff, (error?.retryAfterSeconds ?? 0) * 1_000);
  }
}

/** Whether a result has everything known about these segments. */
function holds(finding: Finding, segments: ReadonlySet<Segment>): boolean {
  return !('answers' in finding) || [...segments].every((segment) => finding.answers.has(segment));
}
