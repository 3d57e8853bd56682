// The command: `npm run bench`. Installs and builds what it needs, measures, and writes tables and charts.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.ts';
import { checkAnswers } from './measures/check.ts';
import { measureMany } from './measures/many.ts';
import { measureProfile } from './measures/profile.ts';
import { measureSharing } from './measures/sharing.ts';
import { measureSingle } from './measures/single.ts';
import { soak } from './measures/soak.ts';
import { measureTransports } from './measures/transports.ts';
import { leaveFirstCore } from './process.ts';
import { createProgress } from './progress.ts';
import { Questions } from './question.ts';
import { charts } from './report/charts.ts';
import { report } from './report/report.ts';
import type { Results } from './results.ts';
import { startStage } from './servers.ts';

const help = `Benchmarks of the gateway: beside a floor without GraphQL, Mercurius and Apollo Server.

Usage
  npm run bench                 everything, about seven minutes; rewrites bench/README.md and the charts beside it
  npm run bench -- --quick      short rounds and no soak, about a minute; writes nothing
  npm run bench -- --parts      what each part of the gateway costs by itself, without sockets; writes nothing
  npm run bench -- --report     measures nothing; writes tables and charts anew from bench/results.json
  npm run bench -- --help       this text

Ctrl-C stops it, with everything that it has started.
`;

const full = {
  single: { warmUpMilliseconds: 8_000, rounds: 12, milliseconds: 2_000 },
  manyRounds: 12,
  sharingMilliseconds: 3_000,
  profileMilliseconds: 5_000,
  transports: { rounds: 6, milliseconds: 2_000 },
  soakMinutes: 2,
};
const quick: typeof full = {
  single: { warmUpMilliseconds: 4_000, rounds: 4, milliseconds: 1_000 },
  manyRounds: 4,
  sharingMilliseconds: 1_000,
  profileMilliseconds: 2_000,
  transports: { rounds: 2, milliseconds: 1_000 },
  soakMinutes: 0,
};

const folder = new URL('.', import.meta.url);
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean' },
      parts: { type: 'boolean' },
      report: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return say(help.trimEnd());
  if (values.parts) return measureParts();
  if (values.report)
    return write(JSON.parse(readFileSync(new URL('results.json', folder), 'utf8')));
  prepare();
  const results = await measure(values.quick ? quick : full);
  say(report(results));
  if (values.quick) return;
  writeFileSync(new URL('results.json', folder), `${JSON.stringify(results, null, 2)}\n`);
  write(results);
}

/** In a process of its own, which can be given another heap. */
function measureParts(): void {
  const options = ['--expose-gc', '--max-semi-space-size=256', '--min-semi-space-size=256'];
  const file = fileURLToPath(new URL('measures/parts.ts', folder));
  spawnSync(process.execPath, [...options, file], { stdio: 'inherit' });
}

/** Installs what the gateway is compared with, where it is not there, and builds the gateway. */
function prepare(): void {
  const cwd = fileURLToPath(new URL('..', folder));
  const npm = (...words: string[]) => {
    say(`> npm ${words.join(' ')}`);
    const { status, stdout } = spawnSync('npm', words, {
      cwd,
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
    });
    if (status === 0) return;
    say(stdout);
    process.exit(1);
  };
  if (!existsSync(new URL('node_modules', folder))) npm('ci', '--prefix', 'bench');
  npm('run', 'build');
}

async function measure(plan: typeof full): Promise<Results> {
  const pinned = leaveFirstCore();
  const progress = createProgress(process.stdout);
  const stage = await startStage();
  process.once('SIGINT', () => {
    stage.end();
    process.exit(130);
  });
  try {
    const questions = new Questions();
    progress.step('Every server answers, and rightly');
    await checkAnswers(stage, questions);
    progress.step('One account in each request');
    const single = await measureSingle(stage, questions, plan.single, progress.say);
    progress.step('Where the time goes');
    const profile = await measureProfile(stage, questions, plan.profileMilliseconds);
    progress.step('Many accounts in one request');
    const many = await measureMany(stage, questions, plan.manyRounds, progress.say);
    progress.step('Calls upstream');
    const sharing = await measureSharing(stage, questions, plan.sharingMilliseconds);
    progress.step('Transports');
    const { rounds, milliseconds } = plan.transports;
    const transports = await measureTransports(stage.upstreamUrl, rounds, milliseconds);
    progress.step('Soak');
    const minutes = await soak(stage, questions, plan.soakMinutes, progress.say);
    progress.end();
    const machine = describeMachine(pinned);
    return { machine, single, many, sharing, profile, transports, soak: minutes };
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
  say('Written: bench/README.md, bench/results.json and the charts.');
}
