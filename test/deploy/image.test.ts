// The image of the Dockerfile, without Docker: its steps in an empty folder, as a user without rights, and what comes out.
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { settingNames } from '../../src/config/variables.ts';
import { freePorts, run } from '../support/processes/command.ts';
import {
  contextOf,
  FolderMachine,
  type Stage,
  stagesOf,
  unprivileged,
} from '../support/servers/dockerfile.ts';

// Packages are installed: on a loaded machine that takes its time.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 1_200_000 });

const root = fileURLToPath(new URL('../..', import.meta.url));
const stages = stagesOf(join(root, 'Dockerfile'));
const context = contextOf(join(root, '.dockerignore'));
const last = stages.at(-1) as Stage;
const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-image-'));
const machine = new FolderMachine(folder, context);
let app = { cwd: '', env: {} as Record<string, string> };

/** The words of the last instruction of this name, which are a JSON array. */
function wordsOf(name: string): string[] {
  const text = last.steps.findLast((step) => step.name === name)?.text ?? '';
  return JSON.parse(text.slice(text.indexOf('[')));
}

beforeAll(async () => {
  for (const stage of stages) app = await machine.run(stage);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The command of the image. */
async function start(settings: Record<string, string> = {}) {
  const [port = 0] = await freePorts(1);
  const env = machine.environment({
    ...app.env,
    PORT: `${port}`,
    KITE_API_KEY: 'key',
    ...settings,
  });
  return {
    ...run({ program: wordsOf('ENTRYPOINT'), cwd: app.cwd, env, ...unprivileged }),
    env,
    port,
  };
}

test('the image holds what runs, without development packages, sources or tests', () => {
  expect(readdirSync(app.cwd).toSorted()).toEqual([
    ...['LICENSE', 'dist', 'node_modules', 'package.json', 'schema.graphql'],
  ]);
  const installed = readdirSync(join(app.cwd, 'node_modules'));
  expect(installed).toContain('got');
  for (const name of ['typescript', 'vitest', 'node', 'graphql']) {
    expect(installed).not.toContain(name);
  }
});

test('the image runs without root, and the process cannot write to its files', async () => {
  expect(last.steps.findLast(({ name }) => name === 'USER')?.text).toBe('node');
  const copies = last.steps.filter(({ name }) => name === 'COPY');
  expect(copies.filter(({ text }) => text.includes('--chown'))).toEqual([]);
  for (const path of [app.cwd, join(app.cwd, 'dist')]) chmodSync(path, 0o555);
  const before = statSync(app.cwd).mtimeMs;
  const { said, process: child, ended, env } = await start();
  await said(/Ctrl-C/);
  const check = { program: wordsOf('HEALTHCHECK'), cwd: app.cwd, env, ...unprivileged };
  expect(await run(check).ended).toMatchObject({ code: 0, stderr: '' });
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 0 });
  expect(statSync(app.cwd).mtimeMs).toBe(before);
  expect(await run(check).ended).toMatchObject({ code: 1 });
});

test('without an app the image refuses to start, and starts no simulator', async () => {
  const { ended } = await start({ KITE_API_KEY: '' });
  const { code, stderr } = await ended;
  expect(code).toBe(1);
  expect(stderr).toContain('KITE_API_KEY');
});

test('every variable that the image sets is a setting', () => {
  expect(Object.keys(app.env).filter((name) => !settingNames.includes(name))).toEqual([]);
});

test('only what the build reads goes into the image: no settings, no stores, no logs', () => {
  expect(context.filter((path) => /env$|sqlite|log$|node_modules|\.git|test/.test(path))).toEqual(
    [],
  );
});

test('each step installs npm packages alone, from the lock file', () => {
  const runs = stages.flatMap(({ steps }) => steps.filter(({ name }) => name === 'RUN'));
  const commands = runs.map(({ text }) => text.split(' ').slice(0, 2).join(' '));
  expect(commands).toEqual(['mkdir gateway', 'npm ci', 'npm run', 'npm prune']);
});
