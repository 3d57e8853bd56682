// The log: one line for each operation, and nothing in it that was sent or answered.
import { expect, test } from 'vitest';
import { readableLog } from '../support/readable-log.ts';
import { startWorld, tokens } from '../support/world.ts';

const log = readableLog();
const world = await startWorld({ logger: log.logger });
const query = 'query Logged { accounts { id } }';

test('a line names the operation, the request and how much was reached', async () => {
  const { status } = await post({ query, operationName: 'Logged' }, { 'x-request-id': 'log-1' });
  expect(status).toBe(200);
  await expect
    .poll(() => log.operations().at(-1))
    .toMatchObject({ requestId: 'log-1', operation: 'Logged', accounts: 2 });
});

test('what is no name is not logged, however it is called', async () => {
  for (const operationName of ['SIM0001-token', 'two\nlines', `L${'o'.repeat(100)}`, '']) {
    const before = log.operations().length;
    await post({ query, operationName });
    await expect.poll(() => log.operations().length).toBe(before + 1);
    expect(log.operations().at(-1)).not.toHaveProperty('operation');
  }
  expect(JSON.stringify(log.lines)).not.toContain('SIM0001');
});

function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(world.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: tokens('SIM0001', 'SIM0002'),
      ...headers,
    },
    body: JSON.stringify(body),
  });
}
