// Answers of one kind, held for those who accept an older one. They are people's personal and financial data:
// in memory only, never longer than any client may accept, and under a digest, so that nothing here opens an account.

import type { Clock } from '../brokers/upstream/clock.ts';
import { Cancellation } from '../shared/cancellation.ts';
import type { Answer } from './answer.ts';

/** How answers are held. */
export interface AnswerCacheOptions {
  /** Seconds after which an answer is evicted, also without a request. 0 caches nothing. */
  readonly maxAgeSeconds: number;
  /** The most answers; beyond it the oldest go. */
  readonly max: number;
  /** When an answer that was read at a time is over, however young it is then. */
  readonly expiryOf: (asOf: Date) => Date;
  /** The time by which answers age. */
  readonly now: () => Date;
  /** By which they are dropped. */
  readonly clock: Clock;
}

/** Where an answer is held. It is emptied when the answer is dropped before its batch. */
interface Slot<T> {
  readonly digest: string;
  answer: Answer<T> | undefined;
}

/** Answers held within the same short time, which are dropped together. */
interface Batch<T> {
  /** When its first answer is as old as an answer may get, in milliseconds of the clock. */
  readonly dropAt: number;
  /** When it takes no more. */
  readonly fullAt: number;
  readonly slots: Slot<T>[];
}

/** Answers are dropped in batches of this part of their time, and of their number, at most. */
const parts = 16;

/**
 * Answers by credential, under its digest. They are dropped in batches, the oldest first: when the first answer of a
 * batch is too old, or when there are too many. So none is held longer than promised, and none has to be looked for.
 */
export class AnswerCache<T> {
  readonly #answers = new Map<string, Slot<T>>();
  readonly #batches: Batch<T>[] = [];
  readonly #options: AnswerCacheOptions;
  #slots = 0;
  #timer: Cancellation | undefined;

  constructor(options: AnswerCacheOptions) {
    this.#options = options;
  }

  /** How many there are. */
  get size(): number {
    return this.#answers.size;
  }

  /** The answer of a credential, if it is young enough and its time is not over. */
  find(digest: string, maxAgeSeconds: number): Answer<T> | undefined {
    if (maxAgeSeconds <= 0) return undefined;
    const answer = this.#answers.get(digest)?.answer;
    if (answer === undefined) return undefined;
    const { now: clock, expiryOf } = this.#options;
    const now = clock();
    const age = now.getTime() - answer.asOf.getTime();
    const most = Math.min(maxAgeSeconds, this.#options.maxAgeSeconds) * 1_000;
    // An answer from the future means that the clock was set back: its age is unknown.
    const isAccepted = age >= 0 && age <= most && now < expiryOf(answer.asOf);
    return isAccepted ? answer : undefined;
  }

  /** Holds an answer that has just arrived, in place of the credential's older one. */
  hold(digest: string, answer: Answer<T>): void {
    const { maxAgeSeconds, max, clock } = this.#options;
    if (maxAgeSeconds <= 0) return;
    this.forget(digest);
    const slot = { digest, answer };
    this.#answers.set(digest, slot);
    const now = clock.milliseconds();
    let batch = this.#batches.at(-1);
    if (batch === undefined || now >= batch.fullAt || batch.slots.length >= max / parts) {
      const longest = maxAgeSeconds * 1_000;
      batch = { dropAt: now + longest, fullAt: now + longest / parts, slots: [] };
      this.#batches.push(batch);
    }
    batch.slots.push(slot);
    this.#slots += 1;
    // An answer that another one has replaced counts until its batch goes.
    if (this.#slots > max) this.#dropOldest();
    if (this.#timer === undefined) this.#dropLater();
  }

  /** Drops the answer of a credential. */
  forget(digest: string): void {
    const slot = this.#answers.get(digest);
    if (slot === undefined) return;
    slot.answer = undefined;
    this.#answers.delete(digest);
  }

  #dropOldest(): void {
    const slots = this.#batches.shift()?.slots ?? [];
    this.#slots -= slots.length;
    for (const slot of slots) {
      if (this.#answers.get(slot.digest) === slot) this.#answers.delete(slot.digest);
    }
  }

  #dropLater(): void {
    const [oldest] = this.#batches;
    if (oldest === undefined) return;
    const { clock } = this.#options;
    const timer = new Cancellation();
    this.#timer = timer;
    void clock.wait(Math.max(0, oldest.dropAt - clock.milliseconds()), timer).then(() => {
      this.#timer = undefined;
      const now = clock.milliseconds();
      while (this.#batches[0] !== undefined && this.#batches[0].dropAt <= now) this.#dropOldest();
      this.#dropLater();
    });
  }
}
