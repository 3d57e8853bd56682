// The example of a page on another origin: it compiles, and its own end-to-end test passes in a project of its own.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { chromiumPath } from '../support/browser/browser.ts';
import { run } from '../support/processes/command.ts';
import { isCi } from '../support/processes/environment.ts';
import { exampleProject } from '../support/processes/project-copy.ts';

// It is built, and Chromium is started: on a loaded machine that takes its time.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const root = fileURLToPath(new URL('../..', import.meta.url));
const name = 'family-dashboard';

test('the versions of its packages are those of the repository, except graphql', () => {
  const manifest = (path: string) =>
    JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
  const { dependencies, devDependencies } = manifest(`examples/${name}`);
  const { graphql, ...versions } = { ...dependencies, ...devDependencies };
  expect(graphql).toMatch(/^16\./);
  const installed = Object.keys(versions).map((each) => [
    each,
    manifest(`node_modules/${each}`).version,
  ]);
  expect(versions).toEqual(Object.fromEntries(installed));
});

describe('in a project of its own', () => {
  let cwd = '';
  beforeAll(async () => {
    cwd = await exampleProject(name);
  });

  test('it compiles', async () => {
    const program = [join(root, 'node_modules/.bin/tsc'), '--pretty', 'false'];
    const { code, stdout } = await run({ program, cwd }).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  });

  test.skipIf(chromiumPath === null && !isCi)('its end-to-end test passes', async () => {
    const program = [process.execPath, '--test', 'test/dashboard.test.ts'];
    const env = { CHROMIUM: chromiumPath ?? '' };
    const { code, stdout } = await run({ program, cwd, env }).ended;
    expect(stdout).toMatch(/^. pass 3$/m);
    expect(code).toBe(0);
  });
});
