// How large the answer to an operation has become so far, counted while it is made.
import { GraphQLError } from 'graphql';
import type { Limits } from '../limits.ts';

/** Thrown where an answer outgrows its bounds. There is one for all: making it costs nothing, and it names no place. */
export class AnswerTooLargeError extends Error {
  override readonly name = 'AnswerTooLargeError';
}

/** Stands in an answer for each error for which it has no room. */
export const omittedError = new GraphQLError('This error is counted only.', { path: [] });

/** Where in an answer something is, from its end to its root. */
export interface AnswerPath {
  readonly key: string | number;
  readonly prev: AnswerPath | undefined;
}

/** Bytes around a field: quotes, colon, comma. */
const punctuation = 4;
const tooLarge = new AnswerTooLargeError();

/** Counts what an answer holds. One for each operation, and one for each event of a subscription. */
export class AnswerMeter {
  readonly #limits: Limits;
  #bytes = 0;
  #fields = 0;
  #errors = 0;

  /** @param limits the bounds to keep: answerBytes, answerFields and answerErrors. */
  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Whether a bound is exceeded already. */
  get isExceeded(): boolean {
    return this.#bytes > this.#limits.answerBytes || this.#fields > this.#limits.answerFields;
  }

  /**
   * Counts a field by its response name.
   * @throws AnswerTooLargeError beyond the bounds.
   */
  countField(name: string): void {
    this.#fields += 1;
    this.#bytes += name.length + punctuation;
    if (this.isExceeded) throw tooLarge;
  }

  /**
   * Counts a value as JSON will write it, but for what it escapes.
   * @throws AnswerTooLargeError beyond the bounds.
   */
  countValue(value: unknown): void {
    this.#bytes += typeof value === 'string' ? Buffer.byteLength(value) + 2 : 5;
    if (this.isExceeded) throw tooLarge;
  }

  /**
   * Counts an error, and the path in it.
   * @returns whether the answer has room for it. The last place is for the number of the others.
   */
  countError(path: AnswerPath | undefined): boolean {
    this.#errors += 1;
    const hasRoom = this.#errors < this.#limits.answerErrors;
    if (hasRoom) for (let at = path; at; at = at.prev) this.#bytes += String(at.key).length + 3;
    return hasRoom;
  }
}
