// The page of docs/recipes-react.md: generated, compiled with the options of Vite's template, built, and used in a browser.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startGateway } from '../../src/testing/testing.ts';
import { startPageServer } from '../support/browser/page-server.ts';
import { describeWithChromium } from '../support/browser/with-chromium.ts';
import { wholeEnvironment } from '../support/processes/environment.ts';
import { recipeProject } from '../support/processes/project-copy.ts';

// Packages are installed and built first: on a loaded machine that takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 300_000 });

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What `npm create vite` writes for a page in React and TypeScript, as far as it decides what compiles. */
const compilerOptions = {
  target: 'es2023',
  lib: ['ES2023', 'DOM'],
  module: 'esnext',
  types: [],
  skipLibCheck: true,
  moduleResolution: 'bundler',
  allowImportingTsExtensions: true,
  verbatimModuleSyntax: true,
  moduleDetection: 'force',
  noEmit: true,
  jsx: 'react-jsx',
  noUnusedLocals: true,
  noUnusedParameters: true,
  erasableSyntaxOnly: true,
  noFallthroughCasesInSwitch: true,
};

let project = '';
/** Runs a program of the repository in the project. @throws Error with what it prints, where it fails. */
function runProgram(...words: readonly string[]): void {
  const [program = '', ...rest] = words;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'node_modules', program), ...rest],
    { cwd: project, env: wholeEnvironment(), encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`${program}: ${stdout}${stderr}`);
}

beforeAll(async () => {
  const recipes = await recipeProject();
  project = join(recipes, 'react');
  const modules = join(recipes, 'node_modules');
  symlinkSync(modules, join(project, 'node_modules'));
  copyFileSync(join(modules, 'kite-graphql/client-codegen.ts'), join(project, 'client-codegen.ts'));
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['src'] }),
  );
  const page =
    '<!doctype html><div id="root"></div><script type="module" src="/src/main.tsx"></script>';
  writeFileSync(join(project, 'index.html'), page);
  runProgram('@graphql-codegen/cli/esm/bin.js', '--config', 'client-codegen.ts');
});

test('the compiler of a new Vite project accepts the page with its generated types', () => {
  expect(() => runProgram('typescript/bin/tsc', '--pretty', 'false')).not.toThrow();
});

describeWithChromium('the built page', async (browser) => {
  const pages = await startPageServer();
  const gateway = await startGateway({ allowedOrigins: [pages.origin] });
  afterAll(async () => {
    pages.close();
    await gateway.close();
  });

  test('offers a login, shows the funds in rupees, and the next morning the login again', async () => {
    runProgram('vite/bin/vite.js', 'build', '--logLevel', 'warn');
    const assets = join(project, 'dist/assets');
    const [file = ''] = readdirSync(assets).filter((name) => name.endsWith('.js'));
    const script = readFileSync(join(assets, file), 'utf8');
    expect(script).toContain('http://localhost:4000/graphql');
    const here = script.replaceAll('http://localhost:4000/graphql', gateway.url);
    pages.show('/', here, '<div id="root"></div>');

    const page = await browser.newPage();
    page.setDefaultTimeout(30_000);
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(pages.origin);
    await page.getByRole('link', { name: 'Log in with Simulator' }).first().click();
    await page.getByRole('radio', { name: 'SIM0001' }).check();
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('Meenakshi Deshpande: ₹99,725.05').waitFor();

    await gateway.simulator.masterLogout('SIM0001');
    await page.getByRole('button', { name: 'Read again' }).click();
    const again = page.getByRole('link', { name: 'Log in again' });
    await again.waitFor();
    expect(await again.getAttribute('href')).toBe(
      `${gateway.origin}/login?app=simulator&returnTo=${encodeURIComponent(`${pages.origin}/`)}`,
    );
    expect(faults).toEqual([]);
  });
});
