// An answer of a broker and its age; and who asks, and how old an answer may be for them.
import type { Operation } from '../brokers/upstream/operation.ts';

/** An answer of a broker. Requests share it: it must not be changed. */
export interface Answer<T> {
  readonly value: T;
  /** When the broker's answer arrived. */
  readonly asOf: Date;
}

/** On whose behalf something is read. */
export interface Asker {
  /** Its deadline and cancellation end this wait, and the call if no other request waits for it. */
  readonly operation: Operation;
  /** Seconds: the greatest age that an answer may have. 0 for a fresh one. */
  readonly maxAgeSeconds: number;
}
