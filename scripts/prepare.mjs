// After `npm ci`: removes headers that nothing here compiles against, writes the types of the tests' queries and builds
// the console, so that `npx tsc`, `npx vitest` and `npm start` work in a fresh clone. An installation without
// development dependencies has no generator, and needs none.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
// The package `node` brings them for all platforms: a third of it.
const nodes = `${root}node_modules/node/node_modules`;
for (const name of existsSync(nodes) ? readdirSync(nodes) : [])
  rmSync(`${nodes}/${name}/include`, { recursive: true, force: true });

const generator = `${root}node_modules/@graphql-codegen/cli/esm/bin.js`;
if (existsSync(generator)) {
  const run = (...words) =>
    spawnSync(process.execPath, words, { cwd: root, stdio: 'inherit' }).status ?? 1;
  process.exitCode = run(generator, '--silent') || run('scripts/console.ts');
}
