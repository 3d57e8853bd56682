// The recipes of servers that mount the gateway: each as a process, on one simulator, with all that a mount can break.
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { follow } from '../support/follower.ts';
import { freePorts, run } from '../support/processes/command.ts';
import { recipeProject } from '../support/processes/project-copy.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, tokens } from '../support/world.ts';

// Packages are installed and built first: on a loaded machine that takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 300_000 });

const simulator = await startSimulator({ port: 0, rateLimit: 0, now: startOfTime });
afterAll(() => simulator.close());

let project = '';
beforeAll(async () => {
  project = await recipeProject();
});

/** A server of the recipes, once it listens. */
async function start(name: string) {
  const [port = 0] = await freePorts(1);
  const next = fileURLToPath(new URL('next-process.ts', import.meta.url));
  const server = run({
    program: [process.execPath, name === 'next' ? next : join(project, `servers/${name}.ts`)],
    cwd: project,
    env: {
      PORT: `${port}`,
      KITE_BASE_URL: simulator.url,
      KITE_LOGIN_URL: `${simulator.url}/connect/login`,
      // The setting that docs/recipes.md names for servers without one of their own.
      ...(name === 'next' && { NODE_OPTIONS: '--max-http-header-size=131072' }),
    },
  });
  await server.said(/listening/);
  return { ...server, url: `http://localhost:${port}` };
}

/** Sends a query with Authorization headers as they are, one line each. */
async function ask(url: string, query: string, authorization: readonly string[]) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const lines = authorization.flatMap((line) => ['Authorization', line]);
  const headers = ['Host', new URL(url).host, 'Content-Type', 'application/json', ...lines];
  request(`${url}/kite/graphql`, { method: 'POST', headers }, (response) =>
    text(response).then(resolve, reject),
  )
    .on('error', reject)
    .end(JSON.stringify({ query }));
  return JSON.parse(await promise);
}

const servers = ['node-http', 'express', 'fastify', 'hono', 'next'];

test.each(servers)(
  '%s serves the gateway below its path, with long headers, cookies and streams',
  async (name) => {
    const { url, process, ended } = await start(name);
    expect(await (await fetch(url)).text()).toBe('a page of your own');

    const users = '{ accounts { user { userId } } }';
    const separate =
      name === 'next'
        ? [tokens('SIM0001', 'SIM0002')]
        : ['SIM0001', 'SIM0002'].map((id) => tokens(id));
    expect(await ask(url, users, separate)).toEqual({
      data: { accounts: [{ user: { userId: 'SIM0001' } }, { user: { userId: 'SIM0002' } }] },
    });

    const thousand = Array.from({ length: 1_000 }, (_, index) => `token simulator:token-${index}`);
    const { data } = await ask(url, '{ accounts { id } }', [thousand.join(', ')]);
    expect(data.accounts).toHaveLength(1_000);

    const visitor = new Visitor(`${url}/kite`, 'http://localhost:3000');
    const back = await visitor.logIn(`${url}/kite/login?app=simulator`, 'SIM0003');
    expect(new URL(back.location ?? '', url).pathname).toBe('/kite/');
    // The session's cookie, and the end of that of the login.
    expect(back.headers.getSetCookie()).toHaveLength(2);
    const { data: mine } = await visitor.askRaw(users);
    expect(mine).toEqual({ accounts: [{ user: { userId: 'SIM0003' } }] });

    const live = await follow(
      `${url}/kite/graphql`,
      'subscription { marginsChanged { margins { equity { net } } } }',
      { authorization: tokens('SIM0001') },
    );
    expect(await live.next()).toMatchObject({ data: { marginsChanged: { margins: {} } } });
    if (name === 'next') return live.leave();
    // With the stream open: it ends, and the server stops.
    process.kill('SIGTERM');
    expect((await ended).code).toBe(0);
  },
);
