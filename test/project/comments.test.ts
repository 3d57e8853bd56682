// Every file begins with what it is for, and every export says what it is.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const filesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('generated/'))
    .map((file) => `${folder}/${file}`);
const linesOf = (path: string) => readFileSync(join(root, path), 'utf8').split('\n');

test('every file begins with a comment that says what it is for', () => {
  const begin = [...filesIn('src'), ...filesIn('test'), 'codegen.ts', 'vitest.config.ts'].map(
    (path) => [path, linesOf(path).find((line) => !line.startsWith('#!'))] as const,
  );
  expect(begin.filter(([, line]) => !/^\/\/ \S.{10}/.test(line ?? ''))).toEqual([]);
});

test('every export of the sources has a doc comment', () => {
  const bare = filesIn('src').flatMap((path) => {
    const lines = linesOf(path);
    const isBare = (line: string, index: number) =>
      /^export (?!type \{|[{*])/.test(line) && !lines[index - 1]?.endsWith('*/');
    return lines.filter(isBare).map((line) => `${path}: ${line}`);
  });
  expect(bare).toEqual([]);
});
