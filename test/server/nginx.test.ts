// Behind a real nginx, as docs/behind-a-proxy.md sets it up: logins, streams, long headers and client addresses.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { beforeEach, expect, test } from 'vitest';
import { follow } from '../support/follower.ts';
import { askInParts } from '../support/parts.ts';
import { freePorts } from '../support/processes/command.ts';
import { describeWithNginx, startNginx } from '../support/servers/nginx.ts';
import { Visitor } from '../support/visitor.ts';
import { startWorld, tokens } from '../support/world.ts';

const page = readFileSync(new URL('../../docs/behind-a-proxy.md', import.meta.url), 'utf8');
const documented = /^```nginx\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? '';

const [port = 0] = await freePorts(1);
const origin = `http://127.0.0.1:${port}`;
const publicUrl = `${origin}/kite`;
const url = `${publicUrl}/graphql`;
const options = { publicUrl, trustProxy: true, graphiql: true };
const world = await startWorld(options);
const strict = await startWorld({ ...options, limits: { addressOperationsPerMinute: 2 } });

/** The server block of the documentation, for these ports. */
function serverFor({ url: gateway }: { readonly url: string }, strips = false): string {
  const upstream = new URL(gateway).origin;
  return documented
    .replace('listen 80', `listen 127.0.0.1:${port}`)
    .replace('api.example.com', '127.0.0.1')
    .replace('http://127.0.0.1:4000', `${upstream}${strips ? '/' : ''}`);
}

const ask = (query: string, authorization: string) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify({ query }),
  });

/** The status of a query from an address of the loopback, on a connection of its own. */
function statusFrom(localAddress: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const query = request(url, { method: 'POST', headers, localAddress, agent: false });
    query.once('error', reject).once('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    query.end('{"query":"{__typename}"}');
  });
}

beforeEach(() => world.reset());

describeWithNginx(() => {
  test.each([
    ['kept', false],
    ['removed', true],
  ])(
    'with the path %s, a login ends below the path, and its cookie opens the account',
    async (_name, strips) => {
      await startNginx(serverFor(world, strips));
      const visitor = new Visitor(publicUrl, origin);
      const { data } = await (await ask('{ apps { loginUrl } }', '')).json();
      expect(data.apps[0].loginUrl).toContain(`${publicUrl}/login?`);
      const { status, location } = await visitor.logIn(data.apps[0].loginUrl, 'SIM0001');
      expect(status).toBe(303);
      const end = new URL(location ?? '', publicUrl);
      expect(end.href.startsWith(`${publicUrl}/`)).toBe(true);
      const home = await visitor.visit(end.href);
      expect(new URL(home.location ?? '', end).href).toBe(url);
      expect((await visitor.visit(url)).text).toContain('<html');
      const answer = await visitor.askRaw('{ accounts { user { userId } } }');
      expect(answer.data).toEqual({ accounts: [{ user: { userId: 'SIM0001' } }] });
    },
  );

  test('an event of a subscription arrives while the stream is open', async () => {
    await startNginx(serverFor(world));
    const query = 'subscription { marginsChanged { margins { equity { net } } } }';
    const follower = await follow(url, query, { authorization: tokens('SIM0001') });
    expect(follower.response.headers.get('content-type')).toContain('text/event-stream');
    const event = await follower.next();
    expect(event?.data).toMatchObject({
      marginsChanged: { margins: { equity: { net: expect.any(Number) } } },
    });
  });

  test.each(['multipart/mixed', 'text/event-stream'])(
    'the first part of an answer arrives before the others are known: %s',
    async (accept) => {
      await startNginx(serverFor(world));
      await world.fault({ kind: 'hang', userId: 'SIM0001' });
      const controller = new AbortController();
      const { parts } = await askInParts(
        url,
        '{ accounts { apiKey ... @defer { user { userId } } } }',
        {
          authorization: tokens('SIM0001'),
          headers: { accept },
          signal: controller.signal,
        },
      );
      const { value } = await parts.next();
      expect(value).toMatchObject({ data: { accounts: [{ apiKey: 'simulator' }] }, hasNext: true });
      controller.abort();
    },
  );

  test('a thousand credentials in one header reach the gateway', async () => {
    await startNginx(serverFor(world));
    const userIds = Array.from(
      { length: 1_000 },
      (_, index) => `SIM${String(index).padStart(4, '0')}`,
    );
    const { data } = await (await ask('{ accounts { id } }', tokens(...userIds))).json();
    expect(data.accounts).toHaveLength(1_000);
  });

  test.each([
    [1, '$remote_addr'],
    [2, '$remote_addr:$remote_port'],
    [3, '$proxy_add_x_forwarded_for'],
  ])(
    'clients are told apart by address, whatever their ports: %i, X-Forwarded-For %s',
    async (network, value) => {
      await startNginx(serverFor(strict).replace('For $remote_addr;', () => `For ${value};`));
      const statuses = [];
      for (const host of [1, 1, 1, 2]) statuses.push(await statusFrom(`127.0.${network}.${host}`));
      expect(statuses).toEqual([200, 200, 429, 200]);
    },
  );
});
