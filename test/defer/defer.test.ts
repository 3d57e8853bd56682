// @defer: accounts come as they arrive, at no further call to Kite, and everything that holds for a whole answer holds
// for each part of one.
import { beforeEach, describe, expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { allOf, askInParts, fragmentsOf } from '../support/parts.ts';
import { readableLog } from '../support/readable-log.ts';
import { users } from '../support/windows.ts';
import { startOfTime, startWorld, tokens, type UpstreamCall } from '../support/world.ts';

let now = () => startOfTime;
const log = readableLog();
const world = await startWorld({ logger: log.logger, now: () => now() }, { accounts: 20 });
const both = tokens('SIM0001', 'SIM0002');

beforeEach(async () => {
  now = () => startOfTime;
  log.lines.length = 0;
  await world.reset();
});

const paths = (calls: readonly UpstreamCall[]) =>
  calls.map(({ method, path }) => `${method} ${path}`).sort();

const whoAndHowMuch = graphql(`
  query WhoAndHowMuch($later: Boolean! = true) {
    accounts {
      apiKey
      ... @defer(if: $later, label: "account") {
        user { userId }
        margins { equity { net } commodity { net } }
      }
    }
  }
`);
const who = graphql(`query DeferredWho { account { apiKey ... @defer { user { userId } } } }`);

describe('parts', () => {
  test('accounts come as they arrive, and a slow one holds back no other', async () => {
    await world.fault({ kind: 'delay', delayMilliseconds: 300, userId: 'SIM0001' });
    const { status, headers, parts } = await askInParts(world.url, whoAndHowMuch, {
      authorization: both,
    });
    expect([status, headers.get('content-type')]).toEqual([200, 'multipart/mixed; boundary="-"']);
    expect(await allOf(parts)).toEqual([
      { data: { accounts: [{ apiKey: 'simulator' }, { apiKey: 'simulator' }] }, hasNext: true },
      {
        incremental: [
          {
            path: ['accounts', 1],
            label: 'account',
            data: expect.objectContaining({ user: { userId: 'SIM0002' } }),
          },
        ],
        hasNext: true,
      },
      {
        incremental: [
          {
            path: ['accounts', 0],
            label: 'account',
            data: {
              user: { userId: 'SIM0001' },
              margins: { equity: { net: 99725.05000000002 }, commodity: { net: 100661.7 } },
            },
          },
        ],
        hasNext: false,
      },
    ]);
  });

  test('come as events with `Accept: text/event-stream`', async () => {
    const { headers, parts } = await askInParts(world.url, who, {
      authorization: tokens('SIM0001'),
      headers: { accept: 'text/event-stream' },
    });
    expect(headers.get('content-type')).toBe('text/event-stream');
    const [first, ...rest] = await allOf(parts);
    expect(first).toEqual({ data: { account: { apiKey: 'simulator' } }, hasNext: true });
    expect(fragmentsOf(rest)).toEqual([
      { path: ['account'], data: { user: { userId: 'SIM0001' } } },
    ]);
  });

  test.each([
    ['*/*', 'multipart/mixed'],
    ['text/html, multipart/*;q=0.1', 'multipart/mixed'],
    ['multipart/mixed;deferSpec=20220824, application/json', 'multipart/mixed'],
    ['application/graphql-response+json, text/event-stream, multipart/mixed', 'multipart/mixed'],
    ['application/json, text/event-stream', 'text/event-stream'],
    ['application/json', 'application/json'],
    ['application/graphql-response+json', 'application/graphql-response+json'],
  ])('or do not, as Accept says: %s', async (accept, type) => {
    const response = await fetch(world.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: tokens('SIM0001'),
        accept,
      },
      body: JSON.stringify({ query: who.toString() }),
    });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining(type),
    ]);
    expect(await response.text()).toContain('"SIM0001"');
    expect(log.operations()).toHaveLength(1);
  });

  test('are one where nothing takes several: the whole answer, as without @defer', async () => {
    await world.fault({ kind: 'internal-error', userId: 'SIM0002', path: '/user/profile' });
    const deferred = await world.ask(whoAndHowMuch, { authorization: both });
    expect(deferred.headers.get('content-type')).toContain('application/graphql-response+json');
    const plain = await world.ask(whoAndHowMuch, {
      authorization: both,
      variables: { later: false },
    });
    expect(deferred.data).toEqual(plain.data);
    expect(deferred.errors.map(({ path, extensions }) => [path, extensions.code])).toEqual([
      [['accounts', 1, 'user'], 'UPSTREAM_UNAVAILABLE'],
    ]);
  });

  test('are one complete response where `if` is false, also with `Accept: multipart/mixed`', async () => {
    const { parts, headers } = await askInParts(world.url, whoAndHowMuch, {
      authorization: both,
      variables: { later: false },
      headers: { accept: 'multipart/mixed, application/json' },
    });
    expect(headers.get('content-type')).toContain('application/json');
    expect(await allOf(parts)).toEqual([]);
    expect(log.operations()).toHaveLength(1);
  });
});

