// Artifacts of Relay's own compiler, which is in its npm package and needs no network: compiled for one test.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emptyFolder } from './command.ts';

/** The path of the compiler's program; null where it has none for this platform. */
const compiler: string | null = createRequire(import.meta.url)('relay-compiler');

/** Loads an artifact by the name of its fragment or operation. */
export type Artifacts = <Artifact>(name: string) => Artifact;

/** Compiles documents against the project's schema. Their names begin with `Page`, as Relay asks of a module Page. */
export function compileForRelay(documents: readonly string[]): Artifacts {
  const folder = emptyFolder();
  mkdirSync(join(folder, 'artifacts'));
  copyFileSync(
    fileURLToPath(new URL('../../schema.graphql', import.meta.url)),
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
  if (compiler === null) throw new Error('Relay has no compiler for this platform');
  execFileSync(compiler, ['relay.config.json'], { cwd: folder, stdio: 'pipe' });
  const require = createRequire(join(folder, 'artifacts', 'index.js'));
  return (name) => require(`./${name}.graphql`);
}
