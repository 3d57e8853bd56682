// The reads of one operation by the session they use, so that a session's state is told as they found it.
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Which sessions an operation reads through, and which of them the broker refused. */
export class SessionReads {
  /** Made for the first session: requests with credentials have none. */
  #reads: Map<string, Promise<unknown>[]> | null = null;
  #refused: Map<string, Date> | null = null;

  /** Notes a read that has begun. It must not reject. */
  add(sessionId: string, read: Promise<unknown>): void {
    this.#reads ??= new Map();
    const reads = this.#reads.get(sessionId);
    if (reads === undefined) this.#reads.set(sessionId, [read]);
    else reads.push(read);
  }

  /** Notes that the broker refused the session's token; the first time counts. */
  refuse(sessionId: string, at: Date): void {
    this.#refused ??= new Map();
    if (!this.#refused.has(sessionId)) this.#refused.set(sessionId, at);
  }

  /** When the broker refused the session's token; null where it has not so far. */
  refusedSoFar(sessionId: string): Date | null {
    return this.#refused?.get(sessionId) ?? null;
  }

  /** When the broker refused the session's token to a read of the operation, known once all of them are over; else null. */
  async refusedAt(sessionId: string): Promise<Date | null> {
    let waitedFor = 0;
    do {
      // Fields beside the one that asks begin their reads first.
      await nextTurn();
      const reads = this.#reads?.get(sessionId)?.slice(waitedFor) ?? [];
      waitedFor += reads.length;
      await Promise.all(reads);
    } while (waitedFor < (this.#reads?.get(sessionId)?.length ?? 0));
    return this.refusedSoFar(sessionId);
  }
}
