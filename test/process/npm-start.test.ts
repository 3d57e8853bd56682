// The start by npm, as a supervisor and a terminal meet it: a signal reaches the gateway, and counts once.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { freePorts, run } from '../support/processes/command.ts';
import { environmentWith, findCommand, isCi } from '../support/processes/environment.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const command = fileURLToPath(new URL('../../src/command.ts', import.meta.url));
const script = findCommand(['script']);
const timedOut = { errors: [{ extensions: { code: 'UPSTREAM_TIMEOUT' } }] };

/** The settings of a gateway whose calls may take a while, and a query that waits for one. */
async function gateway() {
  const [port = 0, simulatorPort = 0] = await freePorts(2);
  const env = { PORT: `${port}`, SIMULATOR_PORT: `${simulatorPort}`, KITE_TIMEOUT_MS: '3000' };
  const simulator = `http://127.0.0.1:${simulatorPort}/simulator`;
  const headers = { 'content-type': 'application/json' };
  /** Sends a query, and returns once its call is with the broker, which does not answer. */
  const ask = async () => {
    const fault = JSON.stringify({ kind: 'hang', userId: 'SIM0001' });
    await fetch(`${simulator}/faults`, { method: 'POST', headers, body: fault });
    const answer = fetch(`http://localhost:${port}/graphql`, {
      method: 'POST',
      headers: { ...headers, authorization: 'token simulator:SIM0001-token' },
      body: '{"query":"{ account { user { userId } } }"}',
    }).then((response) => response.json());
    for (let calls = 0; calls === 0; ) {
      const { counts } = await (await fetch(`${simulator}/requests`)).json();
      calls = Object.keys(counts).length;
    }
    return { answer };
  };
  return { env, ask, health: () => fetch(`http://localhost:${port}/health`) };
}

test('a SIGTERM to `npm start` ends the gateway, after the request in flight', async () => {
  const { env, ask, health } = await gateway();
  const npm = run({ program: ['npm', 'start'], cwd: root, env });
  await npm.said(/Ctrl-C/);
  const { answer } = await ask();
  npm.process.kill('SIGTERM');
  expect(await answer).toMatchObject(timedOut);
  expect(await npm.ended).toMatchObject({ code: 0 });
  await expect(health()).rejects.toThrow();
});

// `npx` runs the command in a shell, which ends at a signal; that the shell is gone is no second signal.
test('a SIGTERM to the whole group of `npx` lets the request in flight finish', async () => {
  const { env, ask, health } = await gateway();
  const npx = run({
    program: ['sh', '-c', '"$0" "$1"; exit "$?"', process.execPath, command],
    env: { ...env, npm_command: 'exec' },
    isGroup: true,
  });
  await npx.said(/Ctrl-C/);
  const { answer } = await ask();
  process.kill(-(npx.process.pid ?? 0), 'SIGTERM');
  expect(await answer).toMatchObject(timedOut);
  await npx.ended;
  await expect(health()).rejects.toThrow();
});

// A terminal sends it to npm and to the gateway; a second one would cut the request off.
test.skipIf(script === null && !isCi)(
  'Ctrl-C at `npm start` lets the request in flight finish',
  async () => {
    const { env, ask, health } = await gateway();
    const terminal = spawn(script ?? 'script', ['-qec', 'exec npm start', '/dev/null'], {
      cwd: root,
      env: environmentWith(env),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void terminal.kill('SIGKILL'));
    const ended = new Promise((resolve) => terminal.once('close', resolve));
    await new Promise<void>((resolve) => {
      let text = '';
      terminal.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.includes('Ctrl-C')) resolve();
      });
    });
    const { answer } = await ask();
    terminal.stdin.write('\x03');
    expect(await answer).toMatchObject(timedOut);
    expect(await ended).toBe(0);
    await expect(health()).rejects.toThrow();
  },
);
