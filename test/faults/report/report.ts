// A reporter: prints the table after the last fault and, where that is asked for, writes it into the documentation.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Reporter, TestModule } from 'vitest/node';
import { writesFaults } from '../../support/processes/environment.ts';
import { answersTable } from '../brokers/broker-answers.ts';
import { type FaultTest, linkedTable, table } from './table.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const page = new URL('../../../docs/faults.md', import.meta.url);

/** Prints, and writes. */
export class FaultReport implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules
      .toSorted((one, other) => one.moduleId.localeCompare(other.moduleId))
      .flatMap((module) => testsOf(module));
    process.stdout.write(`\n${table(tests)}\n`);
    if (writesFaults) write(tests);
  }
}

function testsOf(module: TestModule): FaultTest[] {
  const file = relative(root, module.moduleId);
  return [...module.children.allTests()].map((test) => {
    const { state } = test.result();
    return { title: test.fullName, file, state, rows: test.meta().faults ?? [] };
  });
}

/** Puts the table between its marks. @throws where a test failed: the page says what holds. */
function write(tests: readonly FaultTest[]): void {
  const failed = tests.filter(({ state }) => state === 'failed');
  if (failed.length > 0) {
    process.stdout.write('docs/faults.md is not written, because a test failed.\n');
    return;
  }
  const [{ model = 'unknown' } = {}] = cpus();
  const made = `Made on ${new Date().toISOString().slice(0, 10)} on ${cpus().length} cores of ${model.trim()}, Node.js ${process.version}.`;
  const text = readFileSync(page, 'utf8');
  const [, known = ''] = text.split('<!-- faults -->');
  const body = `${made}\n\n${linkedTable(tests, known)}`;
  writeFileSync(page, between(between(text, 'answers', answersTable()), 'faults', body));
  process.stdout.write('Written: docs/faults.md\n');
}

/** Puts a text between two marks. */
export function between(text: string, mark: string, body: string): string {
  const marked = new RegExp(`(<!-- ${mark} -->\\n)[\\s\\S]*(<!-- end of ${mark} -->)`);
  return text.replace(marked, (_all, begin, end) => `${begin}\n${body}\n\n${end}`);
}
