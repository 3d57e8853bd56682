// The operator's command on the sessions of a store, as a process beside a gateway that runs on the same store.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { brokerNames } from '../../src/brokers/broker-name.ts';
import type { Secret } from '../../src/brokers/upstream/secret.ts';
import { createEncrypter } from '../../src/keyring/crypto/encrypter.ts';
import { parseKeyringKeys } from '../../src/keyring/crypto/keys.ts';
import { createKeyrings } from '../../src/keyring/keyrings.ts';
import { openKeyringStore } from '../../src/keyring/stores/open-store.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { kiteSession } from '../keyring/fixtures.ts';
import {
  emptyFolder,
  freePorts,
  run,
  simulatorSettings,
  startCommand,
} from '../support/processes/command.ts';
import { type RedisServer, startRedis } from '../support/servers/redis-server.ts';
import { isRedisMissing } from '../support/servers/with-redis.ts';
import { Visitor } from '../support/visitor.ts';
import { kotakApp } from '../support/world.ts';

// Each test starts processes, several one after another: on a loaded machine that takes its time.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 });

const commandFile = fileURLToPath(new URL('../../src/command.ts', import.meta.url));

const newKey = () => randomBytes(32).toString('base64');

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ port: 0, rateLimit: 0 });
});
afterAll(() => simulator.close());

interface Listed {
  readonly broker: string;
  readonly sessionId: string;
  readonly accountId: string;
  readonly state: string;
  readonly endReason: string | null;
  readonly user: string | null;
  readonly userId?: string;
  readonly userName?: string;
}

/** The command, with a store. */
function operatorOf(env: Readonly<Record<string, string>>) {
  const command = async (...words: string[]) => {
    const ended = await run({ words: ['sessions', ...words], env }).ended;
    return { ...ended, lines: ended.stdout.split('\n').filter(Boolean) };
  };
  const list = async (...words: string[]): Promise<Listed[]> => {
    const { code, lines } = await command('list', '--json', ...words);
    expect(code).toBe(0);
    return lines.map((line) => JSON.parse(line));
  };
  return { command, list };
}

/** A gateway on a store, and browsers at it. */
async function gatewayOn(
  store: string,
  keys = newKey(),
  more: Readonly<Record<string, string>> = {},
) {
  const [port = 0] = await freePorts(1);
  const auditLog = join(emptyFolder(), 'audit.jsonl');
  const env = {
    PORT: `${port}`,
    ...simulatorSettings(simulator.url),
    KEYRING_STORE: store,
    KEYRING_KEYS: keys,
    AUDIT_LOG: auditLog,
    LIMIT_REVOCATION_SWEEP_SECONDS: '1',
    ...more,
  };
  const origin = `http://localhost:${port}`;
  let command = await startCommand({ env });
  const stop = async () => {
    command.process.kill('SIGTERM');
    return command.ended;
  };
  return {
    env,
    auditLog,
    newVisitor: () => new Visitor(origin),
    loginUrl: `${origin}/login`,
    stop,
    restart: async (more: Readonly<Record<string, string>>) => {
      await stop();
      command = await startCommand({ env: { ...env, ...more } });
    },
  };
}

const usersOf = async (visitor: Visitor) => {
  const query = '{ accounts { id user { userId } } }';
  const { data } = await visitor.askRaw<{ accounts: { user: { userId: string } }[] | null }>(query);
  return (data?.accounts ?? []).map(({ user }) => user.userId).toSorted();
};

const statesOf = async (visitor: Visitor) => {
  const query = '{ sessions { id state endReason } }';
  type Sessions = { sessions: { id: string; state: string; endReason: string | null }[] };
  return (await visitor.askRaw<Sessions>(query)).data?.sessions ?? [];
};

/** Whether the broker still accepts what a login was given, by its count of live sessions. */
const deletes = async () => {
  const answer = await fetch(`${simulator.url}/simulator/requests`);
  const { requests } = (await answer.json()) as { requests: { method: string }[] };
  return requests.filter(({ method }) => method === 'DELETE').length;
};

const sqlite = () => `sqlite:${join(emptyFolder(), 'keyring.sqlite')}`;

