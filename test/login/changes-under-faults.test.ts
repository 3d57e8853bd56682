// Labels, renewals and ends of sessions while the store fails under a real gateway, or its clock jumps: each is refused with
// a code before the broker is asked, or goes on afterwards, and no session is lost.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { openKeyringStore } from '../../src/keyring/stores/open-store.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { startGate } from '../support/gate.ts';
import { startCommand } from '../support/processes/command.ts';
import { startRedis } from '../support/servers/redis-server.ts';
import { isRedisMissing } from '../support/servers/with-redis.ts';
import { Visitor } from '../support/visitor.ts';
import { apps, startOfTime, startWorld } from '../support/world.ts';

const platform = {
  KITE_API_KEY: 'simulator-platform',
  KITE_API_SECRET: 'simulator-platform-secret',
};
const day = 86_400_000;

/** The three changes of a browser, each as an operation. */
const changes = {
  label: `mutation ($id: ID!) {
    labelAccount(accountId: $id, label: "Father") { __typename ... on ApiError { code retryable } }
  }`,
  renew: `mutation ($id: ID!) {
    renewSession(input: { accountId: $id }) { __typename ... on ApiError { code retryable } }
  }`,
  revoke: `mutation {
    revokeSessions(others: true) { revoked failures { error { code retryable } } }
  }`,
} as const;

interface Seen {
  readonly accounts: readonly { readonly id: string }[];
  readonly sessions: readonly {
    readonly state: string;
    readonly endReason: string | null;
    readonly account: { readonly label: string | null };
  }[];
}

const own = (visitor: Visitor) =>
  visitor.askRaw<Seen>('{ accounts { id } sessions { state endReason account { label } } }');

/** Two browsers of one user, and what the first of them can change. */
async function twoBrowsers(origin: string, brokerUrl: string, page = origin) {
  const [phone, laptop] = [new Visitor(origin, page), new Visitor(origin, page)];
  for (const visitor of [phone, laptop]) await visitor.logIn(`${origin}/login`, 'SIM0001');
  const id = (await own(phone)).data?.accounts[0]?.id ?? '';
  const change = (name: keyof typeof changes) =>
    phone.askRaw<Record<string, unknown>>(changes[name], name === 'revoke' ? {} : { id });
  /** What the broker was asked that changes something, as method and path. */
  const changing = async () => {
    const response = await fetch(`${brokerUrl}/simulator/requests`);
    const { requests } = (await response.json()) as {
      requests: { method: string; path: string }[];
    };
    return requests
      .filter(({ method, path }) => method === 'DELETE' || path.includes('refresh'))
      .map(({ method, path }) => `${method} ${path}`);
  };
  return { phone, laptop, change, changing };
}

type Browsers = Awaited<ReturnType<typeof twoBrowsers>>;

/** Each change is refused with one of these codes, and the broker hears of none. */
async function expectRefused({ change, changing }: Browsers, codes: readonly string[]) {
  for (const name of ['label', 'renew', 'revoke'] as const) {
    const { status, text } = await change(name);
    expect([name, status]).toEqual([name, 200]);
    const [, code] = /"code":"(\w+)"/.exec(text) ?? [];
    const isEmpty = text.includes('"revoked":[],"failures":[]');
    const outcome = code ?? (isEmpty ? 'NOTHING_TO_END' : text);
    expect(codes).toContain(outcome);
  }
  expect(await changing()).toEqual([]);
}

/** Each change works, and the two browsers have what they had, changed by it. */
async function expectAllToWork({ phone, laptop, change, changing }: Browsers) {
  const answers = [];
  for (const name of ['label', 'renew', 'revoke'] as const) answers.push((await change(name)).data);
  expect(answers).toEqual([
    { labelAccount: { __typename: 'Account' } },
    { renewSession: { __typename: 'Session' } },
    { revokeSessions: { revoked: [expect.any(String)], failures: [] } },
  ]);
  expect((await own(phone)).data?.sessions).toEqual([
    { state: 'ACTIVE', endReason: null, account: { label: 'Father' } },
  ]);
  const left = (await own(laptop)).data?.sessions;
  expect(left).toMatchObject([{ state: 'REVOKED', endReason: 'REVOKED_ELSEWHERE' }]);
  expect(await changing()).toContain('POST /session/refresh_token');
}

/** A gateway as a process of its own, on this store; a gate holds the answers of the broker. */
async function startOn(store: string) {
  const simulator = await startSimulator({ port: 0, rateLimit: 0 });
  const gate = await startGate(simulator.url);
  onTestFinished(async () => {
    await gate.close();
    await simulator.close();
  });
  const { process, port } = await startCommand({
    env: {
      ...platform,
      KITE_BASE_URL: gate.url,
      KITE_LOGIN_URL: `${simulator.url}/connect/login`,
      KEYRING_STORE: store,
      KEYRING_KEYS: Buffer.from(generateKey()).toString('base64'),
    },
  });
  const browsers = await twoBrowsers(`http://localhost:${port}`, simulator.url);
  return { pid: process.pid ?? 0, gate, browsers };
}

