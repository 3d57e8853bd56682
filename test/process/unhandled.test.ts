// A failure that no code waits for does not end the process, and the log says where it came from.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { emptyFolder, startCommand } from '../support/processes/command.ts';

const command = fileURLToPath(new URL('../../src/command.ts', import.meta.url));

test('failures that no code waits for are logged once, without their message, and requests are answered', async () => {
  const file = join(emptyFolder(), 'failing.mjs');
  writeFileSync(
    file,
    `process.on('SIGUSR2', function failLater() {
      for (let count = 0; count < 1000; count += 1) Promise.reject(new TypeError('canary-token'));
    });`,
  );
  const program = [process.execPath, '--import', file, command];
  const running = await startCommand({ env: { LOG_FORMAT: 'json' }, program });
  running.process.kill('SIGUSR2');
  const log = await running.said(/"msg":"Unhandled failure"/, 'stderr');
  expect(log).toMatch(/"level":50.*failLater.*"cause":"TypeError/);
  expect(log).not.toContain('canary-token');
  expect((await fetch(`http://localhost:${running.port}/health`)).status).toBe(200);
  running.process.kill('SIGTERM');
  const { stderr } = await running.ended;
  expect(stderr.match(/Unhandled failure/g)).toHaveLength(1);
  expect(stderr).not.toContain('canary-token');
});