for (const [name, isMissing] of [
  ['SQLite', false],
  ['Redis', isRedisMissing],
] as const) {
  describe.skipIf(isMissing)(`on ${name}, beside a gateway`, () => {
    let redis: RedisServer | null = null;
    beforeAll(async () => {
      if (name === 'Redis') redis = await startRedis();
    });
    afterAll(() => redis?.[Symbol.asyncDispose]());

    test('lists, revokes one, and revokes all of a user in every browser', async () => {
      const gateway = await gatewayOn(redis ? `${redis.url}/1` : sqlite());
      const [one, two] = [gateway.newVisitor(), gateway.newVisitor()];
      for (const userId of ['SIM0001', 'SIM0002']) await one.logIn(gateway.loginUrl, userId);
      for (const userId of ['SIM0001', 'SIM0003']) await two.logIn(gateway.loginUrl, userId);
      const { command, list } = operatorOf(gateway.env);

      const listed = await list();
      expect(listed).toHaveLength(4);
      expect(new Set(listed.map(({ state }) => state))).toEqual(new Set(['ACTIVE']));
      // Three users, the same one in two browsers.
      expect(new Set(listed.map(({ user }) => user)).size).toBe(3);
      // By the account id that a user reports from an answer.
      const query = '{ accounts { id } }';
      const answers = [one, two].map((visitor) =>
        visitor.askRaw<{ accounts: { id: string }[] }>(query),
      );
      const accounts = (await Promise.all(answers)).flatMap(({ data }) => data?.accounts ?? []);
      expect(listed.map(({ accountId }) => accountId).toSorted()).toEqual(
        accounts.map(({ id }) => id).toSorted(),
      );
      const text = (await command('list')).stdout;
      expect(text).toMatch(/^STATE\tSESSION\t/);
      for (const { sessionId } of listed) expect(text).toContain(sessionId);

      // Nothing that opens a session, and no user, is in any of it.
      const cookie = one.cookies.get('kite_graphql') ?? '';
      const shown = text + JSON.stringify(listed);
      for (const hidden of [/SIM000\d/, new RegExp(cookie), /token/i])
        expect(shown).not.toMatch(hidden);
      const withUsers = await list('--show-users');
      const ids = withUsers.map(({ userId }) => userId).toSorted();
      expect(ids).toEqual(['SIM0001', 'SIM0001', 'SIM0002', 'SIM0003']);

      const before = await deletes();
      const target = withUsers.find(({ userId }) => userId === 'SIM0002')?.sessionId ?? '';
      const revoked = await command('revoke', target, '--json');
      expect(JSON.parse(revoked.stdout)).toEqual({ sessionId: target, outcome: 'revoked' });
      expect(revoked.code).toBe(0);
      expect(await usersOf(one)).toEqual(['SIM0001']);
      await expect.poll(deletes, { timeout: 60_000 }).toBe(before + 1);
      await expect
        .poll(async () => (await statesOf(one)).find(({ id }) => id === target), {
          timeout: 60_000,
        })
        .toEqual({ id: target, state: 'REVOKED', endReason: 'REVOKED_ELSEWHERE' });

      const again = await command('revoke', target, 'unknown-id');
      expect(again.code).toBe(3);
      expect(again.lines).toEqual([
        `${target} has ended already`,
        'unknown-id is not in the store',
      ]);

      const all = await command('revoke-user', 'SIM0001', '--json');
      expect(all.code).toBe(0);
      expect(all.lines.map((line) => JSON.parse(line).outcome)).toEqual(['revoked', 'revoked']);
      expect(await usersOf(one)).toEqual([]);
      expect(await usersOf(two)).toEqual(['SIM0003']);
      await expect.poll(deletes, { timeout: 60_000 }).toBe(before + 3);

      const audited = readFileSync(gateway.auditLog, 'utf8');
      const requested = audited.split('\n').filter((line) => line.includes('"requested"'));
      expect(requested).toHaveLength(3);
      expect(audited).not.toMatch(/SIM000\d/);
      expect(audited).not.toContain(target);
      const ofTarget = listed.find(({ sessionId }) => sessionId === target)?.user ?? '';
      expect(requested[0]).toContain(ofTarget);
      await gateway.stop();
    });

    test('rotates the keys while the gateway runs, and no user is logged out without the old key', async () => {
      const [oldKey, newer] = [newKey(), newKey()];
      const gateway = await gatewayOn(redis ? `${redis.url}/2` : sqlite(), oldKey);
      const visitors = [gateway.newVisitor(), gateway.newVisitor()] as const;
      for (const visitor of visitors) {
        for (const userId of ['SIM0001', 'SIM0004']) await visitor.logIn(gateway.loginUrl, userId);
      }
      const both = { KEYRING_KEYS: `${newer},${oldKey}` };
      await gateway.restart(both);
      const { command } = operatorOf({ ...gateway.env, ...both });

      // A browser works all the while.
      const isDone = { value: false };
      const busy = (async () => {
        const answers = new Set<string>();
        while (!isDone.value) answers.add((await usersOf(visitors[1])).join());
        return answers;
      })();
      const rotated = await command('rotate-keys', '--json');
      isDone.value = true;
      expect(await busy).toEqual(new Set(['SIM0001,SIM0004']));
      expect(rotated).toMatchObject({ code: 0 });
      const summary = JSON.parse(rotated.stdout);
      expect(summary).toMatchObject({ outcome: 'completed', oldKeysUntil: null });
      expect(summary.cookies.rotated).toBeGreaterThanOrEqual(2);
      expect(rotated.stderr).toContain('remove the other keys');
      const again = await command('rotate-keys', '--json');
      const unchanged = { rotated: 0, left: 0 };
      expect(JSON.parse(again.stdout)).toMatchObject({
        sessions: unchanged,
        cookies: unchanged,
        revocations: unchanged,
      });

      await gateway.restart({ KEYRING_KEYS: newer });
      for (const visitor of visitors)
        expect(await usersOf(visitor)).toEqual(['SIM0001', 'SIM0004']);
      // The next login of a user meets the earlier one, and the user's other browsers are found.
      const [first] = visitors;
      await first.logIn(gateway.loginUrl, 'SIM0001');
      expect(await usersOf(first)).toEqual(['SIM0001', 'SIM0004']);
      const ended = (await statesOf(first)).filter(({ state }) => state === 'REVOKED');
      expect(ended.map(({ endReason }) => endReason)).toEqual(['REPLACED']);
      const alone = operatorOf({ ...gateway.env, KEYRING_KEYS: newer });
      const found = await alone.command('revoke-user', 'SIM0004');
      expect(found.lines.filter((line) => line.includes('is revoked'))).toHaveLength(2);
      await gateway.stop();
    });
  });
}

