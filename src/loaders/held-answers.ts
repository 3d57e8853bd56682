// Answers of one kind, held for those who accept an older one. They are people's personal and financial data:
// in memory only, never longer than any client may accept, and under a digest, so that nothing here opens an account.
import { lastSixInIndia } from '../kite/india-time.ts';
import type { Answer } from './answer.ts';

/** How answers are held. */
export interface HeldAnswersOptions {
  /** Seconds after which an answer goes, whether or not anybody asks. 0 holds nothing. */
  readonly maxAgeSeconds: number;
  /** The most answers; beyond it the oldest goes. */
  readonly most: number;
  /** The time by which answers age. */
  readonly now: () => Date;
}

/** Answers by credential, under its digest. */
export class HeldAnswers<T> {
  /** Oldest first. */
  readonly #answers = new Map<string, Answer<T>>();
  readonly #options: HeldAnswersOptions;
  #sweeping: NodeJS.Timeout | undefined;

  constructor(options: HeldAnswersOptions) {
    this.#options = options;
  }

  /** How many are held. */
  get size(): number {
    return this.#answers.size;
  }

  /** The answer of a credential, if it is young enough, and not from before the last 06:00 in India. */
  find(digest: string, maxAgeSeconds: number): Answer<T> | undefined {
    if (maxAgeSeconds <= 0) return undefined;
    const answer = this.#answers.get(digest);
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
    this.#answers.delete(digest);
    this.#answers.set(digest, answer);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > most && oldest !== undefined) this.#answers.delete(oldest);
    this.#sweeping ??= setTimeout(() => this.#sweep(), maxAgeSeconds * 1_000).unref();
  }

  /** Drops the answer of a credential. */
  forget(digest: string): void {
    this.#answers.delete(digest);
  }

  #sweep(): void {
    const { maxAgeSeconds, now } = this.#options;
    const milliseconds = maxAgeSeconds * 1_000;
    const oldest = now().getTime() - milliseconds;
    for (const [digest, { asOf }] of this.#answers) {
      if (asOf.getTime() > oldest) break;
      this.#answers.delete(digest);
    }
    const isEmpty = this.#answers.size === 0;
    this.#sweeping = isEmpty ? undefined : setTimeout(() => this.#sweep(), milliseconds).unref();
  }
}
