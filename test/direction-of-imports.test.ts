// One way through the house: http → context → schema → loaders → kite, and nothing points back.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));

/** What the files of each place may import from, beside their own place. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'limits.ts': [],
  'answer-meter.ts': ['limits.ts'],
  'failure-counts.ts': [],
  kite: ['version.ts', 'limits.ts'],
  loaders: ['kite', 'limits.ts'],
  live: ['loaders', 'kite', 'limits.ts'],
  sums: ['kite'],
  keyring: ['kite', 'limits.ts'],
  'apps.ts': ['kite'],
  'browser-keyring.ts': ['keyring', 'kite'],
  'context.ts': [
    'answer-meter.ts',
    'apps.ts',
    'browser-keyring.ts',
    'failure-counts.ts',
    'keyring',
    'limits.ts',
    'live',
    'loaders',
    'kite',
  ],
  schema: [
    'context.ts',
    'browser-keyring.ts',
    'apps.ts',
    'keyring',
    'limits.ts',
    'live',
    'sums',
    'loaders',
    'kite',
  ],
  http: [
    'answer-meter.ts',
    'schema',
    'context.ts',
    'apps.ts',
    'browser-keyring.ts',
    'site.ts',
    'limits.ts',
    'keyring',
    'live',
    'loaders',
    'kite',
  ],
  server: ['http', 'limits.ts'],
  'index.ts': ['http', 'keyring', 'schema'],
  'config.ts': ['settings', 'http', 'limits.ts'],
  settings: ['http', 'keyring', 'limits.ts', 'site.ts'],
  'site.ts': [],
  'log-stream.ts': [],
  'log.ts': ['config.ts', 'log-stream.ts'],
  'usage.ts': [],
  'version.ts': [],
  simulator: [],
  'main.ts': [
    'config.ts',
    'http',
    'limits.ts',
    'log.ts',
    'schema',
    'server',
    'simulator',
    'usage.ts',
    'version.ts',
    'keyring',
  ],
  'command.ts': ['main.ts', 'server'],
};

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
const placeOf = (file: string) => file.split('/')[0] ?? '';
const importsOf = (file: string) => {
  const text = readFileSync(join(src, file), 'utf8');
  const paths = [...text.matchAll(/(?:from|import|import\()\s*'(\.{1,2}\/[^']+)'/g)];
  return paths.map(([, path]) => relative(src, join(src, dirname(file), path ?? '')));
};

test('every place is known here', () => {
  expect([...new Set(files.map(placeOf))].filter((place) => !(place in allowed))).toEqual([]);
});

test.each(files)('%s imports only forwards', (file) => {
  const place = placeOf(file);
  const wrong = importsOf(file)
    .map(placeOf)
    .filter((target) => target !== place && !allowed[place]?.includes(target));
  expect(wrong).toEqual([]);
});

test('the simulator is imported for its start alone, by main', () => {
  const importers = files.filter(
    (file) =>
      placeOf(file) !== 'simulator' &&
      importsOf(file).some((target) => placeOf(target) === 'simulator'),
  );
  expect(importers).toEqual(['main.ts']);
});

test('no file imports itself through others', () => {
  const cycles: string[] = [];
  const done = new Set<string>();
  const follow = (file: string, path: readonly string[]) => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
    if (path.includes(file) || done.has(file)) return;
    for (const target of importsOf(file)) follow(target, [...path, file]);
    done.add(file);
  };
  for (const file of files) follow(file, []);
  expect(cycles).toEqual([]);
});

test('every file says first what it is for', () => {
  const silent = files.filter(
    (file) => !/^(#!.*\n)?\/\/ \S.{20,}/.test(readFileSync(join(src, file), 'utf8')),
  );
  expect(silent).toEqual([]);
});
