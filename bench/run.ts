// The command: `npm run bench`. Runs measures, and writes tables and charts.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Questions } from './load/question.ts';
import { describeMachine } from './machine.ts';
import { type Bench, type Measure, measures } from './measures/measures.ts';
import { leaveFirstCore } from './processes/process.ts';
import { Stage } from './processes/stage.ts';
import { createProgress } from './progress.ts';
import { charts } from './report/charts.ts';
import { report } from './report/report.ts';
import type { Measured, Results } from './results.ts';

const names = Object.keys(measures) as (keyof Measured)[];
const help = `Benchmarks of the gateway, beside a floor without GraphQL and other servers.

Usage
  npm run bench                      every measure, about twenty minutes; rewrites bench/README.md and its charts
  npm run bench -- --quick           every measure but soak in short rounds, about two minutes; writes nothing
  npm run bench -- --only <measure>  one measure, or several with one --only each; writes nothing
  npm run bench -- --report          measures nothing; writes tables and charts again from bench/results.json
  npm run bench -- --help            this text

Measures
${names.map((name) => `  ${name.padEnd(12)}${measures[name].about}`).join('\n')}

Ctrl-C stops it, with everything that it has started.
`;

const folder = new URL('.', import.meta.url);
const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      report: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return print(help.trimEnd());
  if (values.report) {
    return write(JSON.parse(readFileSync(new URL('results.json', folder), 'utf8')));
  }
  const unknown = values.only.find((name) => !names.some((each) => each === name));
  if (unknown !== undefined) {
    print(`There is no measure "${unknown}". The measures: ${names.join(', ')}.`);
    process.exitCode = 1;
    return;
  }
  const chosen =
    values.only.length === 0 ? names : names.filter((name) => values.only.includes(name));
  const results = await measure(chosen, values.quick);
  print(report(results));
  if (values.quick || values.only.length > 0) return;
  writeFileSync(new URL('results.json', folder), `${JSON.stringify(results, null, 2)}\n`);
  write(results);
}

async function measure(chosen: readonly (keyof Measured)[], isQuick: boolean): Promise<Results> {
  const pinned = leaveFirstCore();
  const progress = createProgress(process.stdout);
  const stage = await Stage.start();
  process.once('SIGINT', () => {
    stage.end();
    process.exit(130);
  });
  try {
    const bench: Bench = { stage, questions: new Questions(), isQuick, say: progress.say };
    const measured: Record<string, unknown> = {};
    for (const name of chosen) {
      const { about, run }: Measure<unknown> = measures[name];
      progress.step(`${name}: ${about}`);
      measured[name] = await run(bench);
    }
    progress.end();
    return { machine: describeMachine(pinned), ...(measured as Measured) };
  } finally {
    stage.end();
  }
}

/** Puts the tables between their marks in the README, and the charts beside it. */
function write(results: Results): void {
  const path = new URL('README.md', folder);
  const marked = /(<!-- results -->\n)[\s\S]*(<!-- end of results -->)/;
  const text = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    text.replace(marked, (_all, begin, end) => `${begin}\n${report(results)}\n${end}`),
  );
  for (const [name, chart] of Object.entries(charts(results))) {
    writeFileSync(new URL(name, folder), chart);
  }
  print('Written: bench/README.md, bench/results.json and the charts.');
}
