// SECURITY.md: each of its lines names tests, and each test that it names exists.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'SECURITY.md'), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (attacker|line|risk|---) /.test(line));

/** The tests that a text names: the file below test/, and the title. */
const testsIn = (text: string) =>
  [...text.matchAll(/`([\w/-]+)`: \*([^*]+)\*/g)].map(([, file = '', title = '']) => [file, title]);

test.each(rows)('a protection has a test: %s', (row) => {
  expect(testsIn(row.split('|').at(-2) ?? '').length).toBeGreaterThan(0);
});

test.each(testsIn(page))('the test of %s exists: %s', (file = '', title = '') => {
  const path = join(root, 'test', `${file}.test.ts`);
  expect(existsSync(path)).toBe(true);
  const titles = readFileSync(path, 'utf8').replaceAll("\\'", "'");
  expect(
    titles.includes(`'${title}'`) ||
      titles.includes(`\`${title}\``) ||
      titles.includes(`"${title}"`),
  ).toBe(true);
});

test('all ten risks of the API Top 10 are there', () => {
  const risks = [...page.matchAll(/^\| API(\d+) /gm)].map(([, number]) => Number(number));
  expect(risks).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});
