// The accounts that operations have begun to read, so that what else they ask of these accounts goes first.
import type { QueuedCall } from './lane.ts';

interface Started {
  inFlight: number;
  readonly first: string;
  /** Most operations read one account, which needs no set. */
  others: Set<string> | null;
}

/** The accounts of every operation that has a call in flight. */
export class StartedAccounts {
  readonly #operations = new Map<symbol, Started>();

  /** Whether a call of the same operation and account has started. */
  has({ operation, account }: QueuedCall): boolean {
    const started = this.#operations.get(operation.id);
    return started !== undefined && (started.first === account || !!started.others?.has(account));
  }

  /** A call starts. */
  add({ operation, account }: QueuedCall): void {
    const started = this.#operations.get(operation.id);
    if (started === undefined) {
      this.#operations.set(operation.id, { inFlight: 1, first: account, others: null });
      return;
    }
    started.inFlight += 1;
    if (started.first === account) return;
    started.others ??= new Set();
    started.others.add(account);
  }

  /** A call has ended. */
  leave({ operation }: QueuedCall): void {
    const started = this.#operations.get(operation.id);
    if (started === undefined) return;
    started.inFlight -= 1;
    if (started.inFlight === 0) this.#operations.delete(operation.id);
  }
}
