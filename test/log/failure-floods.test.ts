// Each failure has a line in the log with its request id and code, until an address fails so often that they are counted.
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { FailureLog } from '../../src/http/limits/failure-log.ts';
import { withDefaultLimits } from '../../src/limits.ts';
import { readableLog } from '../support/readable-log.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { startWorld } from '../support/world.ts';

const log = readableLog();
const clock = new TestClock();
const limits = withDefaultLimits({ loggedFailures: 3, loggedFailureAddresses: 100 });
const world = await startWorld({ logger: log.logger, clock, trustProxy: true, limits });
const { origin } = new URL(world.url);

/** Sends requests one after the other, whose ids are counted, and finds the lines that were written meanwhile. */
async function linesOf(name: string, times: number, address: string, path: string, body?: string) {
  const before = log.lines.length;
  for (let index = 1; index <= times; index += 1) {
    const headers = {
      'content-type': 'application/json',
      'x-forwarded-for': address,
      'x-request-id': `${name}-${index}`,
    };
    const init = { headers, redirect: 'manual', ...(body && { method: 'POST', body }) } as const;
    await (await fetch(`${origin}${path}`, init)).text();
  }
  return log.lines.slice(before);
}

const floods: readonly [string, string, string, string?][] = [
  ['operations', 'UNAUTHENTICATED', '/graphql', '{"query":"{ accounts { id } }"}'],
  ['documents', 'BAD_USER_INPUT', '/graphql', '{"query":"{"}'],
  ['paths', 'BAD_USER_INPUT', '/nothing'],
  ['logins', 'BAD_USER_INPUT', '/login?app=unknown'],
  ['callbacks', 'LOGIN_MISMATCH', '/callback?status=success&request_token=guess&state=guess'],
  ['cancellations', 'LOGIN_CANCELLED', '/callback?status=cancelled'],
];

test.each(floods)(
  'a flood of refused %s is so many lines and one that counts the others',
  async (...flood) => {
    const [name, code, path, body] = flood;
    const address = `203.0.113.${1 + floods.indexOf(floods.find(([each]) => each === name) as never)}`;
    const lines = await linesOf(name, 50, address, path, body);
    expect(lines.map(({ requestId }) => requestId)).toEqual([1, 2, 3].map((n) => `${name}-${n}`));
    for (const { code: own, errors } of lines)
      expect([own, ...Object.keys(errors ?? {})]).toContain(code);
    clock.advance(59);
    await Promise.resolve();
    expect(log.lines.at(-1)).toMatchObject({ requestId: `${name}-3` });
    clock.advance(1);
    await expect
      .poll(() => log.lines.at(-1))
      .toMatchObject({ code, count: 47, firstRequestId: `${name}-4`, lastRequestId: `${name}-50` });
    expect(JSON.stringify(log.lines)).not.toContain('203.0.113');
    expect(await linesOf(`${name}-again`, 1, address, path, body)).toHaveLength(1);
  },
);

test('one request that fails by many aliases has no more lines than as many requests', async () => {
  const step = (index: number) =>
    `a${index}: completeLogin(input: { challengeId: "unknown${index}" }) { __typename }`;
  const query = `mutation { ${Array.from({ length: 50 }, (_, index) => step(index)).join(' ')} }`;
  const body = JSON.stringify({ query });
  const lines = await linesOf('aliases', 1, '203.0.113.99', '/graphql', body);
  expect(lines.filter(({ msg }) => msg === 'Login failed')).toHaveLength(3);
  expect(lines.filter(({ msg }) => msg === 'Operation')).toHaveLength(1);
  clock.advance(60);
  await expect
    .poll(() => log.lines.at(-1))
    .toMatchObject({ code: 'LOGIN_MISMATCH', count: 47, firstRequestId: 'aliases-1' });
});

test('failures with another code or of another address have lines of their own', async () => {
  await linesOf('one', 10, '203.0.113.50', '/nothing');
  expect(await linesOf('other', 1, '203.0.113.51', '/nothing')).toHaveLength(1);
  const query = '{"query":"{ accounts { id } }"}';
  expect(await linesOf('code', 1, '203.0.113.50', '/graphql', query)).toHaveLength(1);
  expect(
    await linesOf('fine', 10, '203.0.113.50', '/graphql', '{"query":"{ apps { name } }"}'),
  ).toHaveLength(10);
});

test('at debug level each failure has a line', () => {
  const lines: { level: number; requestId: string }[] = [];
  const logger = pino(
    { level: 'debug' },
    { write: (line: string) => lines.push(JSON.parse(line)) },
  );
  const failures = new FailureLog(logger, limits, new TestClock());
  for (let index = 0; index < 5; index += 1) {
    failures.write({ address: null, requestId: `${index}`, code: 'NOT_FOUND' }, {}, 'Refused');
  }
  expect(lines.map(({ level }) => level)).toEqual([30, 30, 30, 20, 20]);
});

test('addresses beyond the bound are counted together, and a stop tells what was counted', () => {
  const readable = readableLog();
  const failures = new FailureLog(
    readable.logger,
    withDefaultLimits({ loggedFailures: 1, loggedFailureAddresses: 10 }),
    new TestClock(),
  );
  for (let index = 0; index < 1_000; index += 1) {
    const address = `198.51.${index >> 8}.${index & 255}`;
    failures.write({ address, requestId: `${index}`, code: 'NOT_FOUND' }, {}, 'Refused');
  }
  expect(readable.lines).toHaveLength(11);
  failures.close();
  expect(readable.lines).toHaveLength(12);
  expect(readable.lines.at(-1)).toMatchObject({
    code: 'NOT_FOUND',
    count: 989,
    firstRequestId: '11',
    lastRequestId: '999',
  });
});
