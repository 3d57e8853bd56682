// What is told of one call to a broker, from its first turn to its outcome.
import type { BrokerError } from '../../error.ts';

/** Takes what is told of one call. */
export interface CallReport {
  /** The call, or its second attempt, starts now, after it has waited so many milliseconds for its turn. */
  started(waitedMilliseconds: number): void;
  /** The call is over: with an answer, or with an error. */
  ended(error: BrokerError | null): void;
}
