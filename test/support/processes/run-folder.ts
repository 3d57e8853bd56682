// A folder of one run of the tests, for what several test files need and only one of them makes.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    readonly runFolder: string;
  }
}

/** Makes the folder before all tests, and removes it after them. */
export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-run-'));
  project.provide('runFolder', folder);
  return () => rmSync(folder, { recursive: true, force: true });
}

/** What the first file made, as JSON. */
type Outcome<Made> = { readonly made: Made } | { readonly failure: string };

/**
 * Does a work once in a run of the tests, in whichever file asks first; the others wait for it.
 * @param work is given an empty folder of its own, which stays until the end of the run.
 * @throws in every file, where the work failed.
 */
export async function onceInRun<Made>(
  name: string,
  work: (folder: string) => Made | Promise<Made>,
): Promise<Made> {
  const folder = join(inject('runFolder'), name);
  const result = `${folder}.json`;
  if (isFirst(folder)) {
    const outcome = await Promise.resolve(folder)
      .then(work)
      .then(
        (made): Outcome<Made> => ({ made }),
        (error: unknown): Outcome<Made> => ({ failure: String(error) }),
      );
    writeFileSync(`${result}.new`, JSON.stringify(outcome));
    renameSync(`${result}.new`, result);
  }
  while (!existsSync(result)) await pause(100);
  const outcome: Outcome<Made> = JSON.parse(readFileSync(result, 'utf8'));
  if ('failure' in outcome) throw new Error(`${name}: ${outcome.failure}`);
  return outcome.made;
}

function isFirst(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    return false;
  }
}
