// Copies of the recipes and examples as projects of their own, with the packed gateway and no package undeclared.
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
import { wholeEnvironment } from './environment.ts';
import { packGateway } from './packed-gateway.ts';
import { onceInRun } from './run-folder.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const rootModules = join(root, 'node_modules');

/** Makes the project of the recipes with its generated types, once in a run. @returns its folder. */
export function recipeProject(): Promise<string> {
  return onceInRun('recipes', async (project) => {
    const recipes = join(root, 'recipes');
    const compiler = await relayCompiler();
    await copyProject(recipes, project);
    link(join(recipes, 'node_modules'), join(project, 'node_modules'));
    // Development alone, or one page, needs these, and the repository has them.
    const others = ['@graphql-codegen', '@types', 'react', 'react-dom'];
    link(rootModules, join(project, 'node_modules'), others);
    generateTypes(project);
    node(project, 'node_modules/gql.tada/bin/cli.js', 'generate-output');
    mkdirSync(join(project, 'clients/generated/relay'), { recursive: true });
    execFileSync(compiler, ['relay.config.json'], { cwd: project, stdio: 'pipe' });
    return project;
  });
}

/** Links packages that the recipes depend on into a project, with graphql 16. */
export async function linkRecipePackages(project: string, names: readonly string[]): Promise<void> {
  await installRecipes();
  link(join(root, 'recipes/node_modules'), join(project, 'node_modules'), names);
}

/** Installs the packages of the recipes. @returns the path of Relay's compiler, which is among them. */
export async function relayCompiler(): Promise<string> {
  await installRecipes();
  const compiler: string | null = createRequire(join(root, 'recipes/package.json'))(
    'relay-compiler',
  );
  if (compiler === null) throw new Error('Relay has no compiler for this platform');
  return compiler;
}

/** Makes the project of an example with its generated types, once in a run. @returns its folder. */
export function exampleProject(name: string): Promise<string> {
  return onceInRun(name, async (project) => {
    const example = join(root, 'examples', name);
    await copyProject(example, project);
    // Its versions are those of the repository, which a test holds.
    const { dependencies, devDependencies } = read(join(example, 'package.json'));
    const names = Object.keys({ ...dependencies, ...devDependencies });
    link(rootModules, join(project, 'node_modules'), names);
    generateTypes(project);
    node(project, 'trusted-documents.ts');
    return project;
  });
}

/** Copies what a project has in the repository, with the packed gateway among its packages. */
async function copyProject(from: string, project: string): Promise<void> {
  const { tarball } = await packGateway();
  for (const name of readdirSync(from).filter((each) => each !== 'node_modules')) {
    cpSync(join(from, name), join(project, name), { recursive: true });
  }
  const gateway = join(project, 'node_modules/kite-graphql');
  mkdirSync(join(gateway, 'node_modules'), { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1'], { cwd: gateway });
  // What npm would put into a folder of the gateway's own.
  const { dependencies } = read(join(root, 'package.json'));
  link(rootModules, join(gateway, 'node_modules'), Object.keys(dependencies));
}

/** Installs what the recipes depend on, where it is missing or not what the lock file says; once in a run. */
function installRecipes(): Promise<void> {
  return onceInRun('recipe-packages', () => {
    const cwd = join(root, 'recipes');
    const lock = readFileSync(join(cwd, 'package-lock.json'), 'utf8');
    const installed = join(cwd, 'node_modules/.installed-lock.json');
    if (existsSync(installed) && readFileSync(installed, 'utf8') === lock) return;
    const options = '--ignore-scripts --prefer-offline --no-audit --no-fund'.split(' ');
    const npm = ['ci', ...options, '--loglevel=error'];
    execFileSync('npm', npm, { cwd, env: wholeEnvironment(), stdio: 'pipe' });
    writeFileSync(installed, lock);
  });
}

/** Links packages of one folder into another; default: all of them. */
function link(from: string, to: string, names: readonly string[] = readdirSync(from)): void {
  for (const name of names.filter((each) => !each.startsWith('.'))) {
    const target = join(to, name);
    if (existsSync(target)) continue;
    mkdirSync(join(target, '..'), { recursive: true });
    symlinkSync(join(from, name), target);
  }
}

function generateTypes(project: string): void {
  node(project, join(rootModules, '@graphql-codegen/cli/esm/bin.js'), '--config', 'codegen.ts');
}

function node(cwd: string, ...words: string[]): void {
  execFileSync(process.execPath, words, { cwd, stdio: 'pipe' });
}

function read(path: string) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
