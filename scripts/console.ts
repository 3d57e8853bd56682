// Builds the console: types and hashes of its documents, then its script and its style sheet.
import { copyFileSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generate } from '@graphql-codegen/cli';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'console');
/** Where the gateway finds the files when it runs from its sources. */
const built = join(root, 'src/http/console/built');

/** Builds the console. @returns the files that are in its script. */
export async function buildConsole(): Promise<readonly string[]> {
  await generateDocuments();
  rmSync(built, { recursive: true, force: true });
  mkdirSync(built, { recursive: true });
  const result = await build({
    root: source,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: built,
      emptyOutDir: false,
      target: 'es2022',
      modulePreload: false,
      cssCodeSplit: false,
      rolldownOptions: {
        input: join(source, 'main.tsx'),
        output: { entryFileNames: 'console.js', assetFileNames: 'console[extname]' },
      },
    },
  });
  copyFileSync(join(source, 'icon.svg'), join(built, 'icon.svg'));
  copyFileSync(join(source, 'generated/persisted-documents.json'), join(built, 'documents.json'));
  return [result]
    .flat()
    .flatMap((bundle) =>
      'output' in bundle
        ? bundle.output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
        : [],
    );
}

/** Copies what was built last. */
export function copyConsole(target: string): void {
  cpSync(built, target, { recursive: true });
}

async function generateDocuments(): Promise<void> {
  await generate(
    {
      cwd: root,
      schema: 'schema.graphql',
      documents: ['console/documents/*.graphql'],
      silent: true,
      generates: {
        'console/generated/': {
          preset: 'client',
          presetConfig: {
            fragmentMasking: false,
            persistedDocuments: { hashAlgorithm: 'sha256' },
          },
          config: {
            scalars: { DateTime: 'string', ID: 'string' },
            enumsAsTypes: true,
            useTypeImports: true,
            importExtension: '.ts',
            documentMode: 'string',
          },
        },
      },
    },
    true,
  );
}

if (import.meta.main) await buildConsole();
