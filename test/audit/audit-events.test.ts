// What a gateway records in its audit log: who, from where, what came of it, and nothing that is secret.
import { beforeEach, expect, test } from 'vitest';
import type { AuditEvent } from '../../src/shared/audit.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld } from '../support/world.ts';

const audited: AuditEvent[] = [];
const world = await startWorld({
  auditLog: { write: (event) => void audited.push(event) },
  now: () => startOfTime,
});
const origin = new URL(world.url).origin;
const loginUrl = `${origin}/login?app=simulator`;
const digest = expect.stringMatching(/^[\w-]{22}$/);
const about = { requestId: expect.any(String), address: '127.0.0.1' };
const ofSession = {
  keyring: digest,
  user: digest,
  session: digest,
  account: digest,
  app: 'simulator',
};
const visitorAt = () => new Visitor(origin, 'http://localhost:4000');

beforeEach(() => {
  audited.length = 0;
});

test('a login is recorded once, and the next one of the user with the end of the session that it replaced', async () => {
  const visitor = visitorAt();
  const callback = await visitor.logInAtKite(loginUrl, 'SIM0001');
  const joined = new Visitor(origin, 'http://localhost:4000');
  for (const [name, value] of visitor.cookies) joined.cookies.set(name, value);
  await Promise.all([visitor.visit(callback), joined.visit(callback)]);
  const completed = { event: 'login', outcome: 'completed', ...about, ...ofSession };
  expect(audited).toEqual([completed]);
  await visitor.logIn(loginUrl, 'SIM0001');
  const [first, second, replaced] = audited;
  expect(second).toEqual(completed);
  expect(replaced).toEqual({ ...completed, event: 'session-ended', outcome: 'REPLACED' });
  expect(replaced?.session).toBe(first?.session);
  expect(second?.user).toBe(first?.user);
});

test('a logout is recorded with what the broker said, and later with its confirmation', async () => {
  const visitor = visitorAt();
  await visitor.logIn(loginUrl, 'SIM0002');
  audited.length = 0;
  await world.fault({ kind: 'internal-error', method: 'DELETE', times: 1 });
  const logout = 'mutation { logout { loggedOut } }';
  await visitor.askRaw(logout, {}, { 'x-request-id': 'logout-1' });
  await visitor.askRaw(logout);
  expect(audited).toEqual([
    { event: 'logout', outcome: 'unconfirmed', ...about, requestId: 'logout-1', ...ofSession },
    { event: 'logout', outcome: 'confirmed', ...about, ...ofSession },
  ]);
});

test('a logout that the broker confirms in the background is recorded', async () => {
  const events: AuditEvent[] = [];
  const other = await startWorld({
    auditLog: { write: (event) => void events.push(event) },
    clock: { milliseconds: () => 0, wait: async () => {} },
  });
  const at = new URL(other.url).origin;
  const visitor = new Visitor(at, 'http://localhost:4000');
  await visitor.logIn(`${at}/login?app=simulator`, 'SIM0002');
  await other.fault({ kind: 'internal-error', method: 'DELETE', times: 1 });
  await visitor.askRaw('mutation { logout { loggedOut } }');
  await expect.poll(() => events.map(({ event }) => event)).toContain('revocation');
  const { keyring, session } = events[0] ?? {};
  const confirmed = { event: 'revocation', outcome: 'confirmed', app: 'simulator' };
  expect(events[2]).toEqual({ ...confirmed, keyring, session });
});

test('a session that the broker refuses is recorded as ended, once', async () => {
  const visitor = visitorAt();
  await visitor.logIn(loginUrl, 'SIM0003');
  audited.length = 0;
  await world.advance(86_400);
  for (let times = 0; times < 2; times += 1)
    await visitor.askRaw('{ accounts { user { email } } }');
  await world.reset();
  expect(audited).toEqual([
    { event: 'session-ended', outcome: 'REFUSED_BY_BROKER', ...about, ...ofSession },
  ]);
});

