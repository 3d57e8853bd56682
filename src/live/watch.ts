// One subscription's view of its accounts: of each the latest result that it has not sent yet, and no older ones,
// so that however slowly it reads, it takes no more memory.

import type { Segment } from '../brokers/answers.ts';
import type { Cancellable } from '../shared/cancellation.ts';
import { isFinal, isSame, type PollResult } from './poll-result.ts';
import type { Listener } from './poller.ts';

/** What is watched of each account. */
export interface WatchOptions {
  /** A change in another one is not an event. */
  readonly segments: ReadonlySet<Segment>;
  /** Seconds: the least time between two pieces of news of one account. */
  readonly everySeconds: number;
  /** Whose turns the polls take. */
  readonly callerId: string;
  /** Ends the watch: the client has disconnected. */
  readonly signal: Cancellable;
}

/** Calls `onEnd` for each subject that may be followed no more, whatever its polls say; gives the way to stop. */
export type Endings<Subject> = (onEnd: (subject: Subject) => void) => () => void;

const stopped = () => new DOMException('The gateway is stopping', 'AbortError');

/** News of one account. */
export interface Change<Subject> {
  readonly subject: Subject;
  readonly result: PollResult;
}

/** Begins to listen to a subject; gives the way to stop. */
export type Listen<Subject> = (subject: Subject, listener: Listener) => () => void;

interface Watched<Subject> {
  readonly subject: Subject;
  stop: () => void;
  sent: PollResult | null;
}

/** Timers are not exact: a poll that is early by as much is on time. */
const slackMilliseconds = 20;

/** News of accounts, each as it comes. It is over when no account can have any more. */
export class Watch<Subject> {
  readonly #options: WatchOptions;
  readonly #id = Symbol('watch');
  readonly #watched = new Set<Watched<Subject>>();
  readonly #pending = new Map<Watched<Subject>, PollResult>();
  readonly #stopping: AbortSignal;
  #news = Promise.withResolvers<void>();
  #isOver = false;

  /** @param stopping aborts the watch: its reader gets an AbortError. */
  constructor(options: WatchOptions, stopping: AbortSignal) {
    this.#options = options;
    this.#stopping = stopping;
  }

  /**
   * The events, from the first call of `next`; a watch without a reader costs nothing.
   * `return` takes effect at once, also while a call of `next` waits.
   */
  changes(
    subjects: readonly Subject[],
    listen: Listen<Subject>,
    endings?: Endings<Subject>,
  ): AsyncIterableIterator<Change<Subject>> {
    const generator = this.#changes(subjects, listen, endings);
    return {
      next: () => generator.next(),
      return: () => {
        this.#end();
        return generator.return(undefined);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  async *#changes(
    subjects: readonly Subject[],
    listen: Listen<Subject>,
    endings?: Endings<Subject>,
  ): AsyncGenerator<Change<Subject>, undefined> {
    const { segments, signal } = this.#options;
    const signals = [signal, this.#stopping];
    const leave = () => this.#end();
    for (const each of signals) each.addEventListener('abort', leave);
    let leaveEndings: (() => void) | undefined;
    try {
      if (signals.some(({ aborted }) => aborted)) leave();
      for (const subject of this.#isOver ? [] : subjects) this.#begin(subject, listen);
      if (!this.#isOver) leaveEndings = endings?.((subject) => this.#endSubject(subject));
      for (;;) {
        const [next] = this.#pending;
        if (next !== undefined) {
          const [watched, result] = next;
          this.#pending.delete(watched);
          if (watched.sent !== null && isSame(watched.sent, result, segments)) continue;
          watched.sent = result;
          yield { subject: watched.subject, result };
        } else if (this.#watched.size > 0) {
          await this.#news.promise;
          this.#news = Promise.withResolvers();
        } else break;
      }
      if (this.#stopping.aborted) throw stopped();
    } finally {
      leaveEndings?.();
      for (const each of signals) each.removeEventListener('abort', leave);
      leave();
    }
  }

  #begin(subject: Subject, listen: Listen<Subject>): void {
    const { segments, everySeconds, callerId } = this.#options;
    const everyMilliseconds = everySeconds * 1_000;
    const watched: Watched<Subject> = { subject, stop: () => {}, sent: null };
    this.#watched.add(watched);
    const hear = (result: PollResult) => {
      if (!this.#watched.has(watched)) return;
      const { sent } = watched;
      const isLast = isFinal(result);
      // A later result will bring it, if it still holds then: the poller goes on.
      const isEarly = sent !== null && result.at - sent.at < everyMilliseconds - slackMilliseconds;
      if (isEarly && !isLast) return;
      if (isLast) {
        this.#watched.delete(watched);
        watched.stop();
      }
      this.#pending.set(watched, result);
      this.#news.resolve();
    };
    watched.stop = listen(subject, {
      segments,
      everyMilliseconds,
      callerId,
      watchId: this.#id,
      hear,
    });
  }

  #endSubject(subject: Subject): void {
    for (const watched of this.#watched) {
      if (watched.subject !== subject) continue;
      this.#watched.delete(watched);
      watched.stop();
      this.#pending.set(watched, { at: watched.sent?.at ?? 0, isEnded: true });
      this.#news.resolve();
    }
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const { stop } of this.#watched) stop();
    this.#watched.clear();
    this.#pending.clear();
    this.#news.resolve();
  }
}
