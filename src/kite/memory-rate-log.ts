// The rate log of one process.
import { countedMilliseconds, type RateLog, type Start } from './rate-log.ts';

/** What the log of one process can do beyond the interface. */
export interface MemoryRateLog extends RateLog {
  start(apiKey: string): MemoryStart | number;
  /** How many apps it remembers: those with a start in the last moments, or a closing. */
  readonly size: number;
}

/** A start that can be taken back, where somebody else had to agree and did not. */
export interface MemoryStart extends Start {
  /** It never happened. */
  cancel(): void;
}

interface Entry {
  at: number;
}

interface Lately {
  /** Starts, oldest first. */
  readonly starts: Entry[];
  closedUntil: number;
}

/**
 * Makes a log in memory: a sliding one, since a bucket that refills lets nearly twice as many through.
 * @param limit the most starts per app in a window.
 */
export function createMemoryRateLog(limit: number): MemoryRateLog {
  const apps = new Map<string, Lately>();
  let isSwept = false;

  function latelyOf(apiKey: string): Lately {
    let lately = apps.get(apiKey);
    if (lately === undefined) {
      lately = { starts: [], closedUntil: 0 };
      apps.set(apiKey, lately);
      if (!isSwept) sweepLater();
    }
    return lately;
  }

  function sweepLater(): void {
    isSwept = true;
    setTimeout(sweep, countedMilliseconds).unref();
  }

  function sweep(): void {
    const now = performance.now();
    for (const [apiKey, { starts, closedUntil }] of apps) {
      const last = starts.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
      if (last + countedMilliseconds <= now && closedUntil <= now) apps.delete(apiKey);
    }
    isSwept = false;
    if (apps.size > 0) sweepLater();
  }

  return {
    limit,
    get size() {
      return apps.size;
    },
    start(apiKey) {
      const { starts, closedUntil } = latelyOf(apiKey);
      const now = performance.now();
      while (starts[0] !== undefined && starts[0].at + countedMilliseconds <= now) starts.shift();
      // More than the limit can be there: one that was sent so late that it had dropped out already.
      const inTheWay = starts.at(-limit)?.at ?? Number.NEGATIVE_INFINITY;
      const opensAt = Math.max(closedUntil, inTheWay + countedMilliseconds);
      if (opensAt > now) return Math.ceil(opensAt - now);
      const entry = { at: now };
      starts.push(entry);
      return {
        sent() {
          const list = latelyOf(apiKey).starts;
          remove(list, entry);
          // Nothing in the list is later than now, so its order holds.
          entry.at = performance.now();
          list.push(entry);
        },
        cancel: () => remove(starts, entry),
      };
    },
    close(apiKey, milliseconds) {
      const lately = latelyOf(apiKey);
      lately.closedUntil = Math.max(lately.closedUntil, performance.now() + milliseconds);
    },
  };
}

function remove(starts: Entry[], entry: Entry): void {
  const index = starts.lastIndexOf(entry);
  if (index !== -1) starts.splice(index, 1);
}