test('what is revoked while no gateway runs is ended at the broker by the next one', async () => {
  const gateway = await gatewayOn(sqlite());
  const visitor = gateway.newVisitor();
  await visitor.logIn(gateway.loginUrl, 'SIM0005');
  await gateway.stop();
  const before = await deletes();
  const { command, list } = operatorOf(gateway.env);
  expect((await command('revoke-user', 'SIM0005')).code).toBe(0);
  expect(await list()).toMatchObject([{ state: 'REVOKING', endReason: 'REVOKED_ELSEWHERE' }]);
  expect(await deletes()).toBe(before);
  await gateway.restart({});
  await expect.poll(deletes, { timeout: 60_000 }).toBe(before + 1);
  await expect
    .poll(async () => (await list()).map(({ state }) => state), { timeout: 60_000 })
    .toEqual(['REVOKED']);
});

test('sessions of several brokers are listed by their broker, and a user of one of them is revoked alone', async () => {
  const env = { KEYRING_STORE: sqlite(), KEYRING_KEYS: newKey() };
  const store = await openKeyringStore(env.KEYRING_STORE, () => new Date());
  const encrypter = createEncrypter(parseKeyringKeys(env.KEYRING_KEYS));
  const keyrings = createKeyrings({ store, encrypter, now: () => new Date() });
  let cookie: Secret | null = null;
  for (const broker of brokerNames) {
    const session = kiteSession('SAME01', `token-of-${broker}`);
    ({ cookie } = await keyrings.add(cookie, { broker, apiKey: 'app', session }, null));
  }
  await keyrings.close();
  const { command, list } = operatorOf(env);
  const byBroker = async () =>
    Object.fromEntries((await list()).map(({ broker, state }) => [broker, state]));
  expect(await byBroker()).toEqual({ KITE: 'ACTIVE', KOTAK: 'ACTIVE' });
  // One id at two brokers may be two people.
  expect(new Set((await list()).map(({ user }) => user)).size).toBe(2);
  const one = await command('revoke-user', 'SAME01', '--broker=KOTAK');
  expect([one.code, one.lines.length]).toEqual([0, 1]);
  expect(await byBroker()).toEqual({ KITE: 'ACTIVE', KOTAK: 'REVOKING' });
  expect((await command('revoke-user', 'SAME01')).code).toBe(0);
  expect(await byBroker()).toEqual({ KITE: 'REVOKING', KOTAK: 'REVOKING' });
});

