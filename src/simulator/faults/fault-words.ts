// How a broker words a failure, and where the data of its answers stands: what faults need to know of it.
import type { Answer, Tree } from '../reply.ts';
import type { Fault } from './fault.ts';

/** The words of one broker. */
export interface FaultWords {
  /** Status 429. */
  readonly tooManyRequests: Answer;
  /** Status 500. */
  readonly internalError: Answer;
  /** Status 503. */
  readonly serviceUnavailable: Answer;
  /** Status 504. */
  readonly gatewayTimeout: Answer;
  /** Status 400, without what names the error. */
  readonly missingErrorType: Answer;
  /** An error as the fault words it. */
  reported(fault: Extract<Fault, { kind: 'error-envelope' }>): Answer;
  /** The object in an envelope that holds the data; null where it holds no such object. */
  dataOf(envelope: Tree): Tree | null;
}
