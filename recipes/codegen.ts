// Types of the operations in clients/, as client-codegen.ts of kite-graphql writes them, for modules that Node runs
// without a bundler.
import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: 'node_modules/kite-graphql/schema.graphql',
  documents: ['clients/operations.ts'],
  generates: {
    'clients/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        scalars: { DateTime: 'string', ID: 'string' },
        enumsAsTypes: true,
        useTypeImports: true,
        importExtension: '.ts',
      },
    },
  },
};

export default config;
