// After `npm ci`: writes the types of the tests' queries, so that `npx tsc` and `npx vitest` work in a fresh clone. An
// installation without development dependencies has no generator, and needs none.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const generator = `${root}node_modules/@graphql-codegen/cli/esm/bin.js`;
if (existsSync(generator)) {
  const { status } = spawnSync(process.execPath, [generator, '--silent'], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}
