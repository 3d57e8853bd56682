// The clock by which calls wait for their turn and accounts are polled; replaceable, so that tests own the time.
import type { Cancellable } from '../../shared/cancellation.ts';

/** A clock that never jumps, and the waiting by it. */
export interface Clock {
  /** Milliseconds since some moment that stays the same. */
  readonly milliseconds: () => number;
  /** Resolves after so many milliseconds, or when the signal fires. Never rejects. */
  readonly wait: (milliseconds: number, signal: Cancellable) => Promise<void>;
}

/** The machine's. Waiting by it keeps no process alive. */
export const machineClock: Clock = {
  milliseconds: () => performance.now(),
  wait: (milliseconds, signal) =>
    new Promise((resolve) => {
      const over = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', over);
        resolve();
      };
      // A longer timer than this, 24 days, would end at once.
      const timer = setTimeout(over, Math.min(milliseconds, 2 ** 31 - 1)).unref();
      signal.addEventListener('abort', over);
      if (signal.aborted) over();
    }),
};
