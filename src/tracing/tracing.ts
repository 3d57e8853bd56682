// What the gateway tells a tracer. What becomes of it is the tracer's: nothing here knows OpenTelemetry.
import type { CallFollower } from '../brokers/upstream/report/call-followers.ts';
import type { ObserveStore } from '../keyring/stores/reporting-store.ts';

/** An operation that begins. */
export interface BegunOperation {
  readonly requestId: string;
  /** A header of its request, by which it may be part of a trace that the caller began. */
  readonly header: (name: string) => string | null;
}

/** What is known of an operation when it is over. */
export interface EndedOperation {
  /** Null where it has no name, or none was executed. */
  readonly name: string | null;
  /** `query`, `mutation` or `subscription`; null where none was executed. */
  readonly type: string | null;
  /** How many errors its answer has. */
  readonly errors: number;
}

/** Makes spans of what the gateway tells. */
export interface Tracing {
  /** Runs an operation as a span, which the call of `end` ends; all that it begins meanwhile is inside. */
  operation<Result>(
    begun: BegunOperation,
    run: (end: (ended: EndedOperation) => void) => Promise<Result>,
  ): Promise<Result>;
  /** Follows the calls to a broker: a span for the wait in the budget, and one for the call. */
  readonly followCall: CallFollower;
  /** Follows the store, as far as an operation waits for it. */
  readonly observeStore: ObserveStore;
}
