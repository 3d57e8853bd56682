// Why something is no longer waited for, and who has to hear of it: what an operation's deadline and its client's departure
// end. It has the form of AbortSignal and AbortController, of which each costs several times what a read does.

/** Hears of an end: a function, or an object with a method, of which there need be no closure for each. */
export type EndListener = (() => void) | { handleEvent(): void };

/** Whether something is over, and a way to hear of it. An AbortSignal is one too. */
export interface Cancellable {
  readonly aborted: boolean;
  /** Why; of any type. Undefined until then. */
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: EndListener, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: EndListener): void;
}

/** The reason of what ends at its deadline. */
export const timeIsUp = Symbol('time is up');

/** Ends once, and tells each listener once. */
export class Cancellation implements Cancellable {
  aborted = false;
  reason: unknown;
  /** Most have one listener, which needs no set. */
  #listener: EndListener | null = null;
  #others: Set<EndListener> | null = null;

  /** Calls back when it ends, unless it has ended already. */
  addEventListener(_type: 'abort', listener: EndListener): void {
    if (this.aborted) return;
    if (this.#listener === listener) return;
    if (this.#listener === null && !this.#others?.has(listener)) {
      this.#listener = listener;
      return;
    }
    this.#others ??= new Set();
    this.#others.add(listener);
  }

  /** Takes a listener back. */
  removeEventListener(_type: 'abort', listener: EndListener): void {
    if (this.#listener === listener) this.#listener = null;
    // A Set that loses its last entry makes itself a new table.
    else if (this.#others?.size === 1 && this.#others.has(listener)) this.#others = null;
    else this.#others?.delete(listener);
  }

  /** Ends it; the second time, nothing happens. */
  abort(reason?: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const [listener, others] = [this.#listener, this.#others];
    this.#listener = null;
    this.#others = null;
    if (listener !== null) tell(listener);
    for (const other of others ?? []) tell(other);
  }
}

function tell(listener: EndListener): void {
  if (typeof listener === 'function') listener();
  else listener.handleEvent();
}

/** Whether time was up, rather than that the client has gone. */
export function isDeadline({ reason }: Cancellable): boolean {
  if (reason === timeIsUp) return true;
  return reason instanceof DOMException && reason.name === 'TimeoutError';
}
