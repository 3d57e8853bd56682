// Two replicas behind the real nginx and Caddy, with TLS, as the files of deploy/ set them up.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { getCACertificates } from 'node:tls';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { follow } from '../support/follower.ts';
import { emptyFolder, freePorts, run, simulatorSettings } from '../support/processes/command.ts';
import { isCi } from '../support/processes/environment.ts';
import { describeWithCaddy, startCaddy } from '../support/servers/caddy.ts';
import { makeCertificate, opensslPath } from '../support/servers/certificate.ts';
import { describeWithNginx, startNginx } from '../support/servers/nginx.ts';
import { Visitor } from '../support/visitor.ts';
import { startWorld, tokens } from '../support/world.ts';

// Processes start and stop in turn: on a loaded machine that takes its time.
vi.setConfig({ testTimeout: 120_000 });

const read = (name: string) =>
  readFileSync(new URL(`../../deploy/${name}`, import.meta.url), 'utf8');
const [port = 0, plainPort = 0] = await freePorts(2);
const publicUrl = `https://localhost:${port}`;
const url = `${publicUrl}/graphql`;
const options = { publicUrl, trustProxy: true };
const world = await startWorld(options);
const strict = await startWorld({ ...options, limits: { addressOperationsPerMinute: 2 } });

beforeEach(() => world.reset());

/** The port of a gateway in this process. */
const portOf = (gateway: { readonly url: string }) => Number(new URL(gateway.url).port);

const json = { 'content-type': 'application/json' };

/** The status of a query from an address of the loopback, on a connection of its own, with headers that a client made up. */
function statusFrom(localAddress: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const forged = { 'x-forwarded-for': randomBytes(4).join('.'), forwarded: 'for=192.0.2.1' };
    const headers = { ...json, ...forged };
    const query = request(url, { method: 'POST', headers, localAddress, agent: false, family: 4 });
    query.once('error', reject).once('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    query.end('{"query":"{__typename}"}');
  });
}

/** Status and text of the answer to a query over HTTP/1.1: fetch does not take the end of an HTTP/2 connection well. */
function answerTo(
  headers: Record<string, string>,
  agent: Agent,
): Promise<readonly [number | undefined, string]> {
  return new Promise((resolve, reject) => {
    const query = request(url, { method: 'POST', headers: { ...json, ...headers }, agent });
    query.once('error', reject).once('response', (response) => {
      void text(response).then((body) => resolve([response.statusCode, body]), reject);
    });
    query.end('{"query":"{ accounts { user { userId } } }"}');
  });
}

/** A replica as a process of its own, which listens. */
async function startReplica(env: Record<string, string>) {
  const replica = run({ env });
  await replica.said(/Ctrl-C/);
  return replica;
}

