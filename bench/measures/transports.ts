// What one call to Kite costs through each of the gateway's transports, which keep the same promises.
import type { Stage } from '../processes/stage.ts';
import { type Spread, spreadOf } from '../statistics.ts';

/** Microseconds of CPU for a call, by transport. */
export interface TransportsResult {
  readonly got: Spread;
  readonly undici: Spread;
}

/** Measures both in turn, each in a process of its own. */
export async function measureTransports(
  stage: Stage,
  rounds: number,
  milliseconds: number,
): Promise<TransportsResult> {
  const start = async (name: string) => {
    const words = ['bench/servers/caller.ts', name, stage.upstreamUrl];
    const process = stage.process({ words, isMeasured: true });
    await process.word;
    return process;
  };
  const callers = [await start('got'), await start('undici')] as const;
  const costs: [number[], number[]] = [[], []];
  // One round more than is counted: code and connections have to warm up.
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, caller] of callers.entries()) {
      const { calls, cpu } = await caller.ask<{ calls: number; cpu: number }>('call', milliseconds);
      if (round >= 0) costs[index]?.push(cpu / calls);
    }
  }
  for (const caller of callers) caller.end();
  return { got: spreadOf(costs[0]), undici: spreadOf(costs[1]) };
}
