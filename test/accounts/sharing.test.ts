// What requests share of reads: calls in flight, and answers for those who accept an older one. Counted at Kite.
import type { ServerResponse } from 'node:http';
import { beforeEach, describe, expect, test } from 'vitest';
import { graphql } from '../generated/gql.ts';
import { users } from '../support/windows.ts';
import { startOfTime, startWorld, tokens, type UpstreamCall } from '../support/world.ts';
import { serveBytes, serveHttp } from '../upstream/raw-server.ts';

let now = startOfTime;
const world = await startWorld({ now: () => now, headerCredentials: 'any' }, { accounts: 20 });

beforeEach(async () => {
  await world.reset();
  // Earlier answers are too old for every request now.
  now = new Date(now.getTime() + 3_600_000);
});

const whole = graphql(`
  query Whole { account { user { userId } margins { equity { net asOf } commodity { net asOf } } } }
`);
const equity = graphql(`query Equity { account { margins { equity { net asOf } } } }`);
const name = graphql(`query UserId { account { user { userId } } }`);
const nothing = graphql(`query Nothing { __typename }`);
const logout = graphql(`mutation Logout1 { logout { loggedOut } }`);

const within = (seconds: number | string) => ({
  headers: { 'cache-control': `max-age=${seconds}` },
});
const authorization = tokens('SIM0001');
const later = (seconds: number) => {
  now = new Date(now.getTime() + seconds * 1_000);
};
const paths = (calls: readonly UpstreamCall[]) =>
  calls.map(({ method, path }) => `${method} ${path}`).sort();

describe('calls in flight', () => {
  test('thirty-two clients with the same query at the same time share two calls', async () => {
    await world.fault({ kind: 'delay', delayMilliseconds: 1_500 });
    const answers = await Promise.all(
      Array.from({ length: 32 }, () => world.ask(whole, { authorization })),
    );
    for (const { data, errors } of answers) {
      expect(errors).toEqual([]);
      expect(data?.account?.user?.userId).toBe('SIM0001');
    }
    expect(paths(await world.calls())).toEqual(['GET /user/margins', 'GET /user/profile']);
  });

  test('different credentials, and different segments, share nothing', async () => {
    await world.fault({ kind: 'delay', delayMilliseconds: 150 });
    const ids = users(16);
    const answers = await Promise.all([
      ...ids.map((id) => world.ask(whole, { authorization: tokens(id) })),
      world.ask(whole, { authorization: 'token simulator-two:SIM0001-token' }),
    ]);
    expect(answers.map(({ data }) => data?.account?.user?.userId)).toEqual([...ids, 'SIM0001']);
    expect(await world.calls()).toHaveLength(34);
  });

  test('requests that wait for one call share its failure, and the next request makes a new call', async () => {
    const held: ServerResponse[] = [];
    const kite = await serveHttp((_request, response) => held.push(response));
    const { ask } = await startWorld({ kiteBaseUrl: kite.url, headerCredentials: 'any' });
    const fail = (response?: ServerResponse) =>
      response?.writeHead(500, { 'content-type': 'application/json' }).end('{"status":"error"}');
    const answers = [ask(name, { authorization })];
    await expect.poll(() => held.length).toBe(1);
    answers.push(ask(name, { authorization }));
    // Answered after the second request, which has therefore joined the call.
    for (let times = 0; times < 3; times += 1) await ask(nothing, { authorization });
    fail(held[0]);
    for (const { errors } of await Promise.all(answers)) {
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['UPSTREAM_UNAVAILABLE']);
    }
    expect(held).toHaveLength(1);
    const next = ask(name, { authorization });
    await expect.poll(() => held.length).toBe(2);
    fail(held[1]);
    expect((await next).errors).toHaveLength(1);
  });

  test('the call is cancelled when its last client disconnects, and no later request joins it', async () => {
    await world.fault({ kind: 'hang', times: 1 });
    const [first, second] = [new AbortController(), new AbortController()];
    const leaving = [first, second].map(({ signal }) =>
      world.ask(name, { authorization, signal }).catch(() => 'gone'),
    );
    await expect.poll(() => world.arrived()).toBe(1);
    first.abort();
    // The other one still waits: a new request joins that call.
    const third = new AbortController();
    leaving.push(world.ask(name, { authorization, signal: third.signal }).catch(() => 'gone'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await world.arrived()).toBe(1);
    second.abort();
    third.abort();
    expect(await Promise.all(leaving)).toEqual(['gone', 'gone', 'gone']);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { data } = await world.ask(name, { authorization });
    expect(data?.account?.user?.userId).toBe('SIM0001');
    expect(await world.arrived()).toBe(2);
  });

  test('Kite sees the connection close when the last client has left, and not before', async () => {
    let requests = 0;
    const kite = await serveBytes(() => {
      requests += 1;
    });
    const { ask } = await startWorld({ kiteBaseUrl: kite.url });
    const clients = [new AbortController(), new AbortController()];
    const answers = clients.map(({ signal }) =>
      ask(name, { authorization, signal }).catch(() => 'gone'),
    );
    await expect.poll(() => requests).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    clients[0]?.abort();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(kite.sockets[0]?.destroyed).toBe(false);
    clients[1]?.abort();
    // undici makes a new connection in place of one that it has cut, but sends nothing on it.
    await expect.poll(() => kite.sockets[0]?.destroyed).toBe(true);
    expect(await Promise.all(answers)).toEqual(['gone', 'gone']);
    expect(requests).toBe(1);
  });
});

