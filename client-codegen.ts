// Typed operations for a client's project, with Apollo Client, urql or graphql-request: copy this file there, next to
// package.json, and run `npx graphql-codegen --config client-codegen.ts`. It needs @graphql-codegen/cli,
// @graphql-codegen/client-preset and @graphql-typed-document-node/core.
import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: 'node_modules/kite-graphql/schema.graphql',
  documents: ['src/**/*.{ts,tsx}', '!src/generated/**'],
  generates: {
    'src/generated/': {
      preset: 'client',
      presetConfig: {
        fragmentMasking: false,
        // Writes src/generated/persisted-documents.json: the gateway's TRUSTED_DOCUMENTS.
        persistedDocuments: { hashAlgorithm: 'sha256' },
      },
      config: {
        // RFC 3339, such as 2026-01-05T10:00:00+05:30: `new Date(value)` reads it.
        scalars: { DateTime: 'string', ID: 'string' },
        enumsAsTypes: true,
        useTypeImports: true,
      },
    },
  },
};

export default config;
