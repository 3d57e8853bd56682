// Artifacts of Relay's own compiler, which is among the packages of the recipes: compiled for one file of tests.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { relayCompiler } from './project-copy.ts';

/** Loads an artifact by the name of its fragment or operation. */
export type Artifacts = <Artifact>(name: string) => Artifact;

/**
 * Compiles documents, before the tests of a file, against the project's schema. Their names begin with `Page`, as
 * Relay asks of a module Page.
 */
export async function compileForRelay(documents: readonly string[]): Promise<Artifacts> {
  const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-relay-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'artifacts'));
  copyFileSync(
    fileURLToPath(new URL('../../../schema.graphql', import.meta.url)),
    join(folder, 'schema.graphql'),
  );
  const texts = documents.map((document) => `graphql${'`'}${document}${'`'};\n`);
  writeFileSync(join(folder, 'Page.js'), texts.join(''));
  const config = {
    src: '.',
    schema: 'schema.graphql',
    language: 'javascript',
    artifactDirectory: 'artifacts',
    // CommonJS, which needs no loader of its own.
    eagerEsModules: false,
  };
  writeFileSync(join(folder, 'relay.config.json'), JSON.stringify(config));
  execFileSync(await relayCompiler(), ['relay.config.json'], { cwd: folder, stdio: 'pipe' });
  const require = createRequire(join(folder, 'artifacts', 'index.js'));
  return (name) => require(`./${name}.graphql`);
}
