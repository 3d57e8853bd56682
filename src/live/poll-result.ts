// The result of a poll: an account's margins or an error, and whether it differs from the last one sent.
import { isDeepStrictEqual } from 'node:util';
import type { Segment } from '../brokers/answers.ts';
import { BrokerError } from '../brokers/error.ts';
import type { MarginsAnswer } from '../loaders/shared-reads.ts';

/** The result of a poll. */
export type PollResult = Answered | Failed | Ended;

interface Found {
  /** When, in milliseconds of the pollers' clock. */
  readonly at: number;
}

/** Kite answered. */
export interface Answered extends Found {
  /** At least the segments that were asked for. */
  readonly answer: MarginsAnswer;
}

/** Kite did not answer, or refused. */
export interface Failed extends Found {
  /** A BrokerError, or an error in the gateway. */
  readonly error: Error;
}

/** The session was ended or renewed through this gateway: its token must not be used any more. */
export interface Ended extends Found {
  readonly isEnded: true;
}

/** Whether the result is final: only a login or the operator can restore the account. */
export function isFinal(result: PollResult): boolean {
  if ('answer' in result) return false;
  return !('error' in result && result.error instanceof BrokerError && result.error.mayPass);
}

/** Whether two results are the same for these segments, apart from their time. */
export function isSame(
  one: PollResult,
  other: PollResult,
  segments: ReadonlySet<Segment>,
): boolean {
  if ('answer' in one && 'answer' in other) {
    const [before, after] = [one.answer.value, other.answer.value];
    return [...segments].every((segment) => isDeepStrictEqual(before[segment], after[segment]));
  }
  if ('error' in one && 'error' in other) return codeOf(one) === codeOf(other);
  return 'isEnded' in one && 'isEnded' in other;
}

function codeOf({ error }: Failed): string {
  return error instanceof BrokerError ? error.code : error.name;
}
