// Answers of one kind, held for those who accept an older one. They are people's personal and financial data:
// in memory only, never longer than any client may accept, and under a digest, so that nothing here opens an account.
import { lastSixInIndia } from '../kite/india-time.ts';
import type { Answer } from './answer.ts';

/** How answers are held. */
export interface HeldAnswersOptions {
  /** Seconds after which an answer goes, whether or not anybody asks. 0 holds nothing. */
  readonly maxAgeSeconds: number;
  /** The most answers; beyond it the older half goes. */
  readonly most: number;
  /** The time by which answers age. */
  readonly now: () => Date;
}

/**
 * Answers by credential, under its digest. They are held in two generations: when the younger one is full, or its time
 * is over, the older one goes as a whole. To find and remove the oldest one for each that comes would cost far more.
 */
export class HeldAnswers<T> {
  #younger = new Map<string, Answer<T>>();
  #older = new Map<string, Answer<T>>();
  readonly #options: HeldAnswersOptions;
  #turning: NodeJS.Timeout | undefined;

  constructor(options: HeldAnswersOptions) {
    this.#options = options;
  }

  /** The answer of a credential, if it is young enough, and not from before the last 06:00 in India. */
  find(digest: string, maxAgeSeconds: number): Answer<T> | undefined {
    if (maxAgeSeconds <= 0) return undefined;
    const answer = this.#younger.get(digest) ?? this.#older.get(digest);
    if (answer === undefined) return undefined;
    const now = this.#options.now();
    const age = now.getTime() - answer.asOf.getTime();
    const most = Math.min(maxAgeSeconds, this.#options.maxAgeSeconds) * 1_000;
    // An answer from the future is of a clock that was set back: how old it is, nobody knows.
    const isAccepted = age >= 0 && age <= most && answer.asOf >= lastSixInIndia(now);
    return isAccepted ? answer : undefined;
  }

  /** Holds an answer in place of the credential's older one. */
  hold(digest: string, answer: Answer<T>): void {
    const { maxAgeSeconds, most } = this.#options;
    if (maxAgeSeconds <= 0) return;
    if (this.#younger.size >= most / 2) this.#turn();
    this.#younger.set(digest, answer);
    this.#turning ??= this.#turnLater();
  }

  /** Drops the answer of a credential. */
  forget(digest: string): void {
    this.#younger.delete(digest);
    this.#older.delete(digest);
  }

  #turn(): void {
    this.#older = this.#younger;
    this.#younger = new Map();
  }

  #turnLater(): NodeJS.Timeout {
    const milliseconds = this.#options.maxAgeSeconds * 1_000;
    return setTimeout(() => {
      this.#turn();
      this.#turning = this.#older.size === 0 ? undefined : this.#turnLater();
    }, milliseconds).unref();
  }
}