test('events that the webhook is still to be told are rotated, and readable without the old key', async () => {
  const keys = [newKey(), newKey()] as const;
  const [older, newer] = keys;
  const env = {
    WEBHOOK_URL: 'http://127.0.0.1:9/',
    WEBHOOK_SECRET: 'a-secret-of-the-webhook-0123456789',
  };
  const gateway = await gatewayOn(sqlite(), older);
  await gateway.restart(env);
  await gateway.newVisitor().logIn(gateway.loginUrl, 'SIM0001');
  await gateway.stop();
  const { command } = operatorOf({ ...gateway.env, KEYRING_KEYS: `${newer},${older}` });
  const { code, stdout } = await command('rotate-keys', '--json');
  const { deliveries } = JSON.parse(stdout);
  expect({ code, deliveries }).toEqual({
    code: 0,
    deliveries: { rotated: 2, current: 0, left: 0 },
  });
  const store = await openKeyringStore(gateway.env.KEYRING_STORE, () => new Date());
  const encrypter = createEncrypter(parseKeyringKeys(newer));
  const page = await store.listing?.due('deliveries', null, 10);
  const texts = page?.items.map(({ id, encrypted }) =>
    encrypter.decrypt(['delivery', id], encrypted),
  );
  expect(texts).toMatchObject([{ ok: true }, { ok: true }]);
  await store.close();
});

