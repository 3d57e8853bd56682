// Callers that leave. One that keeps its own tokens and leaves before it has them: the gateway ends the session at the
// broker. One that leaves before its request is whole: that is no fault of the gateway.
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { AuditEvent } from '../../src/shared/audit.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { startGate } from '../support/gate.ts';
import { requestTokenOf } from '../support/login.ts';
import { readableLog } from '../support/readable-log.ts';
import { type AskSettings, apps, kotakApp, startOfTime, startWorld } from '../support/world.ts';

const behind = await startSimulator({ port: 0, rateLimit: 0, now: startOfTime });
const gate = await startGate(behind.url);
const audited: AuditEvent[] = [];
const { lines, logger } = readableLog();
const relaySecret = 'the-secret-0123456789-abcdefghijklmnop';
const world = await startWorld({
  logger,
  relaySecrets: [relaySecret],
  apps: [...apps, kotakApp],
  now: () => startOfTime,
  kiteBaseUrl: gate.url,
  kotakBaseUrls: [`${gate.url}/kotak/apim`],
  auditLog: { write: (event) => void audited.push(event) },
});

const sessionOf = (field: string) =>
  `${field} { __typename ... on Session { accessToken refreshToken } ... on ApiError { code message } }`;
const exchange = `mutation ($token: String!, $app: String) {
  ${sessionOf('exchangeToken(input: { requestToken: $token, apiKey: $app })')}
}`;
const renew = `mutation ($token: String!) {
  ${sessionOf('renewSession(input: { refreshToken: $token, apiKey: "simulator-platform" })')}
}`;
const complete = `mutation ($id: ID!, $code: String) {
  ${sessionOf('completeLogin(input: { challengeId: $id, accessCode: $code })')}
}`;

/** What the simulator was asked since `forget`, as method and path. */
async function calls(): Promise<string[]> {
  const response = await fetch(`${behind.url}/simulator/requests`);
  const { requests } = (await response.json()) as { requests: { method: string; path: string }[] };
  return requests.map(({ method, path }) => `${method} ${path}`);
}

const forget = () => fetch(`${behind.url}/simulator/requests`, { method: 'DELETE' });

/** Asks, and leaves once the broker has answered and the gateway has not heard of it. */
async function askAndLeave(mutation: string, variables: Record<string, unknown>): Promise<void> {
  const client = new AbortController();
  const held = gate.holdNext('after-kite');
  const settings: AskSettings<unknown> = { variables, signal: client.signal };
  const answer = world.askRaw(mutation, settings).catch(() => 'gone');
  const { release } = await held;
  client.abort();
  expect(await answer).toBe('gone');
  // The gateway hears of it by the connection: the next answer on a new one comes later.
  await world.askRaw('{ __typename }');
  release();
}

async function expectEnded(paths: readonly string[]): Promise<void> {
  const seen = async () => (await calls()).filter((call) => paths.includes(call));
  await expect.poll(seen, { timeout: 20_000 }).toEqual(paths);
}

test('a request token that was exchanged for a caller that has gone is a session that is ended', async () => {
  const token = await requestTokenOf(behind, 'SIM0001');
  await forget();
  audited.length = 0;
  await askAndLeave(exchange, { token, app: 'simulator' });
  await expectEnded(['POST /session/token', 'DELETE /session/token']);
  expect(audited).toMatchObject([
    { event: 'revocation', outcome: 'requested', app: 'simulator', requestId: expect.any(String) },
  ]);
});

test('one whose broker does not confirm the end is tried again', async () => {
  const token = await requestTokenOf(behind, 'SIM0001');
  await forget();
  const fault = { kind: 'internal-error', method: 'DELETE', times: 1 };
  await fetch(`${behind.url}/simulator/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fault),
  });
  await askAndLeave(exchange, { token, app: 'simulator' });
  const ends = ['DELETE /session/token', 'DELETE /session/token'];
  await expectEnded(['POST /session/token', ...ends]);
});

test('a renewal ends with its access token, and the refresh token that the caller has renews again', async () => {
  const token = await requestTokenOf(behind, 'SIM0001', 'simulator-platform');
  // biome-ignore lint/suspicious/noExplicitAny: the text may be anything.
  const begun: any = await world.askRaw(exchange, {
    variables: { token, app: 'simulator-platform' },
  });
  const { refreshToken } = begun.data.exchangeToken;
  await forget();
  await askAndLeave(renew, { token: refreshToken });
  await expectEnded(['POST /session/refresh_token', 'DELETE /session/token']);
  const again = await world.askRaw(renew, { variables: { token: refreshToken } });
  expect(again.data.renewSession.__typename).toBe('Session');
});

test('a login by password and code is ended in the same way', async () => {
  const begin = `mutation ($password: String!) {
    beginLogin(input: { userId: "SIMK01", password: $password }) {
      __typename ... on LoginChallenge { id } ... on ApiError { message }
    }
  }`;
  const { data } = await world.askRaw(begin, { variables: { password: 'SIMK01-password' } });
  const response = await fetch(`${behind.url}/simulator/kotak/messages`);
  const { messages } = (await response.json()) as { messages: { accessCode: string }[] };
  await forget();
  const code = messages.at(-1)?.accessCode;
  await askAndLeave(complete, { id: data.beginLogin.id, code });
  await expectEnded([
    'POST /kotak/apim/session/1.0/session/2FA/accesscode',
    'DELETE /kotak/apim/session/1.0/session/logout',
  ]);
});

test('a caller that has its answer keeps its session', async () => {
  const token = await requestTokenOf(behind, 'SIM0001');
  await forget();
  const client = new AbortController();
  onTestFinished(() => client.abort());
  const settings = { variables: { token, app: 'simulator' }, signal: client.signal };
  const { data } = await world.askRaw(exchange, settings);
  client.abort();
  await world.askRaw('{ __typename }');
  const authorization = `token simulator:${data.exchangeToken.accessToken}`;
  const { errors } = await world.askRaw('{ account { user { email } } }', { authorization });
  expect(errors).toEqual([]);
  expect(await calls()).not.toContain('DELETE /session/token');
});

/** Sends a part of a body, and leaves. */
async function sendPart(path: string, body: string, headers: readonly string[]): Promise<void> {
  const { port, host } = new URL(world.url);
  const socket = connect(Number(port), '127.0.0.1');
  const head = [`POST ${path} HTTP/1.1`, `Host: ${host}`, 'Content-Length: 500', ...headers];
  // The answer says that the gateway has the head: it reads the body now.
  socket.write(`${[...head, 'Expect: 100-continue'].join('\r\n')}\r\n\r\n`);
  await once(socket, 'data');
  socket.write(body, () => socket.destroy());
  await once(socket, 'close');
}

const form = ['Origin: http://localhost:4000', 'Content-Type: application/x-www-form-urlencoded'];
const json = ['Content-Type: application/json'];
test.each([
  { path: '/login', body: 'login=abc', headers: form, msg: 'Login refused', level: 30 },
  {
    path: '/session/credentials',
    body: '{"accountIds": [',
    headers: [...json, `Authorization: Bearer ${relaySecret}`],
    msg: 'Relay refused',
    level: 40,
  },
])(
  'a caller of $path that leaves before its request is whole is no fault of the gateway',
  async ({ path, body, headers, msg, level }) => {
    lines.length = 0;
    await sendPart(path, body, headers);
    await expect
      .poll(() => lines.map((line) => ({ msg: line.msg, level: line.level, code: line.code })))
      .toEqual([{ msg, level, code: 'BAD_USER_INPUT' }]);
  },
);
