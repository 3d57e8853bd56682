// What the broker really sends, and what it never should: each is read as it is meant, or refused with a code.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { limitDefinitions } from '../../src/limits.ts';
import { startWorld } from '../support/world.ts';

interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

const available = {
  adhoc_margin: 0,
  cash: 4321.25,
  opening_balance: 4321.25,
  live_balance: 4321.25,
  collateral: 0,
  intraday_payin: 0,
};
const utilised = { debits: 0, exposure: 0, payout: 0, span: 0, delivery: 0 };
const equity = { enabled: true, net: 4321.25, available, utilised };
const profile = {
  user_id: 'QK1234',
  user_name: 'Asha Rao',
  email: 'asha@example.in',
  broker: 'ZERODHA',
  exchanges: ['NSE'],
  avatar_url: null,
};

const replies = new Map<string, Reply>();
const stand = createServer(async (request, response) => {
  let form = '';
  for await (const chunk of request) form += chunk;
  const requestToken = new URLSearchParams(form).get('request_token');
  const token = requestToken ?? request.headers.authorization?.split(':')[1] ?? '';
  const { status = 200, headers, body } = replies.get(token) ?? { status: 404, body: '' };
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
});
await new Promise<void>((resolve) => stand.listen(0, '127.0.0.1', resolve));
afterAll(() => {
  stand.closeAllConnections();
  stand.close();
});
const { port } = stand.address() as AddressInfo;
const world = await startWorld({ kiteBaseUrl: `http://127.0.0.1:${port}` });

let count = 0;

/** Asks for a selection of one account, every call of which has the same reply. */
function askWith(reply: Reply, selection: string) {
  count += 1;
  const token = `reply-${count}`;
  replies.set(token, reply);
  const authorization = `token simulator:${token}`;
  return world.askRaw(`{ account { ${selection} } }`, { authorization });
}

function success(data: unknown): Reply {
  return { body: JSON.stringify({ status: 'success', data }) };
}

const user = 'user { userId userName avatarUrl exchanges }';
const net = 'margins { equity { enabled net available { cash } utilised { debits span payout } } }';

test('a byte-order mark before a read is passed over', async () => {
  const { body } = success(profile);
  const { data, errors } = await askWith({ body: `\ufeff${body}` }, user);
  expect(errors).toEqual([]);
  expect(data.account.user.userId).toBe('QK1234');
});

test('a compressed answer is read', async () => {
  const { body } = success(profile);
  const headers = { 'content-encoding': 'gzip' };
  const { data } = await askWith({ headers, body: gzipSync(body) }, user);
  expect(data.account.user.userName).toBe('Asha Rao');
});

test.each([
  ['', null],
  [null, null],
  [undefined, null],
  ['https://pictures.example/a.png', 'https://pictures.example/a.png'],
])('an avatar_url of %j is %j', async (sent, read) => {
  const { data, errors } = await askWith(success({ ...profile, avatar_url: sent }), user);
  expect(errors).toEqual([]);
  expect(data.account.user.avatarUrl).toBe(read);
});

test('fields that are not documented change nothing', async () => {
  const more = { phone: '5550100', tags: ['a'], twofa_type: 'totp', pan: 'AAAAA0000A' };
  const { data, errors } = await askWith(success({ ...profile, ...more }), user);
  expect(errors).toEqual([]);
  expect(data.account.user.userId).toBe('QK1234');
});

test.each([
  ['"payout":0', '"payout":-0', 'payout', 0],
  ['"span":0', '"span":-7.105427357601002e-15', 'span', -7.105427357601002e-15],
  ['"debits":0', '"debits":5E+2', 'debits', 500],
])('%s as %s is an amount', async (written, sent, field, read) => {
  const body = success(equity).body.toString().replace(written, sent);
  const { data, errors } = await askWith({ body }, net);
  expect(errors).toEqual([]);
  expect(data.account.margins.equity.utilised[field]).toBe(read);
});

test.each([
  ['text in place of an amount', { ...equity, net: '4321.25' }, 'account.margins.equity.net'],
  ['no `enabled`', { ...equity, enabled: undefined }, 'account.margins.equity.enabled'],
])('%s is refused at its field', async (_what, sent, path) => {
  const { data, errors } = await askWith(success(sent), net);
  expect(data.account.margins.equity).toBeNull();
  expect(errors.map((error) => error.path?.join('.'))).toEqual([path]);
  expect(errors[0]?.extensions.code).toBe('UPSTREAM_INVALID_RESPONSE');
});

test.each([
  ['a number as user_id', { ...profile, user_id: 42 }, 'account.user.userId'],
  ['an empty user_id', { ...profile, user_id: '' }, 'account.user.userId'],
  ['a list with a null', { ...profile, exchanges: [null, 'NSE'] }, 'account.user.exchanges'],
])('%s is refused at its field', async (_what, sent, path) => {
  const { errors } = await askWith(success(sent), user);
  expect(errors.map((error) => error.path?.join('.'))).toEqual([path]);
  expect(errors[0]?.extensions.code).toBe('UPSTREAM_INVALID_RESPONSE');
});

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const inProfile = (text: string) =>
  `{"status":"success","data":{"user_id":"QK1234","more":${text}}}`;

