// How many files of the project a reader has to know to follow one query.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('../support/pages/warm-query-files.ts', import.meta.url));
/** To be lowered with each file that goes. Two or three beyond the query itself run by their own timers now and then. */
const maxFiles = 55;

test('one warm query executes no more files of the project than before', () => {
  const files: string[] = JSON.parse(
    execFileSync(process.execPath, [script], { encoding: 'utf8' }),
  );
  // It was really answered, through both kinds of calls.
  expect(files).toContain('brokers/upstream/undici-transport.ts');
  expect(files).toContain('schema/margins/margins.ts');
  expect(files.length, files.join('\n')).toBeLessThanOrEqual(maxFiles);
}, 60_000);
