// Every way in which Kite can fail a read, as the caller sees it: null beside the others' answers, and a code.
import { beforeEach, expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { startWorld, tokens } from '../support/world.ts';

const kiteTimeoutMilliseconds = 700;
const world = await startWorld({ kiteTimeoutMilliseconds });

beforeEach(async () => {
  await world.reset();
});

const everything = graphql(`
  query Everything {
    accounts {
      id
      user { userId }
      margins { equity { net } commodity { net } }
    }
  }
`);
const name = graphql(`query Name { account { id user { userName email } } }`);

const cases: readonly [
  fault: Record<string, unknown>,
  code: string,
  broker?: Record<string, unknown> | undefined,
  calls?: number,
][] = [
  [{ kind: 'hang' }, 'UPSTREAM_TIMEOUT'],
  [{ kind: 'reset' }, 'UPSTREAM_UNAVAILABLE', undefined, 2],
  [{ kind: 'reset-in-body' }, 'UPSTREAM_UNAVAILABLE', undefined, 2],
  [
    { kind: 'too-many-requests' },
    'RATE_LIMITED',
    { errorType: 'NetworkException', status: 429, message: 'Too many requests' },
  ],
  [
    { kind: 'internal-error' },
    'UPSTREAM_UNAVAILABLE',
    { errorType: 'GeneralException', status: 500 },
  ],
  [
    { kind: 'bad-gateway-html' },
    'UPSTREAM_UNAVAILABLE',
    { errorType: null, status: 502, message: null },
    2,
  ],
  [{ kind: 'service-unavailable' }, 'UPSTREAM_UNAVAILABLE', { status: 503 }, 2],
  [{ kind: 'gateway-timeout' }, 'UPSTREAM_UNAVAILABLE', { status: 504 }, 2],
  [{ kind: 'html' }, 'UPSTREAM_INVALID_RESPONSE', { errorType: null, status: 200, message: null }],
  [
    { kind: 'broken-json' },
    'UPSTREAM_INVALID_RESPONSE',
    { errorType: null, status: 200, message: null },
  ],
  [{ kind: 'empty' }, 'UPSTREAM_INVALID_RESPONSE', { errorType: null, status: 200, message: null }],
  [
    { kind: 'error-envelope', errorType: 'TokenException', message: 'Gone.' },
    'SESSION_EXPIRED',
    { errorType: 'TokenException', status: 200, message: 'Gone.' },
  ],
  [
    { kind: 'error-envelope', errorType: 'NetworkException', message: 'Backend is busy' },
    'UPSTREAM_UNAVAILABLE',
    { errorType: 'NetworkException', status: 200, message: 'Backend is busy' },
  ],
  [
    { kind: 'error-envelope', errorType: 'PermissionException', status: 403, message: 'No.' },
    'PERMISSION_DENIED',
    { errorType: 'PermissionException', status: 403, message: 'No.' },
  ],
  [
    { kind: 'error-envelope', errorType: 'SomethingNewException', status: 400, message: 'New.' },
    'UPSTREAM_ERROR',
    { errorType: 'SomethingNewException', status: 400, message: 'New.' },
  ],
  [{ kind: 'missing-error-type' }, 'UPSTREAM_ERROR', { errorType: null }],
];

test.each(cases)('%j is %s', async (fault, code, broker, calls = 1) => {
  await world.fault({ ...fault, path: '/user/profile' });
  const { status, data, errors } = await world.ask(name, { authorization: tokens('SIM0001') });
  expect(status).toBe(200);
  expect(data).toEqual({ account: { id: expect.any(String), user: null } });
  expect(errors).toHaveLength(1);
  const [error] = errors;
  expect(error?.path).toEqual(['account', 'user']);
  expect(error?.extensions).toMatchObject({
    code,
    accountId: data?.account?.id,
    requestId: expect.any(String),
    retryable: code.startsWith('UPSTREAM_') ? code !== 'UPSTREAM_ERROR' : code === 'RATE_LIMITED',
  });
  if (broker === undefined) expect(error?.extensions).not.toHaveProperty('broker');
  else expect(error?.extensions.broker).toMatchObject({ name: 'KITE', ...broker });
  expect(await world.calls()).toHaveLength(calls);
});

test('an answer without a Content-Type is an answer', async () => {
  await world.fault({ kind: 'missing-content-type' });
  const { data, errors } = await world.ask(name, { authorization: tokens('SIM0001') });
  expect(errors).toEqual([]);
  expect(data?.account?.user?.userName).toEqual(expect.any(String));
});

test('a GET that fails once is retried, and the answer has no error', async () => {
  await world.fault({ kind: 'bad-gateway-html', path: '/user/profile', times: 1 });
  await world.fault({ kind: 'reset', path: '/user/margins/equity', times: 1 });
  const { data, errors } = await world.ask(
    graphql(`query Twice { account { user { userName } margins { equity { net } } } }`),
    { authorization: tokens('SIM0001') },
  );
  expect(errors).toEqual([]);
  expect(data?.account?.margins?.equity?.net).toBe(99725.05000000002);
  expect(await world.calls()).toHaveLength(4);
});

test('an expired token, a hanging account and a rate limited one do not affect the others', async () => {
  await world.fault({
    kind: 'error-envelope',
    errorType: 'TokenException',
    status: 403,
    userId: 'SIM0002',
  });
  await world.fault({ kind: 'hang', userId: 'SIM0003' });
  await world.fault({ kind: 'too-many-requests', userId: 'SIM0004' });
  const { data, errors } = await world.ask(everything, {
    authorization: tokens('SIM0001', 'SIM0002', 'SIM0003', 'SIM0004', 'SIM0005'),
  });

  const whole = { userId: expect.any(String) };
  expect(data?.accounts?.map((account) => account?.user)).toEqual([whole, null, null, null, whole]);
  expect(data?.accounts?.[0]?.margins?.equity?.net).toBe(99725.05000000002);
  const fields = ['user', 'equity', 'commodity'];
  const expected = (
    [
      [1, 'SESSION_EXPIRED'],
      [2, 'UPSTREAM_TIMEOUT'],
      [3, 'RATE_LIMITED'],
    ] as const
  ).flatMap(([index, code]) => fields.map((field) => `${index} ${field} ${code}`));
  expect(
    errors.map(({ path, extensions }) => `${path?.[1]} ${path?.at(-1)} ${extensions.code}`).sort(),
  ).toEqual(expected.sort());
  expect(errors.find(({ path }) => path?.[1] === 3)?.extensions.retryAfterSeconds).toBe(1);
  expect(errors.find(({ path }) => path?.[1] === 1)?.extensions.loginUrl).toContain(
    '/login?app=simulator',
  );
});

test('one hanging account does not delay the calls of the others', async () => {
  await world.fault({ kind: 'hang', userId: 'SIM0001' });
  await world.ask(everything, { authorization: tokens('SIM0001', 'SIM0002') });
  const calls = await world.calls();
  expect(calls.filter(({ status }) => status === 200)).toHaveLength(2);
  const begun = calls.map(({ monotonicMilliseconds }) => monotonicMilliseconds);
  expect(Math.max(...begun) - Math.min(...begun)).toBeLessThan(kiteTimeoutMilliseconds);
});

test('fields of the wrong type are errors of those fields alone', async () => {
  await world.fault({
    kind: 'wrong-types',
    path: '/user/profile',
    fields: { email: 5, exchanges: 'NSE', 'meta.demat_consent': {} },
  });
  const { data, errors } = await world.ask(
    graphql(
      `query WrongProfile { account { user { userId userName email exchanges products meta { dematConsent } } } }`,
    ),
    { authorization: tokens('SIM0001') },
  );
  expect(data?.account?.user).toMatchObject({
    userId: 'SIM0001',
    userName: expect.any(String),
    email: null,
    exchanges: null,
    products: expect.any(Array),
    meta: { dematConsent: null },
  });
  expect(errors.map(({ path, extensions }) => `${path?.at(-1)} ${extensions.code}`).sort()).toEqual(
    [
      'dematConsent UPSTREAM_INVALID_RESPONSE',
      'email UPSTREAM_INVALID_RESPONSE',
      'exchanges UPSTREAM_INVALID_RESPONSE',
    ],
  );
});

test('a wrong amount is null, a wrong net takes its segment, and neither is ever a zero', async () => {
  await world.fault({
    kind: 'wrong-types',
    path: '/user/margins',
    fields: { 'equity.available.cash': '245431.6', 'commodity.net': null },
  });
  const { data, errors } = await world.ask(
    graphql(
      `query WrongAmounts { account { margins { equity { net available { cash collateral } } commodity { net } } } }`,
    ),
    { authorization: tokens('SIM0001') },
  );
  expect(data?.account?.margins).toEqual({
    equity: { net: 99725.05000000002, available: { cash: null, collateral: 0 } },
    commodity: null,
  });
  expect(errors.map(({ path }) => path?.slice(2).join('.')).sort()).toEqual([
    'commodity.net',
    'equity.available.cash',
  ]);
});

test('what is missing is null, without an error', async () => {
  await world.fault({
    kind: 'missing-fields',
    fields: ['meta', 'avatar_url', 'equity.available.cash', 'equity.utilised.turnover'],
  });
  const { data, errors } = await world.ask(
    graphql(`
      query Missing {
        account {
          user { avatarUrl meta { dematConsent } }
          margins { equity { available { cash } utilised { turnover } } commodity { net } }
        }
      }
    `),
    { authorization: tokens('SIM0001') },
  );
  expect(errors).toEqual([]);
  expect(data?.account?.user).toEqual({ avatarUrl: null, meta: null });
  expect(data?.account?.margins?.equity).toEqual({
    available: { cash: null },
    utilised: { turnover: null },
  });
});

test('an unreachable Kite is UPSTREAM_UNAVAILABLE, and names no address', async () => {
  const nowhere = await startWorld({ kiteBaseUrl: 'http://127.0.0.1:9' });
  const { data, errors, text } = await nowhere.ask(name, { authorization: tokens('SIM0001') });
  expect(data?.account?.user).toBeNull();
  expect(errors[0]?.extensions).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
  expect(text).not.toMatch(/127\.0\.0\.1|ECONN/);
});

test('the operation has its own deadline', async () => {
  const short = await startWorld({ operationTimeoutMilliseconds: 150 });
  await short.fault({ kind: 'hang' });
  const { errors } = await short.ask(name, { authorization: tokens('SIM0001') });
  expect(errors[0]?.extensions.code).toBe('UPSTREAM_TIMEOUT');
});