/** What holds behind each proxy. @param network whose addresses it sees; @param start starts it before replicas on these ports. */
function suite(network: number, start: (ports: readonly number[]) => Promise<void>): void {
  test('a browser logs in, and its cookie is for HTTPS and this host alone', async () => {
    await start([portOf(world), portOf(world)]);
    const visitor = new Visitor(publicUrl);
    expect((await visitor.logIn(`${publicUrl}/login?app=simulator`, 'SIM0001')).status).toBe(303);
    const cookie = visitor.setCookies.findLast((line) => line.includes('kite_graphql')) ?? '';
    expect(cookie).toMatch(/^__Host-.*; Secure/);
    const { data, headers } = await visitor.askRaw('{ accounts { user { userId } } }');
    expect(data).toEqual({ accounts: [{ user: { userId: 'SIM0001' } }] });
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
  });

  test('an event of a subscription arrives while the stream is open', async () => {
    await start([portOf(world), portOf(world)]);
    const query = 'subscription { marginsChanged { margins { equity { net } } } }';
    const follower = await follow(url, query, { authorization: tokens('SIM0001') });
    expect(follower.response.headers.get('content-type')).toContain('text/event-stream');
    expect((await follower.next())?.data).toBeTruthy();
  });

  test('headers of 16 KiB reach the gateway', async () => {
    await start([portOf(world), portOf(world)]);
    const userIds = Array.from({ length: 700 }, (_, index) => `SIM${10_000 + index}`);
    const authorization = tokens(...userIds);
    expect(authorization.length).toBeGreaterThan(16_384);
    const headers = { ...json, authorization };
    const body = '{"query":"{ accounts { id } }"}';
    const { data } = await (await fetch(url, { method: 'POST', headers, body })).json();
    expect(data.accounts).toHaveLength(700);
  });

  test('a client has the address that it comes from, whatever it says of it', async () => {
    await start([portOf(strict), portOf(strict)]);
    const statuses = [];
    for (const host of [1, 1, 1, 2]) statuses.push(await statusFrom(`127.0.${network}.${host}`));
    expect(statuses).toEqual([200, 200, 429, 200]);
  });

  test('a rolling restart of both replicas under load fails no request', async () => {
    const simulator = await startSimulator({ port: 0, rateLimit: 0 });
    onTestFinished(() => simulator.close());
    const ports = await freePorts(2);
    const settings = ports.map((each) => ({
      ...simulatorSettings(simulator.url),
      PORT: `${each}`,
      HOST: '127.0.0.1',
      PUBLIC_URL: publicUrl,
      TRUST_PROXY: 'true',
      SHUTDOWN_DELAY_MS: '5000',
      KITE_RATE_LIMIT: '0',
      // The load has one address, and asks as fast as the machine can.
      LIMIT_ADDRESS_OPERATIONS_PER_MINUTE: '1000000',
      LOG_LEVEL: 'info',
      LOG_FORMAT: 'json',
      KEYRING_STORE: store,
      KEYRING_KEYS: keys,
    }));
    const replicas = await Promise.all(settings.map(startReplica));
    await start(ports);
    const visitor = new Visitor(publicUrl);
    await visitor.logIn(`${publicUrl}/login`, 'SIM0001');
    const agent = new Agent({ keepAlive: true, ca: getCACertificates('default') });
    onTestFinished(() => agent.destroy());
    const expected = '200,{"data":{"accounts":[{"user":{"userId":"SIM0001"}}]}}';
    const failed: unknown[] = [];
    let isOver = false;
    const load = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const answer = await answerTo(visitor.headers(), agent).catch((error: unknown) => [error]);
        if (answer.join() !== expected) failed.push(answer);
      }
    });
    for (const [index, replica] of replicas.entries()) {
      replica.process.kill('SIGTERM');
      expect(await replica.ended).toMatchObject({ code: 0 });
      const next = await startReplica(settings[index] ?? {});
      // The proxy knows that it is back.
      await next.said(/"Operation"/, 'stderr');
    }
    isOver = true;
    await Promise.all(load);
    expect(failed).toEqual([]);
  });
}

const keys = randomBytes(32).toString('base64');
let store = '';
beforeEach(() => {
  store = `sqlite:${join(emptyFolder(), 'sessions.sqlite')}`;
});

if (opensslPath === null) {
  test.skipIf(!isCi)('openssl is there', () => expect(opensslPath).not.toBeNull());
} else {
  const { certificate, key } = makeCertificate();
  describeWithNginx(() =>
    suite(8, ([first = 0, second = 0]) =>
      startNginx(
        read('nginx.conf')
          .replaceAll('api.example.com;', 'localhost;')
          .replace('listen 80;', `listen 127.0.0.1:${plainPort};`)
          .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
          .replace('$host;\n    # Not', `$host:${port};\n    # Not`)
          .replace(/ssl_certificate .*;/, `ssl_certificate ${certificate};`)
          .replace(/ssl_certificate_key .*;/, `ssl_certificate_key ${key};`)
          .replace('127.0.0.1:4001', `127.0.0.1:${first}`)
          .replace('127.0.0.1:4002', `127.0.0.1:${second}`),
      ),
    ),
  );
  describeWithCaddy(() =>
    suite(9, ([first = 0, second = 0]) =>
      startCaddy(
        read('Caddyfile')
          .replace(
            '{$SITE:api.example.com} {',
            `https://localhost:${port} {\n\ttls ${certificate} ${key}`,
          )
          .replace('127.0.0.1:4001 127.0.0.1:4002', `127.0.0.1:${first} 127.0.0.1:${second}`),
      ),
    ),
  );
}
