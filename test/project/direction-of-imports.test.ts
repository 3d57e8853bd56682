// One way through the house: server and http → schema → context → loaders → brokers, and nothing points back.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const src = fileURLToPath(new URL('../../src', import.meta.url));

/** What the files of each place may import from, beside their own place. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'limits.ts': [],
  // It runs in browsers: nothing of the gateway.
  client: [],
  shared: ['limits.ts'],
  brokers: ['shared', 'limits.ts'],
  plans: ['shared', 'limits.ts'],
  tracing: ['shared', 'brokers', 'keyring'],
  metrics: ['shared', 'brokers', 'limits.ts'],
  loaders: ['shared', 'brokers', 'limits.ts'],
  live: ['shared', 'loaders', 'brokers', 'limits.ts'],
  sums: ['brokers'],
  keyring: ['shared', 'brokers', 'limits.ts'],
  'session-tokens': ['keyring', 'brokers'],
  'browser-keyring.ts': ['shared', 'keyring', 'brokers'],
  'context.ts': [
    'session-tokens',
    'shared',
    'browser-keyring.ts',
    'keyring',
    'limits.ts',
    'live',
    'loaders',
    'brokers',
  ],
  schema: [
    'shared',
    'context.ts',
    'browser-keyring.ts',
    'keyring',
    'limits.ts',
    'live',
    'sums',
    'loaders',
    'brokers',
  ],
  http: [
    'metrics',
    'tracing',
    'shared',
    'plans',
    'schema',
    'context.ts',
    'browser-keyring.ts',
    'options.ts',
    'limits.ts',
    'keyring',
    'live',
    'loaders',
    'brokers',
  ],
  server: ['shared', 'http', 'metrics', 'context.ts', 'limits.ts'],
  'options.ts': [
    'tracing',
    'metrics',
    'session-tokens',
    'http',
    'keyring',
    'brokers',
    'limits.ts',
    'shared',
  ],
  'services.ts': [
    'metrics',
    'tracing',
    'session-tokens',
    'options.ts',
    'context.ts',
    'http',
    'keyring',
    'live',
    'loaders',
    'brokers',
    'limits.ts',
    'shared',
  ],
  'browser-services.ts': [
    'metrics',
    'tracing',
    'services.ts',
    'options.ts',
    'context.ts',
    'http',
    'keyring',
    'brokers',
    'shared',
  ],
  'index.ts': [
    'metrics',
    'tracing',
    'session-tokens',
    'gateway-interface.ts',
    'gateway.ts',
    'options.ts',
    'http',
    'keyring',
    'brokers',
    'schema',
    'shared',
  ],
  'gateway-interface.ts': ['http', 'shared'],
  'gateway.ts': [
    'gateway-interface.ts',
    'options.ts',
    'services.ts',
    'browser-services.ts',
    'shared',
    'context.ts',
    'http',
    'plans',
    'schema',
    'server',
  ],
  config: ['session-tokens', 'shared', 'options.ts', 'http', 'keyring', 'limits.ts'],
  operator: ['config', 'process', 'keyring', 'brokers', 'limits.ts', 'shared'],
  process: ['tracing', 'config', 'keyring', 'brokers', 'limits.ts', 'options.ts', 'shared'],
  'log-stream.ts': [],
  'log.ts': ['config', 'limits.ts', 'log-stream.ts'],
  'usage.ts': [],
  'signals.ts': [],
  simulator: [],
  testing: ['gateway.ts', 'gateway-interface.ts', 'options.ts', 'process', 'server', 'simulator'],
  'main.ts': [
    'metrics',
    'tracing',
    'process',
    'operator',
    'config',
    'gateway.ts',
    'http',
    'limits.ts',
    'log.ts',
    'schema',
    'server',
    'simulator',
    'gateway-interface.ts',
    'usage.ts',
    'options.ts',
    'signals.ts',
    'shared',
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

test('the simulator is imported by main and by the library for tests alone', () => {
  const importers = files.filter(
    (file) =>
      placeOf(file) !== 'simulator' &&
      importsOf(file).some((target) => placeOf(target) === 'simulator'),
  );
  expect(new Set(importers.map(placeOf))).toEqual(new Set(['main.ts', 'testing']));
});

test('the errors of the schema are a leaf: they know no GraphQL type', () => {
  const errors = files.filter((file) => file.startsWith('schema/errors/'));
  const known = errors.flatMap(importsOf).filter((path) => path.startsWith('schema/'));
  expect(known.filter((path) => !path.startsWith('schema/errors/'))).toEqual([]);
  for (const file of errors) expect(readFileSync(join(src, file), 'utf8')).not.toContain('pothos');
});

test('one file opens connections to Redis', () => {
  const importers = files.filter((file) =>
    readFileSync(join(src, file), 'utf8').includes("from '@redis/client'"),
  );
  expect(importers).toEqual(['brokers/upstream/redis-client.ts']);
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

test('no folder has more than 15 files beside each other', () => {
  const counts = new Map<string, number>();
  for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  expect([...counts].filter(([, count]) => count > 15)).toEqual([]);
});
