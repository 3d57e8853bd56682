// Types of src/operations.graphql, and the list of its documents: the gateway executes these documents and no others.
import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: 'node_modules/kite-graphql/schema.graphql',
  documents: 'src/operations.graphql',
  generates: {
    'src/generated/': {
      preset: 'client',
      presetConfig: {
        fragmentMasking: false,
        // The page sends the hash of a document and does not contain its text.
        persistedDocuments: { hashAlgorithm: 'sha256', mode: 'replaceDocumentWithHash' },
      },
      config: {
        scalars: { DateTime: 'string', ID: 'string' },
        documentMode: 'string',
        enumsAsTypes: true,
        useTypeImports: true,
        importExtension: '.ts',
      },
    },
  },
};

export default config;
