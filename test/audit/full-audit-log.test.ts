// A gateway whose audit log is full: what it has to record is refused before it begins, and everything else goes on.
import { beforeEach, expect, test } from 'vitest';
import { KeyringStoreError } from '../../src/index.ts';
import type { AuditEvent } from '../../src/shared/audit.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld, tokens } from '../support/world.ts';

const audited: AuditEvent[] = [];
const log = { isFull: false, write: (event: AuditEvent) => void audited.push(event) };
const secret = 'first-secret-0123456789-abcdefghijklmnop';
const world = await startWorld({ auditLog: log, relaySecrets: [secret], now: () => startOfTime });
const { origin } = new URL(world.url);
const home = 'http://localhost:4000';
const loginUrl = `${origin}/login?app=simulator`;

beforeEach(async () => {
  log.isFull = false;
  await world.reset();
  await world.calls();
  audited.length = 0;
});

async function loggedIn(userId = 'SIM0001'): Promise<Visitor> {
  const visitor = new Visitor(origin, home);
  await visitor.logIn(loginUrl, userId);
  await world.calls();
  audited.length = 0;
  return visitor;
}

test.each([
  'mutation { logout { loggedOut } }',
  'mutation { revokeSessions(others: true) { revoked } }',
  'mutation { renewSession(input: { accountId: "any" }) { __typename } }',
  'mutation { exchangeToken(input: { requestToken: "any" }) { __typename } }',
])('%s is refused with 503, without a call and without an event', async (mutation) => {
  const visitor = await loggedIn();
  log.isFull = true;
  const { status, headers, errors } = await visitor.askRaw(mutation);
  expect({ status, retryAfter: headers.get('retry-after') }).toEqual({
    status: 503,
    retryAfter: '1',
  });
  expect(errors).toMatchObject([
    { extensions: { code: 'KEYRING_UNAVAILABLE', retryable: true, retryAfterSeconds: 1 } },
  ]);
  expect(await world.calls()).toEqual([]);
  expect(audited).toEqual([]);
});

test('a logout with header credentials is refused too', async () => {
  log.isFull = true;
  const sent = { authorization: tokens('SIM0001') };
  const { status } = await world.askRaw('mutation { logout { loggedOut } }', sent);
  expect(status).toBe(503);
  expect(await world.calls()).toEqual([]);
});

test('reads of a browser go on', async () => {
  const visitor = await loggedIn();
  log.isFull = true;
  const { status, errors } = await visitor.askRaw(
    '{ accounts { user { email } } sessions { id } }',
  );
  expect({ status, errors }).toEqual({ status: 200, errors: [] });
});

test('a login is not begun, and one that comes back is completed later by the same address', async () => {
  const visitor = new Visitor(origin, home);
  const callback = await visitor.logInAtKite(loginUrl, 'SIM0001');
  log.isFull = true;
  for (const address of [loginUrl, callback]) {
    const { status, headers, text } = await visitor.visit(address);
    expect({ status, retryAfter: headers.get('retry-after') }).toEqual({
      status: 503,
      retryAfter: '1',
    });
    expect(text).toContain('KEYRING_UNAVAILABLE');
  }
  const calls = await world.calls();
  expect(calls.filter(({ path }) => path === '/session/token')).toEqual([]);
  expect(audited).toEqual([]);
  log.isFull = false;
  expect((await visitor.visit(callback)).status).toBe(303);
  expect(audited).toMatchObject([{ event: 'login', outcome: 'completed' }]);
});

test('a backend gets no credentials, neither by a secret nor by the library', async () => {
  const visitor = await loggedIn();
  log.isFull = true;
  const { cookie = '' } = visitor.headers();
  const relayed = await fetch(`${origin}/session/credentials`, {
    method: 'POST',
    headers: { cookie, authorization: `Bearer ${secret}` },
  });
  expect(relayed.status).toBe(503);
  expect(relayed.headers.get('retry-after')).toBe('1');
  const request = new Request(home, { method: 'POST', headers: { cookie, origin: home } });
  const refusal = await world.gateway.credentials(request).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(KeyringStoreError);
  expect(refusal).toMatchObject({ systemCode: 'AUDIT_LOG_FULL' });
  expect(audited).toEqual([]);
});

test('the end of a session that the broker refuses is recorded by the first read with room for it', async () => {
  const visitor = await loggedIn('SIM0002');
  await world.advance(86_400);
  log.isFull = true;
  const ask = () => visitor.askRaw('{ accounts { user { email } } }');
  expect((await ask()).errors[0]?.extensions.code).toBe('SESSION_EXPIRED');
  expect(audited).toEqual([]);
  log.isFull = false;
  expect((await ask()).errors[0]?.extensions.code).toBe('SESSION_EXPIRED');
  expect(audited).toMatchObject([{ event: 'session-ended', outcome: 'REFUSED_BY_BROKER' }]);
});

test('the gateway is not ready', async () => {
  log.isFull = true;
  const response = await fetch(`${origin}/ready`);
  expect(response.status).toBe(503);
  expect((await response.json()).reasons).toContain('audit-log');
});
