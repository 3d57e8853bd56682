// Prints what each fault cost, as one table after the last of them.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The file that rows are appended to, a JSON line each. */
    readonly faultRows: string;
  }
}

/** One row of the table: what was sent, what came of it, and what a user beside it noticed. */
export interface FaultRow {
  readonly sent: string;
  readonly answered: string;
  readonly brokerCalls: number;
  readonly cpuMilliseconds: number;
  readonly peakMegabytes: number;
  readonly userAnswers: string;
  readonly userSlowestMilliseconds: number;
  readonly memoryBefore: number;
  readonly memoryAfter: number;
}

/** Vitest's global setup: gives the tests a file for their rows, and prints them at the end. */
export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-faults-'));
  const file = join(folder, 'rows.jsonl');
  project.provide('faultRows', file);
  return () => {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    rmSync(folder, { recursive: true, force: true });
    const rows: FaultRow[] = lines.filter(Boolean).map((line) => JSON.parse(line));
    process.stdout.write(`\n${table(rows)}\n`);
  };
}

function table(rows: readonly FaultRow[]): string {
  const heads = [
    'sent',
    'answered',
    'calls to Kite',
    'CPU',
    'peak memory',
    "a user's queries beside it",
    'their slowest',
    'memory before → after',
  ];
  const cells = rows.map((row) => [
    row.sent,
    row.answered,
    `${row.brokerCalls}`,
    `${row.cpuMilliseconds} ms`,
    `${row.peakMegabytes} MB`,
    row.userAnswers,
    `${row.userSlowestMilliseconds} ms`,
    `${row.memoryBefore} → ${row.memoryAfter} MB`,
  ]);
  const line = (values: readonly string[]) => `| ${values.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...cells.map(line)].join('\n');
}
