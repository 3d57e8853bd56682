// Documents, the schema, comments and test titles use plain English: a short list of words that they must not use.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Persons for processes, and "is none" for "does not exist". */
const unwanted =
  /\b(?:under way|nobody|whoever|somebody|anybody|everybody|(?:is|are|was|were) none)\b/i;

/** The lines of a file with one of the unwanted words, each with its place. */
function unwantedIn(path: string, isProse = (_line: string) => true): string[] {
  const lines = readFileSync(join(root, path), 'utf8').split('\n');
  return lines.flatMap((line, index) =>
    isProse(line) && unwanted.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
  );
}

const documents = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));

test.each([
  ...[
    'README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    '.env.example',
    'bench/README.md',
  ],
  'schema.graphql',
  ...documents.map((name) => `docs/${name}`),
])('%s uses none of the unwanted words', (path) => {
  expect(unwantedIn(path)).toEqual([]);
});

const filesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('generated/'))
    .map((file) => `${folder}/${file}`);

test('the sources use none of the unwanted words', () => {
  expect(filesIn('src').flatMap((path) => unwantedIn(path))).toEqual([]);
});

test('the titles of tests use none of the unwanted words', () => {
  const isTitle = (line: string) => /^\s*(?:test|describe)\b.*['`]|^\s*\]\)\(['`]/.test(line);
  expect(filesIn('test').flatMap((path) => unwantedIn(path, isTitle))).toEqual([]);
});
