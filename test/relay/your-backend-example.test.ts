// The servers of docs/your-backend.md, as they are printed: one login, and holdings by the official client.
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { emptyFolder, freePorts, run, startCommand } from '../support/processes/command.ts';
import { Visitor } from '../support/visitor.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs/your-backend.md'), 'utf8');
const blocks = [...page.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
const secret = 'a-secret-of-the-example-0123456789';

/** Runs a server of the document on other ports, until the test ends. */
async function serve(part: string, ports: Readonly<Record<number, number>>) {
  const block = blocks.find((each) => each.includes(part) && each.includes('createServer(')) ?? '';
  const ported = Object.entries(ports).reduce(
    (text, [from, to]) => text.replaceAll(from, `${to}`),
    block
      .replace("'kite-graphql'", JSON.stringify(join(root, 'src/index.ts')))
      .replace("'localhost');\n", "'localhost', () => console.log('listening'));\n"),
  );
  const folder = emptyFolder();
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'server.mjs'), ported);
  const program = [process.execPath, join(folder, 'server.mjs')];
  const server = run({ program, env: { RELAY_SECRET: secret } });
  await server.said(/listening/);
  return server;
}

interface AccountHoldings {
  readonly accountId: string;
  readonly holdings: readonly { readonly tradingsymbol: string }[];
}

/** What the holdings of a page's browser are. */
async function holdings(port: number, visitor: Visitor, origin?: string) {
  const headers = { ...visitor.headers(), ...(origin !== undefined && { origin }) };
  const response = await fetch(`http://localhost:${port}/holdings`, { method: 'POST', headers });
  const text = await response.text();
  const accounts: AccountHoldings[] = response.ok ? JSON.parse(text) : [];
  return { status: response.status, accounts };
}

describe('the server that has the gateway as a library', () => {
  let simulator: Simulator;
  let port = 0;
  beforeAll(async () => {
    [port = 0] = await freePorts(1);
    const redirectUrl = `http://localhost:${port}/callback`;
    simulator = await startSimulator({ port: 0, rateLimit: 0, redirectUrl });
  });
  afterAll(() => simulator.close());

  test('reads the holdings of each account of the browser, after one login each', async () => {
    const server = await serve('createGateway', { 4000: port, 4010: simulator.port });
    const origin = `http://localhost:${port}`;
    const visitor = new Visitor(origin);
    expect(await holdings(port, visitor)).toEqual({ status: 200, accounts: [] });
    for (const userId of ['SIM0001', 'SIM0002']) await visitor.logIn(`${origin}/login`, userId);
    const { status, accounts } = await holdings(port, visitor);
    expect(status).toBe(200);
    expect(accounts).toHaveLength(2);
    expect(accounts[1]?.holdings[0]).toMatchObject({ tradingsymbol: 'INFY' });
    const { data } = await visitor.askRaw<{ accounts: { id: string }[] }>('{ accounts { id } }');
    expect(accounts.map(({ accountId }) => accountId)).toEqual(data?.accounts.map(({ id }) => id));
    expect((await holdings(port, visitor, 'https://evil.example')).status).toBe(403);
    await visitor.askRaw('mutation { logout { loggedOut } }');
    expect(await holdings(port, visitor)).toEqual({ status: 200, accounts: [] });
    server.process.kill();
    expect((await server.ended).stderr).toBe('');
  });
});

describe('the backend that is a process of its own', () => {
  test('reads the holdings of each account of the browser, after one login each', async () => {
    const gateway = await startCommand({ env: { RELAY_SECRETS: secret } });
    const [port = 0] = await freePorts(1);
    const { port: gatewayPort, simulatorPort } = gateway;
    const ports = { 3000: port, 4000: gatewayPort, 4010: simulatorPort };
    const backend = await serve('session/credentials', ports);
    const origin = `http://localhost:${gatewayPort}`;
    const visitor = new Visitor(origin);
    expect(await holdings(port, visitor)).toEqual({ status: 200, accounts: [] });
    await visitor.logIn(`${origin}/login`, 'SIM0001');
    const { accounts } = await holdings(port, visitor);
    expect(accounts).toHaveLength(1);
    expect(accounts[0]?.holdings[0]).toMatchObject({ tradingsymbol: 'INFY' });
    expect((await holdings(port, visitor, 'https://evil.example')).status).toBe(403);
    backend.process.kill();
    gateway.process.kill();
    const { stderr } = await gateway.ended;
    expect(stderr).toMatch(/"accounts":1.*Credentials given/);
    expect(stderr).not.toContain(secret);
    expect((await backend.ended).stderr).toBe('');
  });
});
