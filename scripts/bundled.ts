// The packages that are bundled into the published one: the GraphQL stack, so that the `graphql` of the project that
// installs kite-graphql, of whatever version, is never mixed with the gateway's own.

/** What is bundled, by the name it is imported by, with the file that stands for it below dist/vendor/. */
export const bundled: Readonly<Record<string, string>> = {
  graphql: 'graphql.js',
  'graphql/execution/Executor.js': 'graphql-executor.js',
  'graphql/execution/collectFields.js': 'graphql-collect-fields.js',
  'graphql/execution/legacyIncremental/BranchingIncrementalExecutor.js':
    'graphql-parts-executor.js',
  'graphql-yoga': 'graphql-yoga.js',
  '@pothos/core': 'pothos-core.js',
  '@graphql-yoga/render-graphiql': 'render-graphiql.js',
};

/** The packages in the script of the console, which runs in browsers. */
export const bundledInConsole: readonly string[] = ['preact'];
