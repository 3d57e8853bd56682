// How the fault suite runs: one file after another against the built command, so that what is measured is its own.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  ssr: { resolve: { conditions: ['module', 'node'] } },
  test: {
    include: ['test/faults/**/*.faults.ts'],
    globalSetup: 'test/faults/print-table.ts',
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
