// The recipes of clients, each with header credentials and as a page with a browser's cookie, in a project of their own.
import { type ChildProcess, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { run } from '../support/processes/command.ts';
import { environmentWith } from '../support/processes/environment.ts';
import { recipeProject } from '../support/processes/project-copy.ts';
import { Visitor } from '../support/visitor.ts';
import { startWorld } from '../support/world.ts';
import type { Answered, Call, Leave, Told } from './page-process.ts';

// Packages are installed and built first: on a loaded machine that takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 300_000 });

const world = await startWorld();
/** It answers one request at a time, and refuses others. */
const busy = await startWorld({ limits: { addressOperations: 1 } });
const root = fileURLToPath(new URL('../..', import.meta.url));
const pageOrigin = 'http://localhost:4000';
const header = {
  url: world.url,
  headers: { authorization: 'token simulator:SIM0001-token, token simulator:expired' },
};
const page = { url: world.url, credentials: 'include' };
const again = `log in again: ${pageOrigin}/login?app=simulator`;
const first = 'Meenakshi Deshpande: 99725.05000000002';

let project = '';
let visitor = new Visitor(new URL(world.url).origin, pageOrigin);
let pages: ChildProcess;

beforeAll(async () => {
  project = await recipeProject();
  pages = fork(fileURLToPath(new URL('page-process.ts', import.meta.url)), {
    cwd: project,
    env: environmentWith(),
    execArgv: [],
  });
  pages.on('message', (told: Told | Answered) => {
    if ('status' in told) statuses.push(told.status);
    else waiting.get(told.id)?.(told);
  });
  pages.once('exit', (code) => {
    for (const [id, tell] of waiting) tell({ id, error: `the process ended with ${code}` });
  });
});
afterAll(() => void pages?.kill('SIGKILL'));

beforeEach(async () => {
  await world.reset();
  visitor = new Visitor(new URL(world.url).origin, pageOrigin);
});

/** The status of every answer that the pages got. */
const statuses: number[] = [];
const waiting = new Map<number, (told: Told) => void>();

/** Calls a function of a recipe. @param shown is told all that it shows. */
function call(
  module: string,
  name: string,
  caller: Call['caller'],
  shown: (what: unknown) => void = () => {},
): Promise<unknown> {
  const id = waiting.size;
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  waiting.set(id, (told) => {
    if ('shown' in told) shown(told.shown);
    else if (told.error === undefined) resolve(told.result);
    else reject(new Error(told.error));
  });
  pages.send({ id, module, name, caller, browser: visitor.headers() } satisfies Call);
  return promise;
}

const clients = ['apollo-client', 'urql', 'tanstack-query', 'graphql-request', 'gql-tada', 'relay'];

describe.each(clients)('%s', (module) => {
  test('reads accounts with header credentials, and advises by the code of a failed one', async () => {
    expect(await call(module, 'readFunds', header)).toEqual([first, again]);
  });

  test("reads the accounts of a browser's cookie, and links to the login of an ended session", async () => {
    const login = new URL('/login?app=simulator', world.url).href;
    await visitor.logIn(login, 'SIM0002');
    await fetch(`${world.simulator.url}/simulator/master-logout`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"userId":"SIM0002"}',
    });
    await visitor.logIn(login, 'SIM0001');
    expect(await call(module, 'readFunds', page)).toEqual([first, again]);
  });

  test('advises a login where the request has no credential', async () => {
    expect(await call(module, 'readFunds', page)).toEqual([again]);
  });
});

test.each(['apollo-client', 'urql', 'relay'])(
  '%s shows a quick account before a slow one with @defer, and makes no further calls',
  async (module) => {
    await world.fault({ kind: 'delay', delayMilliseconds: 1_000, userId: 'SIM0001' });
    await world.calls();
    const states: unknown[] = [];
    const authorization = 'token simulator:SIM0001-token, token simulator:SIM0002-token';
    await call(module, 'followFunds', { ...header, headers: { authorization } }, (lines) =>
      states.push(lines),
    );
    const other = expect.stringMatching(/^Joseph Borah: -?\d/);
    expect(states).toContainEqual(['…: …', '…: …']);
    expect(states).toContainEqual(['…: …', other]);
    expect(states.at(-1)).toEqual([first, other]);
    expect(await world.calls()).toHaveLength(4);
  },
);

test('TanStack Query sends a refused request again after the time that the gateway names', async () => {
  await busy.fault({ kind: 'hang', times: 1 });
  const holder = new AbortController();
  const first = busy.askRaw('{ account { user { userId } } }', {
    authorization: 'token simulator:SIM0001-token',
    signal: holder.signal,
  });
  await vi.waitFor(async () => expect(await busy.arrived()).toBe(1), 20_000);
  statuses.length = 0;
  const lines = call('tanstack-query', 'readFunds', { ...header, url: busy.url });
  await vi.waitFor(() => expect(statuses).toContain(503), 20_000);
  holder.abort();
  await expect(first).rejects.toThrow();
  expect(await lines).toEqual([expect.stringContaining('Meenakshi'), again]);
  expect(statuses.at(-1)).toBe(200);
});

test('urql and TanStack Query show each change of margins, until the page leaves', async () => {
  const caller = { ...header, headers: { authorization: 'token simulator:SIM0001-token' } };
  const nets: Record<string, unknown> = {};
  const clients = ['urql', 'tanstack-query'];
  for (const module of clients) {
    await call(module, 'followMargins', caller, (net) => {
      nets[module] = net;
    });
  }
  const shown = (net: number) => ({ urql: net, 'tanstack-query': net });
  await vi.waitFor(() => expect(nets).toEqual(shown(99725.05000000002)), 20_000);
  const { net } = await world.payIn('SIM0001', 'equity', 1_000);
  await vi.waitFor(() => expect(nets).toEqual(shown(net)), 30_000);
  for (const back of [2, 1]) pages.send({ leave: waiting.size - back } satisfies Leave);
});

test('the compiler accepts every recipe, and refuses a field that was not selected and a code that does not exist', async () => {
  writeFileSync(
    join(project, 'clients/wrong.ts'),
    `
      import type { ResultOf } from '@graphql-typed-document-node/core';
      import { adviceFor } from './advice.ts';
      import type { relayFundsQuery } from './generated/relay/relayFundsQuery.graphql.ts';
      import type { Account } from './gql-tada.ts';
      import { Funds } from './operations.ts';
      export type Codegen = NonNullable<NonNullable<ResultOf<typeof Funds>['accounts']>[number]>;
      export const known = (one: Codegen, other: Account) => [one.user?.userName, other.user?.userName];
      // @ts-expect-error: not selected
      export const codegen = (account: Codegen) => account.user?.email;
      // @ts-expect-error: not selected
      export const tada = (account: Account) => account.user?.email;
      // @ts-expect-error: not selected
      export const relay = (data: relayFundsQuery['response']) => data.accounts?.[0]?.apiKey;
      // @ts-expect-error: no such code
      adviceFor({ code: 'LOGGED_OUT', retryable: false, requestId: '' });
    `,
  );
  const program = [join(root, 'node_modules/.bin/tsc'), '--pretty', 'false'];
  const { code, stdout } = await run({ program, cwd: project }).ended;
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
});
