// The simulator's document: its tables say what the code says, and its examples work as printed.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { faultSchema } from '../../src/simulator/faults/fault.ts';
import { edgeCases } from '../../src/simulator/kite/edge-cases.ts';
import { userIdOf } from '../../src/simulator/kite/users.ts';
import { start } from './helper.ts';

const text = readFileSync(new URL('../../docs/simulator.md', import.meta.url), 'utf8');
const examples = [
  ...text.matchAll(
    /^curl -X (\w+) http:\/\/localhost:4010(\/simulator\/\S+)(?: --json '(.*)')?$/gm,
  ),
].map(([, method = '', path = '', body]) => ({ method, path, body }));

test('every control example is answered with a success', async () => {
  const simulator = await start();
  for (const { method, path, body } of examples) {
    const headers = { 'content-type': 'application/json' };
    const init = body === undefined ? { method } : { method, headers, body };
    const response = await fetch(`${simulator.url}${path}`, init);
    expect([body ?? path, response.ok]).toEqual([body ?? path, true]);
  }
});

test('every control call and every kind of fault has an example', () => {
  expect(new Set(examples.map(({ method, path }) => `${method} ${path}`))).toEqual(
    new Set([
      'GET /simulator/clock',
      'POST /simulator/clock',
      'GET /simulator/faults',
      'POST /simulator/faults',
      'DELETE /simulator/faults',
      'GET /simulator/users',
      'GET /simulator/requests',
      'DELETE /simulator/requests',
      'POST /simulator/master-logout',
      'POST /simulator/pay-ins',
      'POST /simulator/reset',
      'GET /simulator/kotak/messages',
      'POST /simulator/kotak/unlock',
    ]),
  );
  const shown = examples
    .filter(({ method, path }) => method === 'POST' && path === '/simulator/faults')
    .map(({ body }) => faultSchema.parse(JSON.parse(body ?? '')).kind);
  const kinds = faultSchema.options.flatMap(({ shape: { kind } }) =>
    'options' in kind ? kind.options : [...kind.values],
  );
  expect(new Set(shown)).toEqual(new Set(kinds));
});

test('the table of features is the one in the code', () => {
  const rows = text.replaceAll(/ +\|/g, ' |');
  for (const [index, names] of edgeCases.entries()) {
    const row = `| \`${userIdOf(index + 1)}\` | ${names.map((name) => `\`${name}\``).join(', ')} |`;
    expect(rows).toContain(row);
  }
});
