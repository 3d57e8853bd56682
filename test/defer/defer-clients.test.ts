// The clients that docs/defer.md names, unmodified and as it says to use them: its examples are run as they stand.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import { run } from '../support/processes/command.ts';
import { startWorld } from '../support/world.ts';

const world = await startWorld();
const root = fileURLToPath(new URL('../..', import.meta.url));
const document = readFileSync(new URL('../../docs/defer.md', import.meta.url), 'utf8');

beforeEach(() => world.reset());

/** The example below a heading, as one would paste it. */
function exampleOf(heading: string): string {
  const [, section = ''] = document.split(`\n## ${heading}\n`);
  return /^```js\n([\s\S]*?)^```$/m.exec(section)?.[1] ?? '';
}

describe.each(['Apollo Client', 'urql', 'Without a client'])('%s', (heading) => {
  test('shows a quick account before a slow one, and why another is missing', async () => {
    await world.fault({ kind: 'delay', delayMilliseconds: 500, userId: 'SIM0001' });
    const code = exampleOf(heading).replaceAll('http://localhost:4000/graphql', world.url);
    expect(code).toContain(world.url);
    const program = [process.execPath, '--input-type=module', '--eval', code];
    const { code: exit, stdout, stderr } = await run({ program, cwd: root }).ended;
    expect([exit, stderr]).toEqual([0, '']);
    const lines = stdout.trimEnd().split('\n');
    const [slow, quick] = ['Meenakshi Deshpande', 'Joseph Borah'];
    expect(lines).toContainEqual(expect.stringContaining(`streaming [ '?', '?', '?' ]`));
    expect(lines).toContainEqual(expect.stringContaining(`streaming [ '?', '${quick}', '?' ]`));
    expect(lines.at(-1)).toContain(`complete [ '${slow}', '${quick}', '?' ]`);
    expect(stdout).toContain(`[ 'SESSION_EXPIRED' ]`);
    expect(await world.calls()).toHaveLength(3);
  });
});
