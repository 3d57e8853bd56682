// Logging never decides whether a request is answered: a stderr that takes nothing costs lines, which are counted.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LogStream } from '../../src/log-stream.ts';
import { emptyFolder, startCommand } from '../support/processes/command.ts';

const env = { LOG_FORMAT: 'json', LOG_LEVEL: 'trace' };
const body = '{"query":"{__typename}"}';
const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body };

test.skipIf(!existsSync('/dev/full'))(
  'with stderr on a full disk requests are answered, and SIGTERM ends the process with 0',
  async () => {
    const program = ['sh', '-c', 'exec "$0" "$1" 2>/dev/full', process.execPath, 'src/command.ts'];
    const {
      url,
      process: child,
      ended,
    } = await startCommand({
      env,
      program: program.map((word) =>
        word === 'src/command.ts' ? join(process.cwd(), word) : word,
      ),
    });
    for (let n = 0; n < 20; n += 1) expect((await fetch(url, post)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, signal: null });
  },
);

test.each(['stderr', 'stdout'] as const)(
  'with %s closed requests are answered, and SIGTERM ends the process with 0',
  async (stream) => {
    const { url, process: child, ended } = await startCommand({ env });
    child[stream]?.destroy();
    for (let n = 0; n < 20; n += 1) expect((await fetch(url, post)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, signal: null });
  },
);

test('with a stderr that is not read requests are answered, and SIGTERM ends the process with 0', async () => {
  const {
    url,
    process: child,
    ended,
  } = await startCommand({ env: { ...env, LIMIT_LOG_BYTES: '10000' } });
  child.stderr?.pause();
  for (let n = 0; n < 600; n += 1) {
    const headers = { ...post.headers, 'x-request-id': `r${n}-`.padEnd(128, 'x') };
    expect((await fetch(url, { ...post, headers })).status).toBe(200);
  }
  child.kill('SIGTERM');
  const exited = new Promise((resolve) => child.once('exit', resolve));
  expect(await exited).toBe(0);
  child.stderr?.resume();
  await ended;
});

test('lost lines are counted, and the count is logged when there is room', async () => {
  const file = join(emptyFolder(), 'pipe');
  await new Promise((resolve) => spawn('mkfifo', [file]).once('close', resolve));
  const reader = openSync(file, 'r+');
  const stream = new LogStream({
    descriptor: reader,
    maxBytes: 200_000,
    lossLine: (lines) => `lost ${lines}\n`,
  });
  onTestFinished(() => closeSync(reader));
  const line = `${'x'.repeat(999)}\n`;
  for (let n = 0; n < 1_000; n += 1) stream.write(line);
  expect(stream.lost).toBe(800);
  // Only now is the pipe emptied.
  const { promise: flushed, resolve } = Promise.withResolvers<string>();
  const cat = spawn('head', ['-c', '200009', file]);
  let text = '';
  cat.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  cat.once('close', () => resolve(text));
  expect((await flushed).slice(-9)).toBe('lost 800\n');
  expect(stream.lost).toBe(0);
});

test('what is left is written at the end', async () => {
  const file = join(emptyFolder(), 'log');
  writeFileSync(file, '');
  const descriptor = openSync(file, 'a');
  const stream = new LogStream({ descriptor, maxBytes: 1_000, lossLine: () => '' });
  stream.write('one\n');
  stream.write('two\n');
  stream.end();
  closeSync(descriptor);
  expect(readFileSync(file, 'utf8')).toBe('one\ntwo\n');
});