test('a renewal is recorded, and one that fails', async () => {
  const visitor = visitorAt();
  await visitor.logIn(`${origin}/login?app=simulator-platform`, 'SIM0001');
  const { data } = await visitor.askRaw<{ accounts: { id: string }[] }>('{ accounts { id } }');
  audited.length = 0;
  const renew = (id = '') =>
    visitor.askRaw(`mutation { renewSession(input: { accountId: "${id}" }) { __typename } }`);
  await renew(data?.accounts[0]?.id);
  await world.fault({ kind: 'internal-error', path: '/session/refresh_token', times: 1 });
  await renew(data?.accounts[0]?.id);
  const renewal = { event: 'renewal', ...about, ...ofSession, app: 'simulator-platform' };
  expect(audited).toEqual([
    { ...renewal, outcome: 'completed' },
    { ...renewal, outcome: 'failed' },
  ]);
});

test('failed, cancelled and refused logins are recorded with their code', async () => {
  const visitor = visitorAt();
  await visitor.visit(`${origin}/callback?status=success&state=unknown&request_token=guess`);
  await visitor.visit(await visitor.logInAtKite(loginUrl, 'SIM0001', 'cancel'));
  await visitor.visit(`${origin}/login?app=unknown`);
  expect(audited).toEqual([
    { event: 'login', outcome: 'failed', code: 'LOGIN_MISMATCH', ...about },
    { event: 'login', outcome: 'failed', code: 'LOGIN_CANCELLED', ...about },
    { event: 'login', outcome: 'refused', code: 'BAD_USER_INPUT', ...about },
  ]);
});

test('a refused origin is recorded once', async () => {
  const visitor = new Visitor(origin, 'https://evil.example');
  for (let times = 0; times < 2; times += 1) await visitor.askRaw('{ apps { apiKey } }');
  const event = { event: 'origin', outcome: 'refused', ...about, origin: 'https://evil.example' };
  expect(audited).toEqual([event]);
});

test('failures beyond the bound of an address have one line that counts them', async () => {
  const flooded: AuditEvent[] = [];
  const other = await startWorld({
    auditLog: { write: (event) => void flooded.push(event) },
    limits: { loggedFailures: 2 },
  });
  const address = `${new URL(other.url).origin}/callback?status=success&state=unknown&request_token=guess`;
  for (let times = 0; times < 7; times += 1) await fetch(address, { redirect: 'manual' });
  expect(flooded).toHaveLength(2);
  await other.gateway.dispose();
  expect(flooded[2]).toEqual({
    event: 'login',
    outcome: 'failed',
    code: 'LOGIN_MISMATCH',
    address: '127.0.0.1',
    count: 5,
    firstRequestId: expect.any(String),
    lastRequestId: expect.any(String),
  });
});

test('the addresses of an IPv6 network count as one, and hide no failure of another address', async () => {
  const flooded: AuditEvent[] = [];
  const other = await startWorld({
    auditLog: { write: (event) => void flooded.push(event) },
    trustProxy: true,
    limits: { loggedFailures: 2, loggedFailureAddresses: 3 },
  });
  const failFrom = (address: string) =>
    fetch(`${new URL(other.url).origin}/login?app=nope`, {
      headers: { 'x-forwarded-for': address },
      redirect: 'manual',
    });
  for (let times = 1; times <= 7; times += 1) await failFrom(`2001:db8:0:1::${times}`);
  await failFrom('203.0.113.9');
  const addresses = flooded.map((event) => 'address' in event && event.address);
  expect(addresses).toEqual(['2001:db8:0:1::1', '2001:db8:0:1::2', '203.0.113.9']);
  await other.gateway.dispose();
  expect(flooded.at(-1)).toMatchObject({ address: '2001:db8:0:1::/64', count: 5 });
});

test('no event holds a user id, a token, a cookie or the id of a keyring or session', async () => {
  const visitor = visitorAt();
  await visitor.logIn(loginUrl, 'SIM0004');
  const { text } = await visitor.askRaw('{ sessions { id account { id } } }');
  await visitor.askRaw('mutation { logout { loggedOut } }');
  const recorded = JSON.stringify(audited);
  const ids = [...text.matchAll(/"id":"([^"]+)"/g)].map(([, id = '']) => id);
  expect(ids.length).toBeGreaterThan(1);
  const hidden = [
    'SIM0004',
    ...visitor.setCookies.map((line) => /=([^;]{20,})/.exec(line)?.[1] ?? 'SIM'),
    ...ids,
  ];
  expect(hidden.filter((one) => recorded.includes(one))).toEqual([]);
});