test('a login that waits for its access code is rotated, and completed without the old key', async () => {
  const [older, newer] = [newKey(), newKey()];
  const APPS_FILE = join(emptyFolder(), 'apps.json');
  writeFileSync(APPS_FILE, JSON.stringify([kotakApp]));
  const gateway = await gatewayOn(sqlite(), older, {
    APPS_FILE,
    KITE_API_KEY: '',
    KITE_API_SECRET: '',
    KOTAK_BASE_URLS: `${simulator.url}/kotak/apim`,
    EXPOSE_TOKENS: 'true',
  });
  const ask = async (query: string, input: object) => {
    const response = await fetch(`http://localhost:${gateway.env.PORT}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables: { input } }),
    });
    return ((await response.json()) as { data: { login: unknown } }).data.login;
  };
  const begin =
    'mutation ($input: BeginLoginInput!) { login: beginLogin(input: $input) { ... on LoginChallenge { challengeId: id } } }';
  const challenge = await ask(begin, { userId: 'SIMK01', password: 'SIMK01-password' });
  await gateway.stop();
  const { command } = operatorOf({ ...gateway.env, KEYRING_KEYS: `${newer},${older}` });
  const { code, stdout } = await command('rotate-keys', '--json');
  expect({ code, ...JSON.parse(stdout) }).toMatchObject({
    code: 0,
    challenges: { rotated: 1, current: 0, left: 0 },
  });
  await gateway.restart({ KEYRING_KEYS: newer });
  const answer = await fetch(`${simulator.url}/simulator/kotak/messages`);
  const { messages } = (await answer.json()) as { messages: { accessCode: string }[] };
  const complete =
    'mutation ($input: CompleteLoginInput!) { login: completeLogin(input: $input) { ... on Session { user { userId } } ... on ApiError { message } } }';
  const accessCode = messages.at(-1)?.accessCode;
  const completed = await ask(complete, { ...(challenge as object), accessCode });
  expect(completed).toEqual({ user: { userId: 'SIMK01' } });
  await gateway.stop();
});

test('sessions under a key that is not given are counted, and are no success', async () => {
  const gateway = await gatewayOn(sqlite());
  await gateway.newVisitor().logIn(gateway.loginUrl, 'SIM0001');
  await gateway.stop();
  const { command } = operatorOf({ ...gateway.env, KEYRING_KEYS: newKey() });
  const listed = await command('list', '--json');
  expect({ code: listed.code, stdout: listed.stdout }).toEqual({ code: 3, stdout: '' });
  expect(listed.stderr).toMatch(/1 more cannot be read with KEYRING_KEYS/);
  const rotated = await command('rotate-keys', '--json');
  expect(rotated.code).toBe(3);
  expect(JSON.parse(rotated.stdout)).toMatchObject({
    outcome: 'incomplete',
    sessions: { rotated: 0, current: 0, left: 1 },
    cookies: { left: 1 },
  });
  expect(rotated.stderr).toContain('Keep the other keys');
});

test('a reader that goes away stops a list, without a word', async () => {
  const gateway = await gatewayOn(sqlite());
  await gateway.newVisitor().logIn(gateway.loginUrl, 'SIM0001');
  await gateway.stop();
  const shell = `"$NODE" "$COMMAND" sessions list 2>/dev/null | true; echo "\${PIPESTATUS[0]}"`;
  const env = { ...gateway.env, NODE: process.execPath, COMMAND: commandFile };
  const { stdout, stderr } = await run({ program: ['bash', '-c', shell], env }).ended;
  expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' });
});

describe('a command that cannot run says why, in one line, and changes nothing', () => {
  const keys = createHash('sha256').update('key').digest('base64');
  const missing = join(emptyPlace(), 'missing.sqlite');

  test.each([
    ['a store in memory', {}, ['list'], 1, /^kite-graphql: KEYRING_STORE: memory: keeps sessions/],
    [
      'no keys',
      { KEYRING_STORE: `sqlite:${missing}` },
      ['list'],
      1,
      /^kite-graphql: KEYRING_KEYS: required/,
    ],
    [
      'a file that is not there',
      { KEYRING_STORE: `sqlite:${missing}`, KEYRING_KEYS: keys },
      ['list'],
      1,
      /^kite-graphql: KEYRING_STORE: there is no such SQLite file\./,
    ],
    [
      'a Redis that is not there',
      { KEYRING_STORE: 'redis://:hunter2@127.0.0.1:9', KEYRING_KEYS: keys },
      ['list'],
      1,
      /^kite-graphql: KEYRING_STORE: ECONNREFUSED/,
    ],
    ['no action', {}, [], 2, /see kite-graphql sessions --help/],
    ['an unknown action', {}, ['drop', 'SIM0001'], 2, /see kite-graphql sessions --help/],
    ['an unknown option', {}, ['list', '--show-tokens'], 2, /--help/],
    ['users where none are shown', {}, ['rotate-keys', '--show-users'], 2, /--help/],
    ['no id', {}, ['revoke'], 2, /--help/],
    ['an unknown broker', {}, ['revoke-user', 'SIM0001', '--broker=NEITHER'], 2, /--help/],
    ['a broker for a list', {}, ['list', '--broker=KITE'], 2, /--help/],
    ['two users', {}, ['revoke-user', 'SIM0001', 'SIM0002'], 2, /--help/],
  ] as const)('%s', async (_name, env, words, code, why) => {
    const ended = await run({ words: ['sessions', ...words], env }).ended;
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: '' });
    expect(ended.stderr).toMatch(why);
    expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(ended.stderr).not.toMatch(/hunter2|SIM000\d/);
    expect(existsSync(missing)).toBe(false);
  });

  test('the help is printed without any setting', async () => {
    const { code, stdout, stderr } = await run({ words: ['sessions', '--help'] }).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/rotate-keys/);
  });
});

/** A folder that no test removes: it is made before any begins. */
function emptyPlace(): string {
  return join('/nonexistent', randomBytes(8).toString('hex'));
}
