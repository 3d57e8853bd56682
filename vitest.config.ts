// How the tests run: on real sockets, in parallel files, with one copy of graphql.
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/say-what-is-missing.ts',
    // Pothos, Yoga and envelop would otherwise load graphql's CommonJS copy beside our ESM one,
    // and an error of one copy is a stranger to the other.
    server: { deps: { inline: [/graphql/, /pothos/, /envelop/] } },
    testTimeout: 15_000,
    // Vitest leaves a core free, which on two is one; browsers and processes are mostly waited for.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
