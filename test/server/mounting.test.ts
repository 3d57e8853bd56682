// A public URL with a path, and mounts in other servers: all addresses given out and all routes answered honour them.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { createGateway } from '../../src/gateway.ts';
import type { Gateway } from '../../src/gateway-interface.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { Visitor } from '../support/visitor.ts';
import { apps, startOfTime } from '../support/world.ts';

const publicUrl = 'http://localhost:4000/api';
const query = '?query=%7B__typename%7D';

function gatewayAt(url = publicUrl): Gateway {
  const gateway = createGateway({ apps, publicUrl: url, graphiql: true });
  onTestFinished(async () => void (await gateway.dispose()));
  return gateway;
}

/** Express with what a test mounts in it, and a last handler that tells what came to it. */
async function expressWith(mount: (app: Express) => void): Promise<string> {
  const app = express();
  mount(app);
  app.use((request, response) => void response.status(299).send(request.originalUrl));
  const server = createServer({ maxHeaderSize: 131_072, joinDuplicateHeaders: true }, app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const get = (url: string, accept = 'application/json') =>
  fetch(url, { headers: { accept }, redirect: 'manual' });

test.each(['/api', ''])('gateway.fetch answers every route below "%s"', async (base) => {
  const gateway = gatewayAt();
  const at = async (path: string) =>
    gateway.fetch(
      new Request(`http://localhost${base}${path}`, { headers: { accept: 'text/html' } }),
    );
  expect((await at(`/graphql`)).headers.get('content-type')).toContain('text/html');
  expect((await at('/login?app=simulator')).status).toBe(303);
  expect((await at('/callback?status=cancelled')).status).toBe(400);
  expect((await at('/health')).status).toBe(200);
  const home = await at('/');
  expect([home.status, home.headers.get('location')]).toEqual([302, '/api/graphql']);
});

test('GraphQL below the path is executed, by GET and by POST', async () => {
  const gateway = gatewayAt();
  const url = 'http://localhost/api/graphql';
  const post = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{__typename}"}',
  };
  for (const answer of [await gateway.fetch(`${url}${query}`), await gateway.fetch(url, post)]) {
    expect(await answer.json()).toEqual({ data: { __typename: 'Query' } });
  }
});

test('every address that the gateway gives out has the path', async () => {
  const gateway = gatewayAt();
  const asked = encodeURIComponent('{ apps { loginUrl } }');
  const { data } = await (
    await gateway.fetch(`http://localhost/api/graphql?query=${asked}`)
  ).json();
  expect(data.apps[0].loginUrl).toMatch(/^http:\/\/localhost:4000\/api\/login\?/);
  const page = await gateway.fetch('http://localhost/graphql', {
    headers: { accept: 'text/html' },
  });
  expect(await page.text()).toContain('http://localhost:4000/api/login?');
});

const body = '{"query":"{__typename}"}';
const post = (url: string) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });

test.each([[publicUrl], ['http://localhost:4000']])(
  'mounted at /api in Express, with the public URL %s, every route is answered, and later handlers get the rest',
  async (url) => {
    const gateway = gatewayAt(url);
    const base = await expressWith((app) => app.use('/api', gateway));
    const data = { data: { __typename: 'Query' } };
    expect(await (await get(`${base}/api/graphql${query}`)).json()).toEqual(data);
    expect(await (await post(`${base}/api/graphql`)).json()).toEqual(data);
    expect((await get(`${base}/api/login?app=simulator`)).status).toBe(303);
    expect((await get(`${base}/api/health`)).status).toBe(200);
    expect((await get(`${base}/api`)).headers.get('location')).toBe('/api/graphql');
    for (const path of ['/', '/users', '/api/users', '/api/users/graphql', '/apis/graphql']) {
      const answer = await get(`${base}${path}`, 'text/html');
      expect([answer.status, await answer.text()]).toEqual([299, path]);
    }
  },
);

test.each([[publicUrl], ['http://localhost:4000']])(
  'mounted at the root of Express, with the public URL %s, what is not the gateway’s goes to later handlers',
  async (url) => {
    const gateway = gatewayAt(url);
    const base = await expressWith((app) => app.use(gateway));
    for (const path of ['/', '/users', '/users/graphql', '/x/health', '/logins']) {
      const answer = await get(`${base}${path}`, 'text/html');
      expect([answer.status, await answer.text()]).toEqual([299, path]);
    }
    expect((await post(`${base}/users`)).status).toBe(299);
    expect((await get(`${base}/graphql${query}`)).status).toBe(200);
    expect((await post(`${base}/graphql`)).status).toBe(200);
    expect((await get(`${base}/login?app=simulator`)).status).toBe(303);
  },
);

test.each(['/api', '/'])(
  'in Express at %s, a login ends at the public URL, and its cookie opens the account',
  async (mount) => {
    const simulator = await startSimulator({ port: 0, rateLimit: 0, now: startOfTime });
    onTestFinished(() => simulator.close());
    const gateway = createGateway({
      apps,
      publicUrl,
      kiteBaseUrl: simulator.url,
      kiteLoginUrl: `${simulator.url}/connect/login`,
    });
    onTestFinished(async () => void (await gateway.dispose()));
    const base = await expressWith((app) => app.use(mount, gateway));
    const visitor = new Visitor(`${base}/api`, 'http://localhost:4000');
    const { status, location } = await visitor.logIn(`${base}/api/login?app=simulator`, 'SIM0001');
    expect([status, new URL(location ?? '', publicUrl).href]).toEqual([303, `${publicUrl}/`]);
    const { data } = await visitor.askRaw('{ accounts { user { userId } } }');
    expect(data).toEqual({ accounts: [{ user: { userId: 'SIM0001' } }] });
  },
);

test('a body that express.json() has read before is answered', async () => {
  const gateway = gatewayAt();
  const base = await expressWith((app) => app.use(express.json()).use('/api', gateway));
  const answer = await post(`${base}/api/graphql`);
  expect([answer.status, await answer.json()]).toEqual([200, { data: { __typename: 'Query' } }]);
});
