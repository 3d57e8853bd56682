// The rate log of one process.
import {
  countedMilliseconds,
  longestWayMilliseconds,
  type RateLog,
  type Start,
  type Usage,
} from './rate-log.ts';

/** A start that can be withdrawn if another log refuses it. */
export interface MemoryStart extends Start {
  /** It never happened. */
  cancel(): void;
}

/** What the log of one process can do beyond the interface. */
export interface MemoryRateLog extends RateLog {
  start(apiKey: string): MemoryStart | number;
  usage(apiKey: string): Usage;
  /** How many apps it remembers: those with a call in the last moments, or a closing. */
  readonly size: number;
}

/** A call that has started. */
class Entry implements MemoryStart {
  sentAt = Number.POSITIVE_INFINITY;
  endedAt = Number.POSITIVE_INFINITY;
  readonly #clock: () => number;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  sent(): void {
    this.sentAt = this.#clock();
  }

  ended(): void {
    this.endedAt = this.#clock();
  }

  cancel(): void {
    this.endedAt = Number.NEGATIVE_INFINITY;
  }
}

interface Lately {
  entries: Entry[];
  closedUntil: number;
}

/**
 * Makes a log in memory: a sliding one, since a bucket that refills lets nearly twice as many through.
 * @param maxCalls the most calls per app in a window, which may change.
 * @param clock milliseconds of a clock that never jumps.
 */
export function createMemoryRateLog(
  maxCalls: number | (() => number),
  clock: () => number = () => performance.now(),
): MemoryRateLog {
  const limitNow = typeof maxCalls === 'number' ? () => maxCalls : maxCalls;
  const apps = new Map<string, Lately>();
  let isSwept = false;

  function latelyOf(apiKey: string): Lately {
    let lately = apps.get(apiKey);
    if (lately === undefined) {
      lately = { entries: [], closedUntil: 0 };
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
    const now = clock();
    for (const [apiKey, { entries, closedUntil }] of apps) {
      if (closedUntil <= now && !entries.some((entry) => counts(entry, now))) apps.delete(apiKey);
    }
    isSwept = false;
    if (apps.size > 0) sweepLater();
  }

  return {
    get limit() {
      return limitNow();
    },
    get size() {
      return apps.size;
    },
    start(apiKey) {
      const lately = latelyOf(apiKey);
      const now = clock();
      const limit = limitNow();
      if (lately.closedUntil > now) return Math.ceil(lately.closedUntil - now);
      if (lately.entries.length >= limit) {
        lately.entries = lately.entries.filter((entry) => counts(entry, now));
      }
      const { entries } = lately;
      if (entries.length >= limit) {
        const arrivals = entries.map((entry) => arrival(entry, now)).sort((a, b) => a - b);
        const inTheWay = arrivals[entries.length - limit] ?? now;
        return Math.max(1, Math.ceil(inTheWay + countedMilliseconds - now));
      }
      const entry = new Entry(clock);
      entries.push(entry);
      return entry;
    },
    close(apiKey, milliseconds) {
      const lately = latelyOf(apiKey);
      lately.closedUntil = Math.max(lately.closedUntil, clock() + milliseconds);
    },
    usage(apiKey) {
      const { entries, closedUntil } = apps.get(apiKey) ?? { entries: [], closedUntil: 0 };
      const now = clock();
      const used = entries.filter((entry) => counts(entry, now)).length;
      return { used, closedMilliseconds: Math.max(0, Math.ceil(closedUntil - now)) };
    },
  };
}

/** The latest moment at which a call can have arrived, as far as is known: never later than it turns out to be. */
function arrival({ sentAt, endedAt }: Entry, now: number): number {
  return Math.min(now, endedAt, sentAt + longestWayMilliseconds);
}

function counts(entry: Entry, now: number): boolean {
  return arrival(entry, now) + countedMilliseconds > now;
}
