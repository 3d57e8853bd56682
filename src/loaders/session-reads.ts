// The reads of one operation by the session they use, so that a session's state is told as they found it.
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Which sessions an operation reads through, and which of them the broker refused. */
export class SessionReads {
  readonly #reads = new Map<string, Promise<unknown>[]>();
  readonly #refused = new Set<string>();

  /** Notes a read that has begun. It must not reject. */
  add(sessionId: string, read: Promise<unknown>): void {
    const reads = this.#reads.get(sessionId);
    if (reads === undefined) this.#reads.set(sessionId, [read]);
    else reads.push(read);
  }

  /** Notes that the broker refused the session's token. */
  refuse(sessionId: string): void {
    this.#refused.add(sessionId);
  }

  /** Whether the broker has refused the session's token so far. */
  hasRefused(sessionId: string): boolean {
    return this.#refused.has(sessionId);
  }

  /** Whether the broker refused the session's token to any read of the operation; known once all of them are over. */
  async isRefused(sessionId: string): Promise<boolean> {
    let waitedFor = 0;
    do {
      // Fields beside the one that asks begin their reads first.
      await nextTurn();
      const reads = this.#reads.get(sessionId)?.slice(waitedFor) ?? [];
      waitedFor += reads.length;
      await Promise.all(reads);
    } while (waitedFor < (this.#reads.get(sessionId)?.length ?? 0));
    return this.hasRefused(sessionId);
  }
}
