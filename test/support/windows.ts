// What the simulator's log says of the rate limit.
import type { UpstreamCall } from './world.ts';

/** The most calls that arrived, or were sent, in any window of so many milliseconds. */
export function fullestWindow(
  calls: readonly Pick<UpstreamCall, 'monotonicMilliseconds'>[],
  milliseconds = 1_000,
): number {
  const arrivals = calls.map((call) => call.monotonicMilliseconds).sort((a, b) => a - b);
  let first = 0;
  let most = 0;
  for (const [index, arrival] of arrivals.entries()) {
    while (arrival - (arrivals[first] ?? arrival) >= milliseconds) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

/** Ids of simulated users: SIM0001 and so on. */
export function users(count: number, from = 1): string[] {
  return Array.from({ length: count }, (_, n) => `SIM${String(n + from).padStart(4, '0')}`);
}
