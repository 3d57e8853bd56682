// Stores of browsers' sessions: keyrings among a hundred and among a hundred thousand, and the clean-up.
import { Process } from '../processes/process.ts';
import type { Stage } from '../processes/stage.ts';
import { type Spread, spreadOf } from '../statistics.ts';

/** Milliseconds. */
export interface CallTimes {
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  /** The longest time for which the event loop of the process stood still. */
  readonly loop: number;
  /** The longest pause of the garbage collector; kept runs of earlier versions have none. */
  readonly collection?: number;
}

/** What the process of a store tells. */
export interface StoreTimes {
  /** Microseconds of one opening, in each round. */
  readonly few: readonly number[];
  readonly many: readonly number[];
  /** Calls while nothing has expired. */
  readonly calm: CallTimes;
  /** Calls while half of the keyrings are being deleted. */
  readonly sweeping: CallTimes;
}

/** One store. */
export interface StoreResult extends Pick<StoreTimes, 'calm' | 'sweeping'> {
  readonly store: 'memory' | 'SQLite' | 'Redis';
  readonly keyrings: number;
  /** Microseconds of one opening among a hundred. */
  readonly opening: Spread;
  /** An opening among all, of one among a hundred. */
  readonly ratio: Spread;
}

/** How much of it. */
export interface StoresOptions {
  readonly keyrings: number;
  readonly rounds: number;
}

const few = 100;

/** Measures each store that this machine has, each in a process of its own. */
export async function measureStores(
  stage: Stage,
  { keyrings, rounds }: StoresOptions,
  progress: (text: string) => void,
): Promise<readonly StoreResult[]> {
  const redis = await stage.redis();
  const stores = [
    ['memory', 'memory:', 'memory:'],
    ['SQLite', stage.sqlite(), stage.sqlite()],
    ['Redis', redis && `${redis}/0`, redis && `${redis}/1`],
  ] as const;
  const results: StoreResult[] = [];
  for (const [store, small, large] of stores) {
    if (small === null || large === null) continue;
    progress(`filling ${store}`);
    const words = ['bench/servers/stores.ts', small, large, few, keyrings, rounds].map(String);
    const process = new Process({ words, node: ['--expose-gc'], isMeasured: 'with threads' });
    try {
      const times = (await process.word) as StoreTimes;
      const ratios = times.many.map((many, round) => many / (times.few[round] ?? many));
      results.push({
        store,
        keyrings,
        opening: spreadOf(times.few),
        ratio: spreadOf(ratios),
        calm: times.calm,
        sweeping: times.sweeping,
      });
    } finally {
      process.end();
    }
  }
  return results;
}
