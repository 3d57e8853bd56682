// What an app, or several together, may still ask of a broker.
import type { LaneName } from './upstream/budget/lane-calls.ts';

/** The budget of an app, or of several together. */
export interface Budget {
  /** The most calls of one app that start in any second; infinite where there is no limit. */
  readonly limit: number;
  /** The calls that count in the present second. */
  readonly used: number;
  /** For how long nothing starts, because the broker refused a call; else 0. */
  readonly closedMilliseconds: number;
  /** The calls that wait for their turn in this process, by lane. */
  readonly waiting: Readonly<Record<LaneName, number>>;
}

/** The calls that may start now: 0 while the broker refuses calls, else null where there is no limit. */
export function remainingCalls({ limit, used, closedMilliseconds }: Budget): number | null {
  if (closedMilliseconds > 0) return 0;
  return Number.isFinite(limit) ? Math.max(0, limit - used) : null;
}