test.each<[string, Reply, string]>([
  ['null as data', success(null), 'UPSTREAM_INVALID_RESPONSE'],
  ['a list as data', success([]), 'UPSTREAM_INVALID_RESPONSE'],
  ['NaN', { body: '{"status":"success","data":{"user_id":NaN}}' }, 'UPSTREAM_INVALID_RESPONSE'],
  ['a page with status 200', { body: '<html>closed</html>' }, 'UPSTREAM_INVALID_RESPONSE'],
  ['a page with status 403', { status: 403, body: '<html>no</html>' }, 'UPSTREAM_INVALID_RESPONSE'],
  ['a page with status 502', { status: 502, body: '<html>bad</html>' }, 'UPSTREAM_UNAVAILABLE'],
  ['a page with status 429', { status: 429, body: '<html>slow</html>' }, 'RATE_LIMITED'],
  ['JSON without a status', { status: 403, body: '{"message":"No"}' }, 'UPSTREAM_INVALID_RESPONSE'],
  [
    'a redirect',
    { status: 302, headers: { location: 'https://other.example/' }, body: '' },
    'UPSTREAM_INVALID_RESPONSE',
  ],
  ['JSON nested too deep', { body: inProfile(nested(40_000)) }, 'UPSTREAM_INVALID_RESPONSE'],
  ['JSON that only opens', { body: '['.repeat(90_000) }, 'UPSTREAM_INVALID_RESPONSE'],
  [
    'objects nested too deep',
    { body: inProfile(`${'{"a":'.repeat(20)}1${'}'.repeat(20)}`) },
    'UPSTREAM_INVALID_RESPONSE',
  ],
  [
    'a body over the bound',
    { body: inProfile(`"${'x'.repeat(limitDefinitions.upstreamBodyBytes.default)}"`) },
    'UPSTREAM_INVALID_RESPONSE',
  ],
])('%s is answered with a code', async (_what, reply, code) => {
  const { data, errors, text } = await askWith(reply, user);
  expect(data.account.user).toBeNull();
  expect(errors.map((error) => error.extensions.code)).toEqual([code]);
  expect(text).not.toContain('reply-');
});

test.each([
  ['as deep as the bound', nested(limitDefinitions.upstreamNesting.default - 2)],
  ['with brackets in texts', JSON.stringify('[{"'.repeat(100))],
])('JSON %s is read', async (_what, text) => {
  const { data, errors } = await askWith({ body: inProfile(text) }, user);
  expect(errors).toEqual([]);
  expect(data.account.user.userId).toBe('QK1234');
});

const session = { ...profile, access_token: 'obtained', login_time: '2026-01-05 09:15:00' };

/** Exchanges a request token, which has this reply. */
async function exchangeWith(reply: Reply) {
  count += 1;
  replies.set(`reply-${count}`, reply);
  const { data } = await world.askRaw(
    `mutation ($requestToken: String!) {
      exchangeToken(input: { requestToken: $requestToken, apiKey: "simulator" }) {
        __typename
        ... on Session { accessToken loginTime user { userId userName avatarUrl meta { dematConsent } } }
        ... on ApiError { code }
      }
    }`,
    { variables: { requestToken: `reply-${count}` } },
  );
  return data.exchangeToken;
}

test('a byte-order mark before the answer to an exchange is passed over', async () => {
  const { body } = success(session);
  expect(await exchangeWith({ body: `\ufeff${body}` })).toMatchObject({
    __typename: 'Session',
    accessToken: 'obtained',
  });
});

test.each([
  ['an empty avatar_url', { avatar_url: '' }, { user: { avatarUrl: null } }],
  ['null as meta', { meta: null }, { user: { meta: null } }],
  [
    'an empty demat_consent',
    { meta: { demat_consent: '' } },
    { user: { meta: { dematConsent: null } } },
  ],
  ['no login_time', { login_time: null }, { loginTime: null }],
])('a session with %s is a session', async (_what, change, seen) => {
  const answer = await exchangeWith(success({ ...session, ...change }));
  expect(answer).toMatchObject({ __typename: 'Session', accessToken: 'obtained', ...seen });
});

test.each<[string, Reply]>([
  ['no access_token', success({ ...session, access_token: undefined })],
  ['a number as access_token', success({ ...session, access_token: 7 })],
  ['nested JSON', { body: inProfile(nested(40_000)) }],
  ['a page', { body: '<html>closed</html>' }],
])('an exchange that is answered with %s makes no sense', async (_what, reply) => {
  expect(await exchangeWith(reply)).toMatchObject({ code: 'UPSTREAM_INVALID_RESPONSE' });
});
