// The unit for systemd: its settings exist, and systemd itself judges how much the service is exposed.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { settingNames } from '../../src/config/variables.ts';
import { findCommand } from '../support/processes/environment.ts';

const file = fileURLToPath(new URL('../../deploy/kite-graphql.service', import.meta.url));
const text = readFileSync(file, 'utf8');
const analyze = findCommand(['systemd-analyze']);

test('each variable that the unit sets is a setting', () => {
  const names = [...text.matchAll(/^Environment=(\w+)=/gm)].map(([, name = '']) => name);
  expect(names).toContain('NODE_ENV');
  expect(names.filter((name) => !settingNames.includes(name))).toEqual([]);
});

test('the unit starts Node with the flag that refuses code from strings', () => {
  expect(text).toMatch(
    /^ExecStart=.* node --disallow-code-generation-from-strings .*command\.js$/m,
  );
});

// Elsewhere than on a machine with systemd the unit has no use.
if (analyze !== null) {
  test('systemd finds no fault in the unit', () => {
    const { stdout, stderr } = spawnSync(analyze, ['verify', file], { encoding: 'utf8' });
    const faults = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('kite-graphql'));
    // What is installed elsewhere than it says is no fault of the unit.
    expect(faults.filter((line) => !/is not executable|No such file/.test(line))).toEqual([]);
  });

  test('systemd rates the exposure of the service at 2.0 of 10 at most', () => {
    const words = ['security', '--offline=yes', '--threshold=20', '--no-pager', file];
    const { status, stdout } = spawnSync(analyze, words, { encoding: 'utf8' });
    expect([status, stdout.split('\n').filter((line) => line.startsWith('→'))]).toEqual([
      0,
      [expect.stringMatching(/exposure level for kite-graphql\.service: \d/)],
    ]);
  });
}
