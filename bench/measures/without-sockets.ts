// What each part of the gateway costs by itself: no sockets, and an upstream that answers at once.
import { Process } from '../processes/process.ts';
import type { Spread } from '../statistics.ts';

/** One part with all parts above it. */
export interface PartResult {
  readonly name: string;
  /** Microseconds. */
  readonly cpu: Spread;
  /** Bytes allocated. */
  readonly memory: Spread;
}

/** Measures the parts in a process of their own. The last one is a whole query. */
export async function measureParts({
  rounds,
  runs,
}: {
  readonly rounds: number;
  readonly runs: number;
}): Promise<readonly PartResult[]> {
  const process = new Process({
    words: ['bench/servers/parts.ts', String(rounds), String(runs)],
    node: ['--expose-gc', '--max-semi-space-size=256', '--min-semi-space-size=256'],
    isMeasured: true,
  });
  try {
    return (await process.word) as readonly PartResult[];
  } finally {
    process.end();
  }
}
