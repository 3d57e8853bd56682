// A service behind a real proxy, as docs/signed-tokens.md sets both up: who reaches it, and what it is told.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeJwt } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import { SessionTokens } from '../../src/session-tokens/session-tokens.ts';
import { emptyFolder, freePorts, run } from '../support/processes/command.ts';
import { describeWithCaddy, startCaddy } from '../support/servers/caddy.ts';
import { describeWithNginx, startNginx } from '../support/servers/nginx.ts';
import { signingKey } from '../support/values/signing-keys.ts';
import { Visitor } from '../support/visitor.ts';
import { apps, startOfTime, startWorld } from '../support/world.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs/signed-tokens.md'), 'utf8');
const documented = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))][0]?.[1] ?? '';

const [port = 0, servicePort = 0] = await freePorts(2);
const origin = `http://127.0.0.1:${port}`;
const publicUrl = `${origin}/kite`;
const sessionTokens = new SessionTokens({
  keys: [signingKey('EdDSA'), signingKey('ES256')],
  templates: { default: { audience: 'reports' } },
});
// The service of the documentation verifies by its own clock, so this gateway has the machine's.
const world = await startWorld(
  { publicUrl, trustProxy: true, sessionTokens, apps },
  { now: new Date() },
);
const bare = await startWorld({ publicUrl, trustProxy: true, apps, now: () => startOfTime });

/** An example for the ports of this test. */
const here = (text: string, gateway = world) =>
  text
    .replace('listen 80', `listen 127.0.0.1:${port}`)
    .replace('server_name example.com', 'server_name 127.0.0.1')
    .replace(/^example\.com \{/m, `http://127.0.0.1:${port} {`)
    .replaceAll('https://$http_host', 'http://$http_host')
    .replaceAll('https://{http', 'http://{http')
    .replaceAll('https://example.com/kite', publicUrl)
    .replaceAll('127.0.0.1:4000', new URL(gateway.url).host)
    .replaceAll('127.0.0.1:5000', `127.0.0.1:${servicePort}`)
    .replaceAll('listen(5000', `listen(${servicePort}`)
    .replaceAll('your_api_key', 'simulator');

/** A service that says what it was sent, until the test ends. */
async function startEcho(): Promise<void> {
  const server = createServer((request, response) => {
    response.end(JSON.stringify({ url: request.url, headers: request.headers }));
  });
  await new Promise<void>((resolve) => server.listen(servicePort, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
}

/** The service of the documentation, until the test ends. */
async function startDocumentedService(): Promise<void> {
  const folder = emptyFolder();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(root, 'node_modules/jose'), join(folder, 'node_modules/jose'));
  const file = join(folder, 'service.mjs');
  const listening = "server.once('listening', () => console.log('listening'));";
  writeFileSync(file, `${here(documented('js'))}\n${listening}`);
  await run({ program: [process.execPath, file], cwd: folder }).said(/listening/);
}

async function loggedIn(): Promise<Visitor> {
  const visitor = new Visitor(publicUrl, origin);
  await visitor.logIn(`${publicUrl}/login?app=simulator`, 'SIM0001');
  return visitor;
}

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${origin}${path}`, { redirect: 'manual', headers });

const forged = { 'x-account-id': 'forged', 'x-session-token': 'forged' };

interface Echo {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** What holds behind each proxy. @param start starts it, in front of a gateway. */
function suite(start: (gateway: typeof world) => Promise<void>): void {
  test('a service gets the account and a token of the gateway, and never the cookie', async () => {
    await start(world);
    await startEcho();
    const visitor = await loggedIn();
    const { data } = await visitor.askRaw<{ accounts: { id: string }[] }>('{ accounts { id } }');
    const response = await get('/reports/a%20b?x=1&y=2', { ...visitor.headers(), ...forged });
    expect(response.status).toBe(200);
    const { url, headers } = (await response.json()) as Echo;
    expect(url).toBe('/reports/a%20b?x=1&y=2');
    expect(headers['x-account-id']).toBe(data?.accounts[0]?.id);
    const claims = decodeJwt(String(headers['x-session-token']));
    expect(claims).toMatchObject({ iss: publicUrl, sub: data?.accounts[0]?.id, aud: 'reports' });
    expect(headers.cookie).toBeUndefined();
    expect(response.headers.has('x-session-token')).toBe(false);
  });

  test('without keys a service gets the account alone: a token of the client does not pass', async () => {
    await start(bare);
    await startEcho();
    const visitor = await loggedIn();
    const response = await get('/reports/', { ...visitor.headers(), ...forged });
    const { headers } = (await response.json()) as Echo;
    expect(headers['x-account-id']).toMatch(/^[\w-]{22}$/);
    expect(headers['x-session-token']).toBeUndefined();
  });

  test('a browser that is not logged in is sent to the login, and back afterwards', async () => {
    await start(world);
    await startEcho();
    const response = await get('/reports/today?x=1', forged);
    expect(response.status).toBe(302);
    const login = new URL(response.headers.get('location') ?? '', origin);
    expect(login.href).toContain(`${publicUrl}/login?app=simulator`);
    const visitor = new Visitor(publicUrl, origin);
    const { location } = await visitor.logIn(login.href, 'SIM0001');
    expect(location).toBe(`${origin}/reports/today?x=1`);
    expect((await get('/reports/today?x=1', visitor.headers())).status).toBe(200);
    await visitor.askRaw('mutation { logout { loggedOut } }');
    expect((await get('/reports/today?x=1', visitor.headers())).status).toBe(302);
  });

  test('no client can ask for a check itself', async () => {
    await start(world);
    const visitor = await loggedIn();
    expect((await get('/kite/session', visitor.headers())).status).toBe(404);
  });

  test('the service of the documentation accepts the token, and no forged one', async () => {
    await start(world);
    await startDocumentedService();
    const visitor = await loggedIn();
    const response = await get('/reports/', { ...visitor.headers(), ...forged });
    expect(response.status).toBe(200);
    expect(await response.text()).toMatch(/^Reports of account [\w-]{22}\n$/);
    const direct = `http://127.0.0.1:${servicePort}/`;
    expect((await fetch(direct)).status).toBe(401);
    expect((await fetch(direct, { headers: forged })).status).toBe(401);
  });
}

describeWithNginx(() => suite((gateway) => startNginx(here(documented('nginx'), gateway))));
// As the documentation says for a gateway without keys: this Caddy would pass the name of its own variable on.
const copied = 'copy_headers X-Account-Id';
describeWithCaddy(() =>
  suite((gateway) => {
    const sites = here(documented('caddyfile'), gateway);
    return startCaddy(
      gateway === bare ? sites.replace(`${copied} X-Session-Token`, copied) : sites,
    );
  }),
);
