// No code is made from strings in the process that answers requests, however the command was started.
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { run, startCommand } from '../support/processes/command.ts';

const source = fileURLToPath(new URL('../../src/command.ts', import.meta.url));

/** Loaded first in each process of a start: says whether that one makes code from strings. */
const probe = `data:text/javascript,${encodeURIComponent(`
  let outcome = 'refused';
  try { new Function('return 1'); outcome = 'made'; } catch {}
  process.stderr.write('code from strings: ' + outcome + ' in ' + process.pid + '\\n');
`)}`;
const withoutExecve = 'data:text/javascript,delete process.execve';

async function outcomes(program: readonly string[]) {
  const env = { NODE_OPTIONS: `--import ${probe}` };
  const started = await startCommand({ program, env });
  started.process.kill('SIGTERM');
  const { stderr, code } = await started.ended;
  const all = [...stderr.matchAll(/code from strings: (\w+) in (\d+)/g)];
  return { code, last: all.at(-1)?.[1], pid: Number(all.at(-1)?.[2]), started };
}

test('node with the command makes no code from strings, and stays one process', async () => {
  const { code, last, pid, started } = await outcomes([process.execPath, source]);
  expect({ code, last, pid }).toEqual({ code: 0, last: 'refused', pid: started.process.pid });
});

test.each(['start', 'simulator'] as const)('npm run %s starts Node with the flag', (name) =>
  expect(packageJson.scripts[name]).toMatch(
    /^exec node --disallow-code-generation-from-strings src\/command\.ts/,
  ),
);

test('where a process cannot become another, a child makes no code from strings, and ends with its parent', async () => {
  const program = [process.execPath, '--import', withoutExecve, source];
  const { code, last, pid, started } = await outcomes(program);
  expect({ code, last }).toEqual({ code: 0, last: 'refused' });
  expect(pid).not.toBe(started.process.pid);
});

test('the child does not outlive a parent that was killed', async () => {
  const program = [process.execPath, '--import', withoutExecve, source];
  const { process: parent, ended } = await startCommand({ program });
  parent.kill('SIGKILL');
  // The child has the same streams: they are closed once both are gone.
  expect(await ended).toMatchObject({ signal: 'SIGKILL' });
});

test('the exit code of the restarted command is passed on', async () => {
  const words = ['no-such-command'];
  const program = [process.execPath, '--import', withoutExecve, source];
  expect(await run({ words, program }).ended).toMatchObject({ code: 2 });
  expect(await run({ words }).ended).toMatchObject({ code: 2 });
});