describe('accepted age', () => {
  test('without max-age every answer is fresh; with it, an older one will do', async () => {
    await world.ask(whole, { authorization });
    const asked = now;
    later(10);
    const again = await world.ask(whole, { authorization, ...within(10) });
    expect(again.errors).toEqual([]);
    expect(again.data?.account?.user?.userId).toBe('SIM0001');
    const asOf = again.data?.account?.margins?.equity?.asOf;
    expect(new Date(asOf ?? '')).toEqual(asked);
    expect(await world.calls()).toHaveLength(2);

    await world.ask(whole, { authorization, ...within(9) });
    expect(await world.calls()).toHaveLength(2);
    await world.ask(whole, { authorization });
    expect(await world.calls()).toHaveLength(2);
  });

  test.each(['0', '-1', 'x', '"', '60, no-cache', '60, no-store'])(
    'max-age=%s asks for a fresh one',
    async (value) => {
      await world.ask(name, { authorization });
      await world.ask(name, { authorization, ...within(value) });
      expect(await world.calls()).toHaveLength(2);
    },
  );

  test('no answer is older than the operator allows', async () => {
    await world.ask(name, { authorization });
    later(60);
    await world.ask(name, { authorization, ...within(86_400) });
    expect(await world.calls()).toHaveLength(1);
    later(1);
    await world.ask(name, { authorization, ...within(86_400) });
    expect(await world.calls()).toHaveLength(1);
  });

  test('both segments in one answer serve each; a segment that is too old is called for alone', async () => {
    await world.ask(whole, { authorization });
    await world.calls();
    later(20);
    expect((await world.ask(equity, { authorization, ...within(30) })).data).toBeTruthy();
    expect(await world.calls()).toEqual([]);
    await world.ask(equity, { authorization });
    expect(paths(await world.calls())).toEqual(['GET /user/margins/equity']);

    const mixed = await world.ask(whole, { authorization, ...within(10) });
    expect(paths(await world.calls())).toEqual([
      'GET /user/margins/commodity',
      'GET /user/profile',
    ]);
    expect(new Date(mixed.data?.account?.margins?.commodity?.asOf ?? '')).toEqual(now);
  });

  test('nothing from before six in the morning in India is given after it', async () => {
    const six = new Date(now);
    six.setUTCDate(six.getUTCDate() + 1);
    six.setUTCHours(0, 30, 0, 0);
    now = new Date(six.getTime() - 10_000);
    await world.ask(name, { authorization });
    later(9);
    await world.ask(name, { authorization, ...within(60) });
    expect(await world.calls()).toHaveLength(1);
    later(1);
    await world.ask(name, { authorization, ...within(60) });
    expect(await world.calls()).toHaveLength(1);
  });

  test('failures, and answers that make no sense, are not held', async () => {
    await world.fault({ kind: 'internal-error', times: 1 });
    expect((await world.ask(name, { authorization, ...within(60) })).errors).toHaveLength(1);
    await world.fault({ kind: 'wrong-types', fields: { email: 7 }, times: 1 });
    expect((await world.ask(name, { authorization, ...within(60) })).errors).toHaveLength(0);
    expect((await world.ask(name, { authorization, ...within(60) })).errors).toHaveLength(0);
    expect(await world.calls()).toHaveLength(3);
  });

  test('a logout drops what was held, and nothing serves the ended session', async () => {
    await world.ask(whole, { authorization });
    expect((await world.ask(logout, { authorization })).data?.logout?.loggedOut).toHaveLength(1);
    const { data, errors } = await world.ask(whole, { authorization, ...within(60) });
    expect(data?.account?.user).toBeNull();
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(
      Array(3).fill('SESSION_EXPIRED'),
    );
  });

  test('a session that Kite says has ended takes all of its answers along, and no other', async () => {
    await world.ask(whole, { authorization });
    await world.ask(name, { authorization: tokens('SIM0002') });
    const gone = { kind: 'error-envelope', errorType: 'TokenException', status: 403 };
    await world.fault({ ...gone, path: '/user/profile', times: 1 });
    await world.ask(name, { authorization });
    await world.calls();
    await world.ask(whole, { authorization, ...within(60) });
    await world.ask(name, { authorization: tokens('SIM0002'), ...within(60) });
    expect(paths(await world.calls())).toEqual(['GET /user/margins', 'GET /user/profile']);
  });

  test('a gateway that holds nothing gives fresh answers, whatever is accepted', async () => {
    const fresh = await startWorld({ maxAgeSeconds: 0 });
    await fresh.ask(name, { authorization });
    await fresh.ask(name, { authorization, ...within(60) });
    expect(await fresh.calls()).toHaveLength(2);
  });
});
