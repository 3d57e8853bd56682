// Builds dist/: the sources compiled one by one, the GraphQL stack bundled beside them, imports pointed at the bundle.
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { bundled, bundledInConsole } from './bundled.ts';
import { bundleClient, maxClientBytes } from './client-size.ts';
import { buildConsole, copyConsole } from './console.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const vendor = join(dist, 'vendor');

rmSync(dist, { recursive: true, force: true });
const compiler = join(root, 'node_modules/.bin/tsc');
execFileSync(compiler, ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
const modules = await bundle();
pointImportsAtBundle();
keepPublicTypes();
writeLicences(new Set([...modules, ...(await addConsole())]));
await measureClient();
chmodSync(join(dist, 'command.js'), 0o755);

/** Bundles the stack into chunks that share one copy of everything. @returns the folders of the packages in it. */
async function bundle(): Promise<ReadonlySet<string>> {
  const input = Object.fromEntries(
    Object.entries(bundled).map(([name, file]) => [file.replace(/\.js$/, ''), name]),
  );
  const build = await rolldown({
    input,
    cwd: root,
    platform: 'node',
    external: [/^node:/, ...builtinModules, ...Object.keys(dependencies())],
    resolve: { conditionNames: ['node', 'import', 'module', 'default'] },
  });
  const { output } = await build.write({
    dir: vendor,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunk-[hash].js',
  });
  await build.close();
  const files = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
  return new Set(files.map(packageFolder).filter((folder) => folder !== null));
}

/** Builds the console and adds its files. @returns the folders of the packages in its script. */
async function addConsole(): Promise<readonly string[]> {
  const files = await buildConsole();
  copyConsole(join(dist, 'http/console/built'));
  const folders = [...new Set(files.map(packageFolder))].filter((folder) => folder !== null);
  const names = folders.map((folder) => relative(join(root, 'node_modules'), folder));
  const unknown = names.filter((name) => !bundledInConsole.includes(name));
  if (unknown.length > 0)
    throw new Error(`The console has ${unknown}: add it to scripts/bundled.ts`);
  return folders;
}

/** The folder of the package that a file belongs to: the last one below a node_modules. */
function packageFolder(file: string): string | null {
  return /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? null;
}

function dependencies(): Readonly<Record<string, string>> {
  const { dependencies, peerDependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  return { ...dependencies, ...peerDependencies };
}

/** Rewrites imports of bundled packages. @throws where a file imports what the published package does not bring. */
function pointImportsAtBundle(): void {
  const installed = Object.keys(dependencies());
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((each) => each.endsWith('.js') && !each.startsWith('vendor/'))) {
    const path = join(dist, file);
    const text = readFileSync(path, 'utf8').replace(
      /(^(?:import|export|\})[^'\n]*? from |^import |\bimport\()'([^'.][^']*)'/gm,
      (whole, before: string, name: string) => {
        const target = bundled[name];
        if (target !== undefined) {
          const address = relative(dirname(path), join(vendor, target));
          return `${before}'${address.startsWith('.') ? address : `./${address}`}'`;
        }
        const packageName = name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/');
        if (name.startsWith('node:') || installed.includes(packageName)) return whole;
        throw new Error(`${file} imports ${name}, which the published package does not bring`);
      },
    );
    writeFileSync(path, text);
  }
}

/** Keeps the declarations that those of the exports lead to. @throws where one of them needs a bundled package's types. */
function keepPublicTypes(): void {
  const kept = new Set<string>();
  const keep = (path: string) => {
    if (kept.has(path)) return;
    kept.add(path);
    const text = readFileSync(path, 'utf8');
    for (const [, name = ''] of text.matchAll(/(?:from |import\()['"]([^'"]+)['"]/g)) {
      if (bundled[name] !== undefined) throw new Error(`${path} needs the types of ${name}`);
      if (name.startsWith('.')) keep(join(dirname(path), name.replace(/\.(js|ts)$/, '.d.ts')));
    }
  };
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const { types } of Object.values<{ types?: string }>(exports)) {
    if (types !== undefined) keep(join(root, types));
  }
  for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const path = join(dist, file);
    if (file.endsWith('.d.ts') && !kept.has(path)) rmSync(path);
  }
}

/** Says how large the client is in a page. @throws where it is larger than it may be. */
async function measureClient(): Promise<void> {
  const { gzipBytes, brotliBytes } = await bundleClient();
  const words = `The client has ${gzipBytes} bytes with gzip, ${brotliBytes} with brotli`;
  if (gzipBytes > maxClientBytes) throw new Error(`${words}: more than ${maxClientBytes}`);
  process.stdout.write(`${words}\n`);
}

/** The licences of what is bundled, which ask to go where the code goes. */
function writeLicences(folders: ReadonlySet<string>): void {
  const entries = [...folders].toSorted().map((folder) => {
    const { name, version, license } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    );
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    const text =
      file === undefined ? `Licence: ${license}` : readFileSync(join(folder, file), 'utf8');
    return `${name} ${version}\n\n${text.trim()}\n`;
  });
  writeFileSync(join(vendor, 'LICENSES.txt'), entries.join(`\n${'-'.repeat(80)}\n\n`));
}
