// The calls of one kind that are in flight, so that whoever asks for the same thing joins instead of calling again.
import { abortedBy } from '../brokers/error.ts';
import type { Operation } from '../brokers/upstream/operation.ts';
import type { Answer } from './answer.ts';
import { SharedCall } from './shared-call.ts';

/**
 * Where a call is found. It is emptied when the call is over: tables that a Map has outgrown can outlive by far what they
 * refer to, and with thousands of calls a second each would drag all that hangs on it through the garbage collector.
 */
interface Slot<T> {
  call: SharedCall<Answer<T>> | undefined;
}

/** Calls in flight by credential, under its digest. */
export class CallsInFlight<T> {
  readonly #calls = new Map<string, Slot<T>>();
  readonly #now: () => Date;
  readonly #keep: (digest: string, answer: Answer<T>) => void;

  /** @param keep called with each answer, except those of calls that were forgotten meanwhile. */
  constructor(now: () => Date, keep: (digest: string, answer: Answer<T>) => void) {
    this.#now = now;
    this.#keep = keep;
  }

  /** How many there are. */
  get size(): number {
    return this.#calls.size;
  }

  /** Joins the call of a credential that is in flight, or makes it. */
  join(
    digest: string,
    operation: Operation,
    ask: (operation: Operation) => Promise<T>,
  ): Promise<Answer<T>> {
    // Nobody would be waiting for the call, so nobody would ever end it.
    if (operation.signal.aborted) return Promise.reject(abortedBy(operation.signal, false));
    const known = this.#calls.get(digest)?.call;
    if (known !== undefined) {
      // The turn that it takes, or has had, is somebody else's.
      operation.begun?.();
      return known.join(operation);
    }
    const call = new SharedCall(
      operation,
      async (shared) => ({ value: await ask(shared), asOf: this.#now() }),
      () => this.#remove(digest, call),
    );
    this.#calls.set(digest, { call });
    call.outcome.then(
      (answer) => {
        if (this.#remove(digest, call)) this.#keep(digest, answer);
      },
      () => this.#remove(digest, call),
    );
    return call.join(operation);
  }

  /** Nobody joins the call of a credential from now on; those who wait for it still get its answer. */
  forget(digest: string): void {
    this.#calls.delete(digest);
  }

  #remove(digest: string, call: SharedCall<Answer<T>>): boolean {
    const slot = this.#calls.get(digest);
    if (slot?.call !== call) return false;
    slot.call = undefined;
    return this.#calls.delete(digest);
  }
}
