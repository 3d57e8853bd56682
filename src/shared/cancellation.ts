// Why something is no longer waited for, and who has to hear of it: what an operation's deadline and its client's departure
// end. It has the form of AbortSignal and AbortController, of which each costs several times what a read does.

/** Whether something is over, and a way to hear of it. An AbortSignal is one too. */
export interface Cancellable {
  readonly aborted: boolean;
  /** Why; of any type. Undefined until then. */
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** The reason of what ends at its deadline. */
export const timeIsUp = Symbol('time is up');

/** Ends once, and tells each listener once. */
export class Cancellation implements Cancellable {
  aborted = false;
  reason: unknown;
  #listeners: Set<() => void> | null = null;

  /** Calls back when it ends, unless it has ended already. */
  addEventListener(_type: 'abort', listener: () => void): void {
    if (this.aborted) return;
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
  }

  /** Takes a listener back. */
  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners?.delete(listener);
  }

  /** Ends it; the second time, nothing happens. */
  abort(reason?: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = this.#listeners;
    this.#listeners = null;
    for (const listener of listeners ?? []) listener();
  }
}

/** Whether time was up, rather than that the client has gone. */
export function isDeadline({ reason }: Cancellable): boolean {
  if (reason === timeIsUp) return true;
  return reason instanceof DOMException && reason.name === 'TimeoutError';
}
