// A real nginx in front of a gateway: skipped by name on a machine without one, failing where everything must run.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { emptyFolder, run } from '../processes/command.ts';
import { findCommand, isCi, searchPath } from '../processes/environment.ts';

/** The path of nginx; null if it is not installed. Debian keeps it out of the search path of users. */
export const nginxPath = findCommand(['nginx'], [...searchPath, '/usr/sbin', '/usr/local/sbin']);

/** Describes a suite that needs nginx. */
export function describeWithNginx(suite: () => void): void {
  if (nginxPath !== null) describe('behind nginx', suite);
  else if (isCi) test('nginx is there', () => expect.fail('It is not'));
  else test.skip('behind nginx (no nginx on this machine)', () => {});
}

/** Starts nginx with a server block, until the test ends. */
export async function startNginx(server: string): Promise<void> {
  const folder = emptyFolder();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${join(folder, name)};`,
  );
  const lines = [
    'daemon off;',
    'master_process off;',
    `pid ${join(folder, 'nginx.pid')};`,
    'error_log stderr notice;',
    'events {}',
    'http {',
    '  access_log off;',
    ...temporary,
    server,
    '}',
  ];
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, lines.join('\n'));
  const program = [nginxPath ?? 'nginx', '-p', folder, '-c', file, '-e', 'stderr'];
  // It listens before it names its event method.
  await run({ program, cwd: folder }).said(/using the "\w+" event method/, 'stderr');
}