test.skipIf(process.platform !== 'linux')(
  'an SQLite file that takes no more bytes refuses changes, and takes all of them later',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-full-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const { pid, browsers } = await startOn(`sqlite:${join(folder, 'keyrings')}`);
    const limit = (bytes: string) =>
      expect(spawnSync('prlimit', ['--pid', `${pid}`, `--fsize=${bytes}:`]).status).toBe(0);
    limit('1');
    await expectRefused(browsers, ['KEYRING_UNAVAILABLE']);
    expect((await own(browsers.phone)).data?.sessions).toMatchObject([{ state: 'ACTIVE' }]);
    limit('unlimited');
    await expectAllToWork(browsers);
  },
);

describe.skipIf(isRedisMissing)('a Redis', () => {
  /** One that keeps what it was told over a crash. */
  async function startKept() {
    const redis = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
    onTestFinished(() => redis[Symbol.asyncDispose]());
    return { redis, ...(await startOn(redis.url)) };
  }

  /** Asks for a change, and lets Redis die once the broker has answered. */
  async function dieDuring(
    { redis, gate, browsers }: Awaited<ReturnType<typeof startKept>>,
    name: keyof typeof changes,
  ) {
    const held = gate.holdNext('after-kite');
    const answer = browsers.change(name);
    const { release } = await held;
    await redis.stop();
    release();
    return answer;
  }

  test('that dies refuses changes, and takes all of them once it is back', async () => {
    const { redis, browsers } = await startKept();
    await redis.stop();
    await expectRefused(browsers, ['KEYRING_UNAVAILABLE']);
    await redis.start();
    await expect
      .poll(async () => (await own(browsers.phone)).data?.accounts?.length, { timeout: 20_000 })
      .toBe(1);
    await expectAllToWork(browsers);
  });

  test('that dies in the middle of a renewal loses no session: the new token is ended, and the next renewal works', async () => {
    const kept = await startKept();
    const { text } = await dieDuring(kept, 'renew');
    // What was sent may be spent: the same request is not to be sent again.
    expect(text).toContain('"code":"KEYRING_UNAVAILABLE","retryable":false');
    await kept.redis.start();
    await expect
      .poll(() => kept.browsers.changing(), { timeout: 20_000 })
      .toEqual(['POST /session/refresh_token', 'DELETE /session/token']);
    await expect
      .poll(async () => (await own(kept.browsers.phone)).data?.accounts?.length, {
        timeout: 20_000,
      })
      .toBe(1);
    await expectAllToWork(kept.browsers);
  });

  test('that dies in the middle of the end of a session has it REVOKING, and then REVOKED', async () => {
    const kept = await startKept();
    const { data } = await dieDuring(kept, 'revoke');
    expect(data).toEqual({ revokeSessions: { revoked: [expect.any(String)], failures: [] } });
    await kept.redis.start();
    const endOf = async () => (await own(kept.browsers.laptop)).data?.sessions;
    await expect
      .poll(endOf, { timeout: 20_000 })
      .toMatchObject([{ state: 'REVOKED', endReason: 'REVOKED_ELSEWHERE' }]);
    expect((await own(kept.browsers.phone)).data?.sessions).toMatchObject([{ state: 'ACTIVE' }]);
  });
});

describe('a clock that jumps', () => {
  async function begin() {
    const folder = mkdtempSync(join(tmpdir(), 'kite-graphql-jump-'));
    let now = startOfTime;
    const world = await startWorld({
      apps: apps.slice(1),
      now: () => now,
      keyringStore: await openKeyringStore(`sqlite:${join(folder, 'keyrings')}`, () => now),
    });
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const { origin } = new URL(world.url);
    const browsers = await twoBrowsers(origin, world.simulator.url, 'http://localhost:4000');
    return {
      browsers,
      jump: (milliseconds: number) => {
        now = new Date(startOfTime.getTime() + milliseconds);
      },
    };
  }

  test('ahead refuses changes of what seems to have expired, and back again they work', async () => {
    const { browsers, jump } = await begin();
    jump(40 * day);
    await expectRefused(browsers, ['UNAUTHENTICATED', 'BAD_USER_INPUT', 'NOTHING_TO_END']);
    jump(0);
    await expectAllToWork(browsers);
  });

  test('back lets changes work, and what was changed then is there later', async () => {
    const { browsers, jump } = await begin();
    jump(-day);
    await expectAllToWork(browsers);
    jump(0);
    expect((await own(browsers.phone)).data?.sessions).toMatchObject([
      { state: 'ACTIVE', account: { label: 'Father' } },
    ]);
  });
});
