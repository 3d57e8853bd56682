// The package as it would be published, packed once in a run of the tests.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wholeEnvironment } from './environment.ts';
import { onceInRun } from './run-folder.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A packed package. */
export interface PackedGateway {
  /** The path of the tarball. */
  readonly tarball: string;
  /** The paths in it. */
  readonly files: readonly string[];
}

/** Builds and packs the gateway, where no test has done so yet. */
export function packGateway(): Promise<PackedGateway> {
  return onceInRun('package', (folder) => {
    const environment = { cwd: folder, env: wholeEnvironment(), encoding: 'utf8' } as const;
    const packed = execFileSync('npm', ['pack', root, '--json', '--silent'], environment);
    // The build, which npm runs first, may have said something.
    const [entry] = Object.values(JSON.parse(packed.slice(packed.search(/^[[{]/m)))) as Entry[];
    if (entry === undefined) throw new Error(`npm pack says ${packed}`);
    return {
      tarball: join(folder, entry.filename),
      files: entry.files.map(({ path }) => path),
    };
  });
}

interface Entry {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}
