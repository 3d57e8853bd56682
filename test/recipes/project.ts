// The recipes as a project of their own: their packages, graphql 16 among them, and the packed gateway beside them.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wholeEnvironment } from '../support/environment.ts';
import { packGateway } from '../support/packed-gateway.ts';
import { onceInRun } from '../support/run-folder.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const recipes = join(root, 'recipes');

/** Makes the project with its generated types, once in a run. @returns its folder. */
export function recipeProject(): Promise<string> {
  return onceInRun('recipes', async (project) => {
    installRecipes();
    const { tarball } = await packGateway();
    for (const name of readdirSync(recipes).filter((each) => each !== 'node_modules')) {
      cpSync(join(recipes, name), join(project, name), { recursive: true });
    }
    const modules = join(project, 'node_modules');
    mkdirSync(join(modules, 'kite-graphql/node_modules'), { recursive: true });
    execFileSync('tar', ['-xzf', tarball, '--strip-components=1'], {
      cwd: join(modules, 'kite-graphql'),
    });
    link(join(recipes, 'node_modules'), modules);
    // What npm would put into a folder of the gateway's own.
    link(join(root, 'node_modules'), join(modules, 'kite-graphql/node_modules'), [
      ...Object.keys(read(join(root, 'package.json')).dependencies),
    ]);
    // Development alone needs these, and the repository has them.
    link(join(root, 'node_modules'), modules, ['@graphql-codegen', '@types']);
    generateTypes(project);
    return project;
  });
}

/** Installs what the recipes depend on, where it is missing or not what the lock file says. */
function installRecipes(): void {
  const lock = readFileSync(join(recipes, 'package-lock.json'), 'utf8');
  const installed = join(recipes, 'node_modules/.installed-lock.json');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === lock) return;
  const options = ['--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  execFileSync('npm', ['ci', ...options, '--loglevel=error'], {
    cwd: recipes,
    env: wholeEnvironment(),
    stdio: 'pipe',
  });
  writeFileSync(installed, lock);
}

/** Links packages of one folder into another; default: all of them. */
function link(from: string, to: string, names = readdirSync(from)): void {
  for (const name of names.filter((each) => !each.startsWith('.'))) {
    const target = join(to, name);
    if (existsSync(target)) continue;
    mkdirSync(join(target, '..'), { recursive: true });
    symlinkSync(join(from, name), target);
  }
}

/** What `npm run codegen` does in the recipes. */
function generateTypes(project: string): void {
  const node = (...words: string[]) =>
    execFileSync(process.execPath, words, { cwd: project, stdio: 'pipe' });
  const relay = 'clients/generated/relay';
  node(join(root, 'node_modules/@graphql-codegen/cli/esm/bin.js'), '--config', 'codegen.ts');
  node('node_modules/gql.tada/bin/cli.js', 'generate-output');
  mkdirSync(join(project, relay), { recursive: true });
  const compiler: string | null = createRequire(import.meta.url)('relay-compiler');
  if (compiler === null) throw new Error('Relay has no compiler for this platform');
  execFileSync(compiler, ['relay.config.json'], { cwd: project, stdio: 'pipe' });
}

function read(path: string) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
