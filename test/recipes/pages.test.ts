// The pages of the recipes show their files as they are, and every file is on a page.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { recipePages, withFiles } from '../support/pages/recipe-pages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

test.each(recipePages)('%s shows its files as they are; `npm run codegen` writes them', (path) => {
  expect(read(path)).toBe(withFiles(read(path)));
});

test('every module and script of the recipes is on a page', () => {
  const files = ['clients', 'react', 'servers', 'scripts'].flatMap((folder) =>
    readdirSync(join(root, 'recipes', folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(tsx?|py|sh)$/.test(name))
      .map((name) => `recipes/${folder}/${name}`),
  );
  const pages = recipePages.map(read).join('\n');
  expect(files.length).toBeGreaterThan(15);
  expect(files.filter((file) => !pages.includes(`<!-- ${file} -->`))).toEqual([]);
});
