// The bill of materials: what is shipped is in it, and what only develops the gateway is not.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { bundled, bundledInConsole } from '../../scripts/bundled.ts';

vi.setConfig({ testTimeout: 120_000 });

const root = fileURLToPath(new URL('../..', import.meta.url));

test('`npm run sbom` lists every dependency and what is bundled, with its licence, and no development package', () => {
  const { dependencies, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const text = execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: root, encoding: 'utf8' });
  const { bomFormat, metadata, components } = JSON.parse(text) as {
    bomFormat: string;
    metadata: { component: { version: string } };
    components: { name: string; licenses?: unknown[] }[];
  };
  expect([bomFormat, metadata.component.version]).toEqual(['CycloneDX', version]);
  const names = components.map(({ name }) => name);
  const wanted = [
    ...Object.keys(dependencies),
    ...bundledInConsole,
    ...Object.keys(bundled).map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? ''),
  ];
  expect(
    wanted.filter((name) => !names.includes(name.split('/').at(-1) ?? '') && !names.includes(name)),
  ).toEqual([]);
  for (const name of ['vitest', 'typescript', '@apollo/client', 'express'])
    expect(names).not.toContain(name);
  expect(components.filter(({ licenses = [] }) => licenses.length === 0)).toEqual([]);
});
