// A row of the table goes with its test to the reporter.
import { type RunnerTestCase, TestRunner } from 'vitest';
import type { FaultRow } from './table.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** What the test measured. */
    faults?: FaultRow[];
  }
}

/** Notes a row of the test that runs. */
export function note(row: FaultRow): void {
  const { meta } = TestRunner.getCurrentTest<RunnerTestCase>();
  meta.faults = [...(meta.faults ?? []), row];
}
