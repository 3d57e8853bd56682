// Wakes the deliveries: an event that is noted is sent at once, and not with the next look at the store.
import type { Clock } from '../../brokers/upstream/clock.ts';

/** Ends a wait before its time. */
export interface Bell {
  /** Ends the wait, or the next one where none is going on. */
  ring(): void;
  /** Waits until it is rung, for so many milliseconds at most, or until the signal fires. */
  wait(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** A bell for one that waits. */
export function createBell(): Bell {
  let isRung = false;
  let waiting: AbortController | null = null;
  return {
    ring() {
      isRung = true;
      waiting?.abort();
    },
    async wait(clock, milliseconds, signal) {
      if (!isRung) {
        waiting = new AbortController();
        await clock.wait(milliseconds, AbortSignal.any([waiting.signal, signal]));
        waiting = null;
      }
      isRung = false;
    },
  };
}
