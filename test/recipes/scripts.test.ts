// The recipes that need no packages: Python, curl, and the collections of requests of Bruno and Postman.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import { requestTokenOf } from '../support/login.ts';
import { type RunOptions, run } from '../support/processes/command.ts';
import { Visitor } from '../support/visitor.ts';
import { startWorld, tokens } from '../support/world.ts';
import { readBruno, readBrunoEnvironment, readPostman } from './collections.ts';

const world = await startWorld();
const recipes = fileURLToPath(new URL('../../recipes', import.meta.url));
const first = 'Meenakshi Deshpande: 99725.05000000002';

beforeEach(() => world.reset());

const script = (program: readonly string[], authorization?: string): RunOptions => ({
  program: [program[0] ?? '', join(recipes, 'scripts', program[1] ?? ''), ...program.slice(2)],
  env: {
    KITE_GRAPHQL_URL: world.url,
    ...(authorization !== undefined && { KITE_GRAPHQL_AUTHORIZATION: authorization }),
  },
});

describe('funds.py', () => {
  test('reads accounts, and advises by the code of a failed one', async () => {
    const { code, stdout, stderr } = await run(script(['python3', 'funds.py'])).ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.trimEnd().split('\n')).toEqual([
      first,
      'log in again: http://localhost:4000/login?app=simulator',
    ]);
  });

  test('ends with the advice for a request that is refused as a whole', async () => {
    const { code, stdout, stderr } = await run(script(['python3', 'funds.py'], 'token a')).ended;
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^BAD_USER_INPUT, request [\w-]+\n$/);
  });

  test('prints each change of margins, and the end of the session', async () => {
    const live = run(script(['python3', 'funds.py', 'live'], tokens('SIM0001')));
    await live.said(/^99725\.05000000002$/m);
    await world.payIn('SIM0001', 'equity', 1);
    await live.said(/^99726\.05$/m);
    await world.advance(86_400);
    await live.said(/^log in again/m);
    expect(await live.ended).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('funds.sh', () => {
  test('reads accounts', async () => {
    const { code, stdout } = await run(script(['sh', 'funds.sh'])).ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout).data.accounts[0].margins.equity.net).toBe(99725.05000000002);
    expect(JSON.parse(stdout).errors[0].extensions.code).toBe('SESSION_EXPIRED');
  });

  test('ends with 22 where the request is refused, and prints the code', async () => {
    const { code, stdout } = await run(script(['sh', 'funds.sh'], 'token a')).ended;
    expect([code, JSON.parse(stdout).errors[0].extensions.code]).toEqual([22, 'BAD_USER_INPUT']);
  });

  test('prints the parts of @defer', async () => {
    const { code, stdout } = await run(script(['sh', 'funds.sh', 'defer'])).ended;
    expect(code).toBe(0);
    expect(stdout.match(/"hasNext":(true|false)/g)?.at(-1)).toBe('"hasNext":false');
    expect(stdout).toContain('99725.05000000002');
  });

  test('prints each change of margins', async () => {
    const live = run(script(['sh', 'funds.sh', 'live'], tokens('SIM0001')));
    await live.said(/99725\.05000000002/);
    await world.payIn('SIM0001', 'equity', 1);
    await live.said(/99726\.05/);
  });
});

describe('the collections', async () => {
  const folder = join(recipes, 'bruno');
  const requests = readBruno(folder);
  const origin = new URL(world.url).origin;

  /** The environment of the collection, with what a person pastes into it. */
  const environment = async () => {
    const visitor = new Visitor(origin, 'http://localhost:4000');
    await visitor.logIn(`${origin}/login?app=simulator`, 'SIM0001');
    const given: Readonly<Record<string, string>> = {
      ...readBrunoEnvironment(join(folder, 'environments/Simulator.bru')),
      cookie: visitor.headers().cookie ?? '',
      requestToken: await requestTokenOf(world.simulator, 'SIM0001'),
    };
    return (text: string) => text.replace(/\{\{(\w+)\}\}/g, (_, name) => given[name] ?? name);
  };

  test.each(requests)('the request “$name” of Bruno is answered as it asserts', async (request) => {
    const filled = await environment();
    const { url, headers, query, variables, assertions } = request;
    const response = await fetch(filled(url).replace('http://localhost:4000', origin), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, filled(value)])),
      },
      body: JSON.stringify({ query, variables: JSON.parse(filled(variables)) }),
    });
    const res = { status: response.status, body: await response.json() };
    expect(res.body.errors).toBeUndefined();
    for (const [path, expected] of Object.entries(assertions)) {
      const value = path
        .split(/[.[\]]+/)
        .slice(1)
        .filter(Boolean)
        .reduce((at, key) => at?.[key], Object(res));
      expect([path, `eq ${value}`]).toEqual([path, expected]);
    }
  });

  test('of Bruno and Postman have the same requests', () => {
    const postman = readPostman(join(recipes, 'kite-graphql.postman_collection.json'));
    expect(postman).toEqual(requests.map(({ assertions: _, ...request }) => request));
    const { variable } = JSON.parse(
      readFileSync(join(recipes, 'kite-graphql.postman_collection.json'), 'utf8'),
    );
    const pairs = variable.map(({ key, value }: { key: string; value: string }) => [key, value]);
    expect(Object.fromEntries(pairs)).toEqual(
      readBrunoEnvironment(join(folder, 'environments/Simulator.bru')),
    );
  });
});
