// A real Caddy in front of a gateway: skipped by name on a machine without one, failing where everything must run.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { emptyFolder, run } from '../processes/command.ts';
import { findCommand, isCi } from '../processes/environment.ts';

/** The path of Caddy; null if it is not installed. */
export const caddyPath = findCommand(['caddy']);

/** Describes a suite that needs Caddy. */
export function describeWithCaddy(suite: () => void): void {
  if (caddyPath !== null) describe('behind Caddy', suite);
  else if (isCi) test('Caddy is there', () => expect.fail('It is not'));
  else test.skip('behind Caddy (no Caddy on this machine)', () => {});
}

/** Starts Caddy with site blocks, until the test ends. */
export async function startCaddy(sites: string): Promise<void> {
  const folder = emptyFolder();
  const file = join(folder, 'Caddyfile');
  writeFileSync(file, `{\n\tadmin off\n\tauto_https off\n}\n${sites}`);
  const program = [caddyPath ?? 'caddy', 'run', '--config', file, '--adapter', 'caddyfile'];
  const env = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  await run({ program, cwd: folder, env }).said(/serving initial configuration/, 'stderr');
}
