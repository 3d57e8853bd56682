// How the tests run: on real sockets, in parallel files, with one copy of graphql.
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // As Node itself resolves packages: Vitest's own condition, development, would load another copy of graphql beside
  // that of Pothos and Yoga, and a type or an error of one copy is a stranger to the other.
  ssr: { resolve: { conditions: ['module', 'node'] } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: [
      'test/support/processes/say-what-is-missing.ts',
      'test/support/processes/run-folder.ts',
    ],
    setupFiles: 'test/support/values/property-tests.ts',
    // A loaded machine takes its time; what a test waits for comes, or the test has failed.
    testTimeout: 30_000,
    expect: { poll: { timeout: 10_000 } },
    // Vitest leaves a core free, which on two is one; browsers and processes are mostly waited for.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
