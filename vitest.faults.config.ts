// How the fault suite runs: a few files beside each other against the built command, and by itself what measures time.
import { defaultExclude, defineConfig } from 'vitest/config';
import { FaultReport } from './test/faults/report/report.ts';

const alone = 'test/faults/overload.faults.ts';

export default defineConfig({
  ssr: { resolve: { conditions: ['module', 'node'] } },
  test: {
    reporters: ['default', new FaultReport()],
    // Most of a fault is waiting.
    maxWorkers: 3,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'faults',
          include: ['test/faults/**/*.faults.ts'],
          exclude: [...defaultExclude, alone],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'overload', include: [alone], sequence: { groupOrder: 1 } },
      },
    ],
  },
});
