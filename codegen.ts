// Typed documents for clients, from schema.graphql: `npm run codegen` writes them for our own tests,
// and a client's project needs no more than this, with its own folders.
import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: 'schema.graphql',
  documents: ['test/**/*.ts', '!test/generated/**'],
  generates: {
    'test/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        scalars: { DateTime: 'string', ID: 'string' },
        enumsAsTypes: true,
        useTypeImports: true,
        importExtension: '.ts',
        documentMode: 'string',
      },
    },
  },
};

export default config;
