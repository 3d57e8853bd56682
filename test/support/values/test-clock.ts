// A clock that goes on only when a test says so.
import type { Clock } from '../../../src/brokers/upstream/clock.ts';
import type { Cancellable } from '../../../src/shared/cancellation.ts';

interface Wait {
  readonly until: number;
  readonly resolve: () => void;
}

/** Stands still until it is advanced. */
export class TestClock implements Clock {
  readonly #waits = new Set<Wait>();
  #now = 0;

  readonly milliseconds = (): number => this.#now;

  readonly wait = (milliseconds: number, signal: Cancellable): Promise<void> =>
    new Promise((resolve) => {
      const wait = { until: this.#now + milliseconds, resolve };
      this.#waits.add(wait);
      const leave = () => {
        this.#waits.delete(wait);
        resolve();
      };
      signal.addEventListener('abort', leave, { once: true });
      if (signal.aborted) leave();
    });

  /** How many wait: each poller does that has its answer. */
  get waiting(): number {
    return this.#waits.size;
  }

  /** Lets time pass. */
  advance(seconds: number): void {
    this.#now += seconds * 1_000;
    for (const wait of this.#waits) {
      if (wait.until > this.#now) continue;
      this.#waits.delete(wait);
      wait.resolve();
    }
  }
}
