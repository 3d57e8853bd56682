// A gateway with plans answers what one without them does, byte by byte, on both ways to it.
import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { Plans } from '../../src/plans/plans.ts';
import { schema } from '../../src/schema/schema.ts';
import { fuzzSeed } from '../support/processes/environment.ts';
import { anyQuery } from '../support/values/any-query.ts';
import { startOfTime, startWorld, tokens } from '../support/world.ts';

const options = { now: () => startOfTime, publicUrl: 'https://api.example.com' };
const planned = await startWorld({ ...options, limits: { planUses: 0 } });
const plain = await startWorld({
  ...options,
  kiteBaseUrl: planned.simulator.url,
  kiteLoginUrl: `${planned.simulator.url}/connect/login`,
  limits: { planCharacters: 0 },
});

const executions = vi.spyOn(Plans.prototype, 'execute');

/** How many operations were executed since this was called last, in all and by a plan. */
function executed() {
  const { results } = executions.mock;
  const byPlan = results.filter(({ value }) => value !== null);
  executions.mockClear();
  return { all: results.length, byPlan: byPlan.length };
}

async function send(url: string, operation: object, headers: Readonly<Record<string, string>>) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': 'the-same', ...headers },
    body: JSON.stringify(operation),
  });
  return { status: response.status, text: inOrder(await response.text()) };
}

/** The same answer with its errors in the order of their paths: they come as they happen. */
function inOrder(text: string): string {
  if (!text.startsWith('{"errors":[')) return text;
  const { errors, ...rest } = JSON.parse(text);
  const placed = errors.map((error: unknown) => JSON.stringify(error)).sort();
  return JSON.stringify({ errors: placed.map((text: string) => JSON.parse(text)), ...rest });
}

async function agreedOn(operation: object, headers: Readonly<Record<string, string>>) {
  const expected = await send(plain.url, operation, headers);
  const { all, ...before } = executed();
  expect(before.byPlan).toBe(0);
  const actual = await send(planned.url, operation, headers);
  expect(actual).toEqual(expected);
  const after = executed();
  // Neither executes what is refused before.
  expect(after.all).toBe(all);
  return { ...actual, ...after };
}

// The second is answered by Yoga's adapter.
const ways = ['application/json', 'application/json;q=0.5, multipart/mixed'];

test('random documents have the same answer by a plan', { timeout: 120_000 }, async () => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(fc.gen(), async (gen) => {
      const accept = gen(() => fc.constantFrom(...ways));
      const authorization = gen(() =>
        fc.constantFrom(tokens('SIM0001'), tokens('SIM0001', 'SIM9999'), ''),
      );
      const { all, byPlan } = await agreedOn(anyQuery(gen, schema), { accept, authorization });
      expect(byPlan).toBe(all);
      taken += byPlan;
    }),
    { seed: fuzzSeed, numRuns: 150, endOnFailure: true },
  );
  expect(taken).toBeGreaterThan(120);
});

type ListedError = Readonly<{ message: string; extensions: Readonly<{ code: string }> }>;

test('a plan keeps the bounds of an answer', async () => {
  const accounts = 600;
  const authorization = tokens(...Array.from({ length: accounts }, (_, index) => `NONE${index}`));
  const query = '{ accounts { user { email } margins { equity { net } } } }';
  const headers = { authorization };
  const expected = JSON.parse((await send(plain.url, { query }, headers)).text);
  executed();
  const actual = JSON.parse((await send(planned.url, { query }, headers)).text);
  expect(executed()).toEqual({ all: 1, byPlan: 1 });

  expect(actual.data).toEqual(expected.data);
  // Which errors an answer has room for depends on the order in which the broker answers.
  const kinds = [actual, expected].map(({ errors }) => {
    const listed = errors.filter(({ path }: Readonly<{ path?: unknown }>) => path !== undefined);
    const rest = errors.filter((error: unknown) => !listed.includes(error));
    expect(rest).toMatchObject([{ extensions: { code: 'TOO_LARGE', omittedErrors: 701 } }]);
    const paths = listed.map(({ path }: Readonly<{ path: (string | number)[] }>) => path.join('.'));
    expect(new Set(paths).size).toBe(499);
    for (const path of paths) expect(path).toMatch(/^accounts\.\d+\.(user|margins\.equity)$/);
    return new Set(
      listed.map(({ message, extensions }: ListedError) => `${extensions.code} ${message}`),
    );
  });
  expect(kinds[0]).toEqual(kinds[1]);
});

test('mutations and introspection have no plan', async () => {
  const headers = { authorization: tokens('SIM0002') };
  for (const query of ['mutation { __typename }', '{ __schema { queryType { name } } }']) {
    expect(await agreedOn({ query }, headers)).toMatchObject({ all: 1, byPlan: 0 });
  }
});

test('documents that are not valid leave the plans of others alone', async () => {
  const headers = { authorization: tokens('SIM0001') };
  const query = 'query Kept { account { id } }';
  await send(planned.url, { query }, headers);
  executed();
  for (let index = 0; index < 100; index += 1) {
    await send(planned.url, { query: `{ unknown${index} }` }, headers);
    await send(planned.url, { query: `{ text${index}` }, headers);
  }
  expect(executions).not.toHaveBeenCalled();
  await send(planned.url, { query }, headers);
  expect(executed().byPlan).toBe(1);
});