describe('calls to Kite', () => {
  test('twenty accounts with both children deferred are forty calls, as without @defer', async () => {
    const { parts } = await askInParts(world.url, whoAndHowMuch, {
      authorization: tokens(...users(20)),
    });
    expect(fragmentsOf(await allOf(parts))).toHaveLength(20);
    expect(paths(await world.calls())).toEqual([
      ...Array(20).fill('GET /user/margins'),
      ...Array(20).fill('GET /user/profile'),
    ]);
  });

  test('a segment at once and the other later are one call for both', async () => {
    const { parts } = await askInParts(
      world.url,
      graphql(`
        query EquityFirst {
          account {
            margins { equity { net } }
            ... @defer { margins { commodity { net } } }
            ... @defer { margins { equity { enabled } commodity { enabled } } }
          }
        }
      `),
      { authorization: tokens('SIM0001') },
    );
    expect(fragmentsOf(await allOf(parts))).toHaveLength(2);
    expect(paths(await world.calls())).toEqual(['GET /user/margins']);
  });

  test('a sum that comes later makes the calls of its accounts, and no more', async () => {
    const { parts } = await askInParts(
      world.url,
      graphql(`
        query SumLater {
          accounts { margins { equity { net } commodity { net } } }
          ... @defer(label: "sum") { combinedMargins { total { net } failures { accountId } } }
        }
      `),
      { authorization: both },
    );
    const fragments = fragmentsOf(await allOf(parts));
    expect(fragments).toMatchObject([{ label: 'sum', path: [], data: { combinedMargins: {} } }]);
    expect(paths(await world.calls())).toEqual(Array(2).fill('GET /user/margins'));
  });
});

describe('errors in parts', () => {
  test('have codes, paths and the request id, and are counted in one log line at the end', async () => {
    await world.fault({ kind: 'delay', delayMilliseconds: 100, userId: 'SIM0002' });
    const { headers, parts } = await askInParts(world.url, whoAndHowMuch, {
      authorization: `${tokens('SIM0002')}, token simulator:expired`,
    });
    const requestId = headers.get('x-request-id') ?? '';
    const fragments = fragmentsOf(await allOf(parts));
    expect(fragments).toMatchObject([
      {
        path: ['accounts', 1],
        data: { user: null, margins: { equity: null, commodity: null } },
        errors: [
          { path: ['accounts', 1, 'user'] },
          { path: ['accounts', 1, 'margins', 'equity'] },
          { path: ['accounts', 1, 'margins', 'commodity'] },
        ],
      },
      { path: ['accounts', 0], data: { user: { userId: 'SIM0002' } } },
    ]);
    for (const { extensions } of fragments[0]?.errors ?? []) {
      expect(extensions).toMatchObject({ code: 'SESSION_EXPIRED', retryable: false, requestId });
    }
    await expect.poll(() => log.operations()).toHaveLength(1);
    expect(log.operations()[0]).toMatchObject({
      requestId,
      accounts: 2,
      errors: { SESSION_EXPIRED: 3 },
    });
    // The whole time, not that of the first part: Kite alone took a tenth of a second.
    expect(log.operations()[0]?.milliseconds).toBeGreaterThanOrEqual(90);
  });

  test('that are unexpected are masked and logged once', async () => {
    now = () => {
      throw new Error('a clock at SIM0001-token');
    };
    const { parts } = await askInParts(world.url, who, { authorization: tokens('SIM0001') });
    const [fragment] = fragmentsOf(await allOf(parts));
    expect(fragment).toMatchObject({
      data: { user: null },
      errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
    });
    expect(JSON.stringify(fragment)).not.toMatch(/clock|SIM0001-token/);
    const unexpected = log.lines.filter(({ msg }) => msg === 'Unexpected error');
    expect(unexpected).toHaveLength(1);
    expect(JSON.stringify(unexpected)).toContain('clock');
    expect(JSON.stringify(log.lines)).not.toContain('SIM0001-token');
  });

  test('tell of the deadline of the operation, which lasts until the last part', async () => {
    const short = await startWorld({
      operationTimeoutMilliseconds: 300,
      kiteTimeoutMilliseconds: 60_000,
    });
    await short.fault({ kind: 'hang', path: '/user/profile' });
    const { parts } = await askInParts(short.url, who, { authorization: tokens('SIM0001') });
    const [first, last] = await allOf(parts);
    expect(first?.hasNext).toBe(true);
    expect(last).toMatchObject({
      incremental: [
        { data: { user: null }, errors: [{ extensions: { code: 'UPSTREAM_TIMEOUT' } }] },
      ],
      hasNext: false,
    });
  });
});
