// gateway.credentials: a server that has the gateway as a library reads the tokens of its own visitors, and leaks none.
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  type BrowserCredential,
  CredentialsRefusedError,
  createGateway,
  KeyringStoreError,
} from '../../src/index.ts';
import { createMemoryStore } from '../../src/keyring/stores/memory-store.ts';
import type { AuditEvent } from '../../src/shared/audit.ts';
import { Visitor } from '../support/visitor.ts';
import { startOfTime, startWorld } from '../support/world.ts';

const audited: AuditEvent[] = [];
const world = await startWorld({
  allowedOrigins: ['http://localhost:3000'],
  auditLog: { write: (event) => void audited.push(event) },
  now: () => startOfTime,
});
const origin = new URL(world.url).origin;
const visitor = new Visitor(origin, 'http://localhost:4000');
await visitor.logIn(`${origin}/login?app=simulator`, 'SIM0001');
const cookie = `kite_graphql=${visitor.cookies.get('kite_graphql')}`;
const page = 'http://localhost:4000/holdings';
const credentialsOf = (headers: Record<string, string>, method = 'POST') =>
  world.gateway.credentials(new Request(page, { method, headers: { cookie, ...headers } }));

beforeEach(() => {
  audited.length = 0;
});

test('a request of a page of the gateway gets the credentials of its ACTIVE sessions, without a call', async () => {
  await world.calls();
  const credentials = await credentialsOf({ origin: 'http://localhost:4000' });
  expect(await world.calls()).toEqual([]);
  expect(credentials).toMatchObject([
    {
      accountId: expect.stringMatching(/^[\w-]{22}$/),
      broker: 'KITE',
      apiKey: 'simulator',
      userId: 'SIM0001',
      userName: expect.any(String),
      expiresAt: new Date('2026-01-06T00:30:00Z'),
    },
  ]);
  const token = credentials[0]?.accessToken.reveal() ?? '';
  const headers = { authorization: `token simulator:${token}` };
  expect((await fetch(`${world.simulator.url}/user/profile`, { headers })).status).toBe(200);
});

test('the token is shown by nothing but reveal()', async () => {
  const [credential] = await credentialsOf({ origin: 'http://localhost:4000' });
  const token = credential?.accessToken.reveal() ?? '';
  expect(token).not.toBe('');
  const { accessToken } = credential as BrowserCredential;
  const shown = [
    JSON.stringify(credential),
    inspect(credential, { depth: 9, showHidden: true }),
    `${accessToken}`,
    String(accessToken),
    Object.values({ ...accessToken }).join(),
  ];
  expect(shown.filter((text) => text.includes(token))).toEqual([]);
  expect(JSON.parse(shown[0] ?? '')).toMatchObject({ accessToken: '[redacted]' });
});

describe('a request is used', () => {
  test.each([
    ['of an allowed origin', { origin: 'http://localhost:3000' }, 'POST'],
    ['of a page of the same origin, by GET', { 'sec-fetch-site': 'same-origin' }, 'GET'],
    ['of a user who opened the address', { 'sec-fetch-site': 'none' }, 'GET'],
    ['of no browser', {}, 'POST'],
  ])('%s', async (_name, headers, method) => {
    expect(await credentialsOf(headers, method)).toHaveLength(1);
    expect(audited).toMatchObject([{ event: 'relay', outcome: 'given' }]);
  });
});

describe('a request is refused', () => {
  test.each([
    [{ origin: 'https://evil.example' }, 'POST'],
    [{ origin: 'null' }, 'POST'],
    [{ origin: 'http://localhost:4001' }, 'POST'],
    [{ origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }, 'POST'],
    [{ 'sec-fetch-site': 'cross-site' }, 'GET'],
    [{ 'sec-fetch-site': 'same-site' }, 'GET'],
  ])('of another page: %j by %s', async (headers, method) => {
    const refused = credentialsOf(headers as Record<string, string>, method);
    await expect(refused).rejects.toBeInstanceOf(CredentialsRefusedError);
    await expect(refused).rejects.toMatchObject({ code: 'cross-site' });
    await expect(refused).rejects.not.toThrow(/evil/);
    expect(audited).toMatchObject([{ event: 'relay', outcome: 'refused', code: 'cross-site' }]);
  });

  test('with the cookie twice', async () => {
    const twice = credentialsOf({ cookie: `${cookie}; kite_graphql=${'b'.repeat(43)}` });
    await expect(twice).rejects.toMatchObject({ code: 'ambiguous-cookie' });
  });
});

test('without a login there are no credentials', async () => {
  expect(await credentialsOf({ cookie: '' })).toEqual([]);
  expect(await credentialsOf({ cookie: `kite_graphql=${'a'.repeat(43)}` })).toEqual([]);
});

test('a request of node:http is read too, and leaves its address in the audit log', async () => {
  const server = createServer(async (message, response) => {
    const [credential] = await world.gateway.credentials(message);
    response.end(credential?.userId);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const headers = { cookie, origin: 'http://localhost:4000', 'x-request-id': 'library-1' };
  const asked = request({ port, host: '127.0.0.1', headers, agent: false }).end();
  const [answer] = await once(asked, 'response');
  expect(String(await answer.toArray())).toBe('SIM0001');
  expect(audited).toMatchObject([{ requestId: 'library-1', address: '127.0.0.1' }]);
  expect(audited[0]).not.toHaveProperty('backend');
});

test('a store that is down is a KeyringStoreError', async () => {
  const keyringStore = createMemoryStore(() => startOfTime);
  const gateway = createGateway({ keyringStore });
  await keyringStore.close();
  const headers = { cookie: `kite_graphql=${'a'.repeat(43)}` };
  const failed = gateway.credentials(new Request(page, { headers }));
  await expect(failed).rejects.toBeInstanceOf(KeyringStoreError);
  await gateway.dispose();
});

test('a session that has ended gives no credential', async () => {
  const other = new Visitor(origin, 'http://localhost:4000');
  await other.logIn(`${origin}/login?app=simulator`, 'SIM0002');
  const its = `kite_graphql=${other.cookies.get('kite_graphql')}`;
  expect(await credentialsOf({ cookie: its })).toHaveLength(1);
  await world.fault({ kind: 'internal-error', path: '/session/token', method: 'DELETE' });
  await other.askRaw('mutation { logout { loggedOut } }');
  await world.clearFaults();
  expect(await credentialsOf({ cookie: its })).toEqual([]);
});
