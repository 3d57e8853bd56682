// Every failure leaves a line in the log, with its request id and code, also where it is data or a page.
import { get } from 'node:http';
import { expect, test } from 'vitest';
import type { AuditEvent } from '../../src/shared/audit.ts';
import { readableLog } from '../support/readable-log.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { startWorld, tokens } from '../support/world.ts';

const log = readableLog();
const world = await startWorld({ logger: log.logger, limits: { loggedOrigins: 4 } });
const { origin } = new URL(world.url);

const operationLine = (requestId: string) =>
  log.lines.find((line) => line.msg === 'Operation' && line.requestId === requestId);

async function send(query: string, requestId: string, headers: Record<string, string> = {}) {
  const response = await fetch(world.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': requestId, ...headers },
    body: JSON.stringify({ query }),
  });
  await response.text();
}

test('a mutation answered with a problem names its code in the line of the operation, once for each', async () => {
  const exchange = 'exchangeToken(input: { requestToken: "not a token" }) { __typename }';
  await send(`mutation { a: ${exchange} b: ${exchange} }`, 'data-1');
  expect(operationLine('data-1')?.failures).toEqual({ BAD_USER_INPUT: 2 });
  await send(
    'mutation { renewSession(input: {}) { ... on Session { user { userId } } } }',
    'data-2',
  );
  expect(operationLine('data-2')?.failures).toEqual({ BAD_USER_INPUT: 1 });
});

test('an account that fails is counted also where the answer does not select failures', async () => {
  const authorization = tokens('SIM0001');
  const sum = (more: string) => `{ combinedMargins(accountIds: ["nowhere"]) { ${more} } }`;
  await send(sum('accounts { id }'), 'data-3', { authorization });
  await send(sum('failures { a: error { code } b: error { code } }'), 'data-4', { authorization });
  await send('mutation { logout(accountIds: ["nowhere"]) { loggedOut } }', 'data-5', {
    authorization,
  });
  for (const id of ['data-3', 'data-4', 'data-5']) {
    expect(operationLine(id)?.failures).toEqual({ NOT_FOUND: 1 });
  }
});

test.each([
  ['page-1', 'app=unknown'],
  ['page-2', 'app=simulator&returnTo=https://elsewhere.example/hidden'],
])('a login page that refuses leaves a line (%s)', async (requestId, query) => {
  const headers = { 'x-request-id': requestId };
  const response = await new Promise<number | undefined>((resolve) =>
    get(`${origin}/login?${query}`, { headers }, (answer) => resolve(answer.resume().statusCode)),
  );
  expect(response).toBe(400);
  const line = log.lines.find((each) => each.requestId === requestId);
  expect(line).toMatchObject({ msg: 'Login refused', code: 'BAD_USER_INPUT' });
  expect(JSON.stringify(line)).not.toContain('hidden');
});

test('a refused origin is logged once, and quoted only where it is a plain origin of at most 100 characters', async () => {
  const plain = 'https://page.example:8443';
  for (const sent of [plain, plain, `https://${'a'.repeat(100)}.example`, `${plain}/path?secret`]) {
    await send('{ accounts { id } }', 'origin', { cookie: 'kite_graphql=x', origin: sent });
  }
  const lines = log.lines.filter(({ msg }) => String(msg).startsWith('Refused the keyring'));
  expect(lines.map((line) => line.origin)).toEqual([plain, 'not an origin']);
  expect(lines[0]).toMatchObject({ requestId: 'origin', code: 'UNAUTHENTICATED' });
});

test('a preflight of an origin that is not allowed is logged and recorded as a refused request is, once for both', async () => {
  const { logger, lines } = readableLog();
  const events: AuditEvent[] = [];
  const { url } = await startWorld({
    logger,
    auditLog: { write: (event) => void events.push(event) },
    limits: { loggedOrigins: 2 },
    allowedOrigins: ['http://app.localhost:5173'],
    publicUrl: 'http://localhost:4000',
  });
  // fetch sets no Origin of its own on an OPTIONS request.
  const preflight = (origin: string, requestId: string) =>
    fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
        'x-request-id': requestId,
      },
    });
  const page = 'http://localhost:5173';
  for (const origin of ['http://localhost:4000', 'http://app.localhost:5173']) {
    expect((await preflight(origin, 'allowed')).status).toBe(204);
  }
  const answer = await preflight(page, 'first');
  expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  await preflight(page, 'second');
  await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: page },
    body: '{"query":"{ accounts { id } }"}',
  });
  for (const origin of ['https://one.example/path?secret', 'https://two.example']) {
    await preflight(origin, 'others');
  }
  const refused = lines.filter((line) => line.origin !== undefined);
  expect(refused).toEqual([
    expect.objectContaining({
      requestId: 'first',
      code: 'UNAUTHENTICATED',
      origin: page,
      msg: expect.stringContaining('add the origin to ALLOWED_ORIGINS'),
    }),
    expect.objectContaining({ requestId: 'others', origin: 'not an origin' }),
  ]);
  const recorded = events.filter(({ event }) => event === 'origin');
  expect(recorded).toEqual([
    { event: 'origin', outcome: 'refused', requestId: 'first', address: '127.0.0.1', origin: page },
    expect.objectContaining({ requestId: 'others', origin: 'not an origin' }),
  ]);
  expect(JSON.stringify([lines, events])).not.toContain('secret');
});

test('invented origins hide a refused origin no longer than their time', async () => {
  const { logger, lines } = readableLog();
  const clock = new TestClock();
  const limits = { loggedOrigins: 2, loggedOriginMinutes: 60 };
  const { url } = await startWorld({ logger, clock, limits });
  const send = async (origin: string) => {
    const body = JSON.stringify({ query: '{ __typename }' });
    await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body,
    });
    return lines.flatMap((line) => (line.origin === undefined ? [] : [line.origin]));
  };
  const invented = ['https://one.example', 'https://two.example'];
  for (const origin of invented) await send(origin);
  expect(await send('https://app.example')).toEqual(invented);
  await send('https://app.example');
  const told = lines.filter(({ msg }) => /^More origins were refused/.test(`${msg}`));
  expect(told).toHaveLength(1);
  clock.advance(3_600);
  expect(await send('https://app.example')).toEqual([...invented, 'https://app.example']);
  expect(await send('https://app.example')).toHaveLength(3);
});
