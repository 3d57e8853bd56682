// Starts that cannot be: one clear line on stderr for each fault, a failing exit, and no secret quoted.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { emptyFolder, freePorts, run } from '../support/processes/command.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

describe('a start that cannot be is refused with one clear line each', () => {
  const apps = (content: string) => {
    const file = join(emptyFolder(), 'apps.json');
    writeFileSync(file, content);
    return file;
  };

  test.each([
    ['a bad port', { PORT: 'hunter2' }, [/^kite-graphql: PORT: /]],
    ['two bad values', { PORT: '0', LOG_LEVEL: 'hunter2' }, [/PORT: /, /LOG_LEVEL: /]],
    ['a secret without its key', { KITE_API_SECRET: 'hunter2' }, [/KITE_API_SECRET: /]],
    ['a missing file of apps', { KITE_APPS_FILE: '/nowhere.json' }, [/KITE_APPS_FILE: /]],
    ['production without an app', { NODE_ENV: 'production' }, [/KITE_API_KEY: .*simulator/]],
    ['a host that this machine is not', { HOST: '192.0.2.1' }, [/HOST: .*192\.0\.2\.1/]],
    ['a simulator on such a host', { SIMULATOR_HOST: '192.0.2.1' }, [/SIMULATOR_HOST: /]],
    ['a host that does not exist', { HOST: 'nobody.invalid' }, [/HOST: .*nobody\.invalid/]],
  ])('%s', async (_what, env, patterns) => {
    const [port, simulatorPort] = await freePorts(2);
    const free = { PORT: `${port}`, SIMULATOR_PORT: `${simulatorPort}` };
    await refused(run({ env: { ...free, ...env } }), patterns);
  });

  test('an unreadable file of apps', async () => {
    const KITE_APPS_FILE = apps('[{"apiKey": "one", "apiSecret": "hunter2"');
    await refused(run({ env: { KITE_APPS_FILE } }), [/KITE_APPS_FILE: .* is not JSON/]);
  });

  test.each(['PORT', 'SIMULATOR_PORT'])('%s in use', async (name) => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await new Promise((resolve) => taken.once('listening', resolve));
    const address = taken.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const [other] = await freePorts(1);
    const env = { PORT: `${other}`, SIMULATOR_PORT: `${other}`, [name]: `${port}` };
    await refused(run({ env }), [new RegExp(`kite-graphql: ${name}: port ${port} is in use`)]);
  });

  if (hasIpv6) {
    test('a port that another process has on the other loopback address', async () => {
      const taken = createServer().listen(0, '::1');
      onTestFinished(() => void taken.close());
      await new Promise((resolve) => taken.once('listening', resolve));
      const address = taken.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      const [simulatorPort] = await freePorts(1);
      const env = { PORT: `${port}`, SIMULATOR_PORT: `${simulatorPort}` };
      await refused(run({ env }), [/PORT: port \d+ is in use/]);
    });
  }

  test.each([[['frobnicate']], [['KITE_API_SECRET=hunter2']], [['simulator', '--help']]])(
    'the words %j',
    async (words) => {
      await refused(run({ words }), [/Unknown command .*; see --help/], 2);
    },
  );

  test.each([
    ['UTF-16 with a mark', Buffer.from('\ufeffGRAPHIQL=hunter2\n', 'utf16le'), /UTF-16/],
    ['UTF-16 without one', Buffer.from('GRAPHIQL=hunter2\n', 'utf16le'), /UTF-16/],
    ['UTF-16, big-endian', Buffer.from('\ufeffGRAPHIQL=x\n', 'utf16le').swap16(), /UTF-16/],
    ['Latin-1', Buffer.from('KITE_API_SECRET=hunter2\xe9\n', 'latin1'), /not in UTF-8/],
  ])('a .env in %s', async (_encoding, bytes, pattern) => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, '.env'), bytes);
    const { source } = pattern;
    await refused(run({ cwd }), [new RegExp(`\\.env: .*${source}.*Save it as UTF-8`)]);
  });

  test('a .env that is not a text file', async () => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, '.env'));
    await refused(run({ cwd }), [/\.env: cannot be read/]);
  });
});

async function refused(process: ReturnType<typeof run>, patterns: readonly RegExp[], exitCode = 1) {
  const { code, stdout, stderr } = await process.ended;
  const lines = stderr.trimEnd().split('\n');
  expect(lines).toEqual(patterns.map((pattern) => expect.stringMatching(pattern)));
  for (const line of lines) expect(line).toMatch(/^kite-graphql: /);
  expect(stdout).toBe('');
  expect(code).toBe(exitCode);
  expect(stderr).not.toContain('hunter2');
}
