// How the tests run: on real sockets, in parallel files, with one copy of graphql.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Pothos, Yoga and envelop would otherwise load graphql's CommonJS copy beside our ESM one,
    // and an error of one copy is a stranger to the other.
    server: { deps: { inline: [/graphql/, /pothos/, /envelop/] } },
    testTimeout: 15_000,
  },
});
