// What one call to Kite costs through each of the gateway's transports, which keep the same promises.
import { Process } from '../process.ts';
import { type Spread, spreadOf } from '../statistics.ts';

/** Microseconds of CPU for a call, by transport. */
export interface TransportsResult {
  readonly got: Spread;
  readonly undici: Spread;
}

/** Measures both in turn, each in a process of its own. */
export async function measureTransports(
  upstreamUrl: string,
  rounds: number,
  milliseconds: number,
): Promise<TransportsResult> {
  const start = async (name: string) => {
    const words = ['bench/servers/caller.ts', name, upstreamUrl];
    const process = new Process({ words, isMeasured: true });
    await process.word;
    return process;
  };
  const callers = [await start('got'), await start('undici')] as const;
  const costs: [number[], number[]] = [[], []];
  try {
    // One round more than is counted: code and connections have to warm up.
    for (let round = -1; round < rounds; round += 1) {
      for (const [index, caller] of callers.entries()) {
        const { calls, cpu } = await caller.ask<{ calls: number; cpu: number }>(
          'call',
          milliseconds,
        );
        if (round >= 0) costs[index]?.push(cpu / calls);
      }
    }
  } finally {
    for (const caller of callers) caller.end();
  }
  return { got: spreadOf(costs[0]), undici: spreadOf(costs[1]) };
}
