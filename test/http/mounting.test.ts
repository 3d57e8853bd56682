// A public URL with a path, and mounts in other servers: all addresses given out and all routes answered honour them.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createGateway, type Gateway } from '../../src/gateway.ts';
import { apps } from '../support/world.ts';

type Next = () => void;
type Handler = (request: IncomingMessage, response: ServerResponse, next: Next) => unknown;

const publicUrl = 'http://localhost:4000/api';
const query = '?query=%7B__typename%7D';

function gatewayAt(url = publicUrl): Gateway {
  const gateway = createGateway({ apps, publicUrl: url, graphiql: true });
  onTestFinished(async () => void (await gateway.dispose()));
  return gateway;
}

/** A server that mounts a handler as Express does: `url` is shortened by the path, and `next` leads on. */
async function serverWith(path: string, handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    const url = request.url ?? '/';
    const next = () => response.writeHead(299).end(request.url);
    if (url !== path && !url.startsWith(`${path}/`)) return next();
    const rest = url.slice(path.length);
    Object.assign(request, {
      originalUrl: url,
      baseUrl: path,
      url: rest.startsWith('/') ? rest : `/${rest}`,
    });
    return handler(request, response, next);
  });
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

test.each([[publicUrl], ['http://localhost:4000']])(
  'mounted at /api by a server such as Express, with the public URL %s, every route is answered',
  async (url) => {
    const gateway = gatewayAt(url);
    const base = await serverWith('/api', gateway as Handler);
    expect(await (await get(`${base}/api/graphql${query}`)).json()).toEqual({
      data: { __typename: 'Query' },
    });
    expect((await get(`${base}/api/login?app=simulator`)).status).toBe(303);
    expect((await get(`${base}/api/health`)).status).toBe(200);
    expect((await get(`${base}/api/`)).headers.get('location')).toBe('/api/graphql');
    const post = await fetch(`${base}/api/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{__typename}"}',
    });
    expect(await post.json()).toEqual({ data: { __typename: 'Query' } });
  },
);

test('mounted at the root, what is not the gateway’s goes to the next handler', async () => {
  const base = await serverWith('', gatewayAt('http://localhost:4000') as Handler);
  for (const path of ['/', '/users', '/users/graphql', '/x/health', '/logins']) {
    const answer = await get(`${base}${path}`, 'text/html');
    expect([answer.status, await answer.text()]).toEqual([299, path]);
  }
  expect((await get(`${base}/graphql${query}`)).status).toBe(200);
  expect((await get(`${base}/login?app=simulator`)).status).toBe(303);
});
