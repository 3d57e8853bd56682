// docs/faults.md is true: its promises are the titles of the fault suite's tests, and its codes those that they hold.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { answersTable } from '../faults/brokers/broker-answers.ts';

const folder = new URL('../faults/', import.meta.url);
const page = readFileSync(new URL('../../docs/faults.md', import.meta.url), 'utf8');

test('every promise of the page is a test of the file that it links to, and every test is in the page', () => {
  const promises = [...page.matchAll(/^\| \[(.*?)\]\(\.\.\/test\/faults\/(.*?)\)/gm)].map(
    ([, title, file]) => `${file}: ${title?.replaceAll('\\|', '|')}`,
  );
  const files = readdirSync(folder).filter((name) => name.endsWith('.faults.ts'));
  const tests = files.flatMap((file) => {
    const text = readFileSync(new URL(file, folder), 'utf8');
    const titles = text.matchAll(/^\s*test(?:\.skipIf\(.*?\))?\(\s*'(.*?)',/gm);
    return [...titles].map(([, title]) => `${file}: ${title}`);
  });
  expect(promises.toSorted()).toEqual(tests.toSorted());
});

test('the codes in the page are those that the suite expects', () => {
  expect(page).toContain(answersTable());
});
