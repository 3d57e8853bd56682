// The webhook of a process that is killed, and the receiver of docs/session-news.md as it is printed.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { emptyFolder, freePorts, run, startCommand } from '../support/processes/command.ts';
import { startReceiver } from '../support/servers/webhook-receiver.ts';
import { Visitor } from '../support/visitor.ts';

const page = fileURLToPath(new URL('../../docs/session-news.md', import.meta.url));
const secret = 'a-secret-of-the-webhook-0123456789';

async function start(url: string, folder: string, keys: string) {
  const command = await startCommand({
    env: {
      WEBHOOK_URL: url,
      WEBHOOK_SECRET: secret,
      KEYRING_STORE: `sqlite:${join(folder, 'keyring.sqlite')}`,
      KEYRING_KEYS: keys,
      LIMIT_WEBHOOK_SWEEP_SECONDS: '1',
    },
  });
  return { ...command, origin: `http://localhost:${command.port}` };
}

test('a gateway that is killed after a login leaves the event to the next one, and no name of the user in the store', async () => {
  const folder = emptyFolder();
  const keys = randomBytes(32).toString('base64');
  const receiver = await startReceiver();
  receiver.answer = (response) => response.writeHead(503).end();
  const first = await start(receiver.url, folder, keys);
  const { status } = await new Visitor(first.origin).logIn(`${first.origin}/login`, 'SIM0001');
  expect(status).toBe(303);
  first.process.kill('SIGKILL');
  await first.ended;
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, name), 'latin1');
    expect(bytes).not.toMatch(/SIM0001|session\.started/);
  }
  receiver.received.length = 0;
  receiver.answer = (response) => response.writeHead(204).end();
  const second = await start(receiver.url, folder, keys);
  await expect.poll(() => receiver.types(), { timeout: 20_000 }).toEqual(['session.started']);
  second.process.kill('SIGTERM');
  expect(await second.ended).toMatchObject({ code: 0 });
}, 60_000);

test('the receiver of the documentation takes what is genuine, and refuses what is not', async () => {
  const [port = 0] = await freePorts(1);
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^```js\n([\s\S]*?)^```$/gm)];
  const program = (blocks.find(([, text]) => text?.includes('createServer('))?.[1] ?? '')
    .replace('5050', `${port}`)
    .replace("'localhost');\n", "'localhost', () => console.log('listening'));\n");
  const folder = emptyFolder();
  const file = join(folder, 'receiver.mjs');
  writeFileSync(file, program);
  const env = { WEBHOOK_SECRET: secret };
  const receiver = run({ program: [process.execPath, file], env });
  await receiver.said(/listening/);
  const url = `http://localhost:${port}/`;
  const signature = `t=${Math.floor(Date.now() / 1_000)},v1=${'0'.repeat(64)}`;
  for (const headers of [{}, { 'webhook-signature': signature }]) {
    const { status } = await fetch(url, { method: 'POST', headers, body: '{}' });
    expect(status).toBe(401);
  }
  const gateway = await start(url, folder, randomBytes(32).toString('base64'));
  await new Visitor(gateway.origin).logIn(`${gateway.origin}/login`, 'SIM0001');
  await receiver.said(/session\.started \S+ null/);
}, 60_000);

test('a session that the operator ends is told to the webhook too', async () => {
  const folder = emptyFolder();
  const keys = randomBytes(32).toString('base64');
  const receiver = await startReceiver();
  const gateway = await start(receiver.url, folder, keys);
  const visitor = new Visitor(gateway.origin);
  await visitor.logIn(`${gateway.origin}/login`, 'SIM0001');
  type Sessions = { readonly sessions: readonly { readonly id: string }[] };
  const { data } = await visitor.askRaw<Sessions>('{ sessions { id } }');
  const [sessionId] = data?.sessions.map(({ id }) => id) ?? [];
  const env = {
    KEYRING_STORE: `sqlite:${join(folder, 'keyring.sqlite')}`,
    KEYRING_KEYS: keys,
    WEBHOOK_URL: receiver.url,
  };
  const words = ['sessions', 'revoke', `${sessionId}`, '--json'];
  expect(await run({ words, env }).ended).toMatchObject({ code: 0 });
  await expect
    .poll(() => receiver.types().toSorted(), { timeout: 20_000 })
    .toEqual(['session.ended', 'session.started']);
}, 60_000);
