// The login by password over GraphQL, for servers and for pages: what each step answers, and what no step gives away.
import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../src/keyring/stores/memory-store.ts';
import { graphql } from '../generated/gql.ts';
import { Visitor } from '../support/visitor.ts';
import { apps, kotakApp, startOfTime, startWorld } from '../support/world.ts';

let now = startOfTime;
const lines: string[] = [];
const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
const manyTries = { passwordTries: 1_000, passwordTriesPerUser: 1_000 };
const options = { apps: [...apps, kotakApp], now: () => now, logger };
const world = await startWorld({ ...options, limits: manyTries });
const closed = await startWorld({ ...options, exposeTokens: false, limits: manyTries });
const gateway = 'http://localhost:4000';

beforeEach(async () => {
  now = startOfTime;
  lines.length = 0;
  await world.reset();
  await world.clearFaults();
  await world.calls();
  await closed.reset();
  await closed.clearFaults();
  await closed.calls();
});

const begin = graphql(`
  mutation BeginLogin($input: BeginLoginInput!) {
    beginLogin(input: $input) {
      __typename
      ... on LoginChallenge { id broker method sentTo expiresAt }
      ... on ApiError { code message retryable }
      ... on InputError { field }
      ... on AuthenticationError { loginUrl }
      ... on UpstreamError { retryAfterSeconds }
    }
  }
`);

const complete = graphql(`
  mutation CompleteLogin($input: CompleteLoginInput!) {
    completeLogin(input: $input) {
      __typename
      ... on Session {
        id broker apiKey accessToken expiresAt loginTime assuranceLevel state
        authenticationMethods { method provider completedAt }
        user { userId userName email exchanges products }
        account { id broker }
      }
      ... on ApiError { code message retryable }
      ... on InputError { field }
      ... on AuthenticationError { loginUrl }
      ... on UpstreamError { retryAfterSeconds }
    }
  }
`);

const passwordOf = (userId: string) => `${userId}-password`;
const given = (userId: string, password = passwordOf(userId)) => ({ input: { userId, password } });

type World = typeof world;

async function codeOf({ simulator }: World, userId: string): Promise<string> {
  const response = await fetch(`${simulator.url}/simulator/kotak/messages`);
  const { messages } = (await response.json()) as {
    messages: { userId: string; accessCode: string }[];
  };
  return messages.findLast((message) => message.userId === userId)?.accessCode ?? '';
}

/** Another code of as many digits. */
const wrong = (code: string) => String(1_000 + ((Number(code) - 1_000 + 1) % 9_000));

async function challengeOf(userId: string, ask = world.ask) {
  const { data } = await ask(begin, { variables: given(userId) });
  if (data?.beginLogin?.__typename !== 'LoginChallenge') throw new Error(JSON.stringify(data));
  return data.beginLogin;
}

describe('a server that is given tokens', () => {
  test('logs a user in by password and code, with the user of the second answer at no further call', async () => {
    const challenge = await challengeOf('SIMK02');
    expect(challenge).toMatchObject({
      broker: 'KOTAK',
      method: 'ACCESS_CODE',
      sentTo: [expect.stringMatching(/^X+\d{3}$/), expect.stringMatching(/^X+@/)],
      expiresAt: '2026-01-05T15:40:00+05:30',
    });
    const accessCode = await codeOf(world, 'SIMK02');
    const { data, headers } = await world.ask(complete, {
      variables: { input: { challengeId: challenge.id, accessCode } },
    });
    expect(data?.completeLogin).toMatchObject({
      __typename: 'Session',
      broker: 'KOTAK',
      apiKey: 'simulator-kotak',
      accessToken: expect.stringMatching(/^[0-9a-f]{32}$/),
      expiresAt: null,
      // By the clock of the simulator, which runs on.
      loginTime: expect.stringMatching(/^2026-01-05T15:3\d:\d\d\+05:30$/),
      assuranceLevel: 'TWO_FACTOR',
      state: 'ACTIVE',
      authenticationMethods: [
        { method: 'PASSWORD', provider: 'KOTAK', completedAt: '2026-01-05T15:30:00+05:30' },
        { method: 'ACCESS_CODE', provider: 'KOTAK', completedAt: '2026-01-05T15:30:00+05:30' },
      ],
      user: {
        userId: 'SIMK02',
        userName: 'Prakash Joglekar',
        email: null,
        exchanges: ['NSE', 'BSE'],
      },
      account: { broker: 'KOTAK' },
    });
    expect(headers.getSetCookie()).toEqual([]);
    expect((await world.calls()).map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /kotak/apim/session/1.0/session/init',
      'GET /kotak-c/apim/session/1.0/session/init',
      'POST /kotak-c/apim/session/1.0/session/login/userid',
      'POST /kotak-c/apim/session/1.0/session/2FA/accesscode',
    ]);
  });

  test('the account of the answer is that of a header with its token', async () => {
    const { id: challengeId } = await challengeOf('SIMK01');
    const accessCode = await codeOf(world, 'SIMK01');
    const { data } = await world.ask(complete, {
      variables: { input: { challengeId, accessCode } },
    });
    if (data?.completeLogin?.__typename !== 'Session') throw new Error(JSON.stringify(data));
    const { accessToken, account } = data.completeLogin;
    const authorization = `kotak simulator-kotak:SIMK01:${accessToken}`;
    const asked = await world.askRaw('{ account { id kotakMargins { id } } }', { authorization });
    expect(asked.errors).toEqual([]);
    expect(asked.data.account.id).toBe(account.id);
  });

  test('needs no code where the broker waives it', async () => {
    const { id: challengeId } = await challengeOf('SIMK03');
    const { data } = await world.ask(complete, { variables: { input: { challengeId } } });
    expect(data?.completeLogin).toMatchObject({
      __typename: 'Session',
      assuranceLevel: 'SINGLE_FACTOR',
      authenticationMethods: [{ method: 'PASSWORD' }, { method: 'ONE_TIME_TOKEN' }],
    });
  });

  test('a challenge is good once, also for two at the same time, and after a wrong code', async () => {
    const first = await challengeOf('SIMK01');
    const accessCode = await codeOf(world, 'SIMK01');
    const variables = { input: { challengeId: first.id, accessCode } };
    const answers = await Promise.all([
      world.ask(complete, { variables }),
      world.ask(complete, { variables }),
    ]);
    // The other one is told that the challenge is spent, by either step that finds it so.
    const outcomes = answers.map(({ data }) => data?.completeLogin?.__typename);
    expect(outcomes.filter((type) => type === 'Session')).toHaveLength(1);
    const second = await challengeOf('SIMK01');
    const send = (code: string) =>
      world.ask(complete, { variables: { input: { challengeId: second.id, accessCode: code } } });
    expect((await send(wrong(accessCode))).data?.completeLogin).toMatchObject({
      code: 'TOKEN_REJECTED',
      retryable: false,
      message: expect.stringMatching(/refused the access code. Start the login again/),
      loginUrl: `${gateway}/login?app=simulator-kotak`,
    });
    expect((await send(accessCode)).data?.completeLogin).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'challengeId',
      message: expect.stringMatching(/Start again with beginLogin/),
    });
    expect((await world.calls()).filter(({ path }) => path.endsWith('accesscode'))).toHaveLength(2);
  });

  test('a challenge ends after ten minutes, without a call', async () => {
    const { id: challengeId } = await challengeOf('SIMK01');
    const accessCode = await codeOf(world, 'SIMK01');
    await world.calls();
    now = new Date(startOfTime.getTime() + 600_000);
    const { data } = await world.ask(complete, {
      variables: { input: { challengeId, accessCode } },
    });
    expect(data?.completeLogin).toMatchObject({ code: 'BAD_USER_INPUT', field: 'challengeId' });
    expect(await world.calls()).toEqual([]);
  });

  test('a code that surely did not reach the broker leaves the challenge as it was', async () => {
    const other = await startWorld({ ...options, limits: manyTries });
    const { id: challengeId } = await challengeOf('SIMK01', other.ask);
    const accessCode = await codeOf(other, 'SIMK01');
    await other.simulator.close();
    const variables = { input: { challengeId, accessCode } };
    const refused = await other.ask(complete, { variables });
    expect(refused.data?.completeLogin).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      retryable: true,
    });
    const again = await other.ask(complete, { variables });
    expect(again.data?.completeLogin).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });
});

describe('each failure says what to do', () => {
  const failing = async (userId: string, password?: string) =>
    (await world.ask(begin, { variables: given(userId, password) })).data?.beginLogin;

  test('a wrong password', async () => {
    expect(await failing('SIMK01', 'not-the-password')).toMatchObject({
      __typename: 'AuthenticationError',
      code: 'TOKEN_REJECTED',
      retryable: false,
      message: expect.stringMatching(
        /user id or the password. Check both; wrong tries lock the account/,
      ),
    });
  });

  test('a locked account', async () => {
    for (let tries = 0; tries < 3; tries += 1) await failing('SIMK02', 'not-the-password');
    expect(await failing('SIMK02')).toMatchObject({
      __typename: 'AuthenticationError',
      code: 'PERMISSION_DENIED',
      message: expect.stringMatching(/locked this account.*Unlock it at the broker/),
    });
  });

  test('an unknown user id', async () => {
    expect(await failing('NOBODY1', 'some-password')).toMatchObject({
      __typename: 'InputError',
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(/does not accept this user id/),
    });
  });

  test('a one-time token that has ended at the broker', async () => {
    const { id: challengeId } = await challengeOf('SIMK01');
    const accessCode = await codeOf(world, 'SIMK01');
    await world.advance(301);
    const { data } = await world.ask(complete, {
      variables: { input: { challengeId, accessCode } },
    });
    expect(data?.completeLogin).toMatchObject({
      __typename: 'AuthenticationError',
      code: 'TOKEN_REJECTED',
      message: expect.stringMatching(/took too long.*Start it again with the password/),
    });
  });

  test('a wrong secret of the app is the operator’s to correct', async () => {
    const app = { ...kotakApp, accessToken: 'outdated-app-token' };
    const other = await startWorld({ ...options, apps: [app], limits: manyTries });
    const { data } = await other.ask(begin, { variables: given('SIMK01') });
    expect(data?.beginLogin).toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringMatching(/access token of the app. The operator has to renew it/),
    });
  });

  test.each([
    ['no user id', { userId: 'a b', password: 'x' }, 'userId'],
    ['an empty password', { userId: 'SIMK01', password: '' }, 'password'],
    ['an app that is not known', { userId: 'SIMK01', password: 'x', apiKey: 'other' }, 'apiKey'],
  ])('%s, without a call', async (_what, input, field) => {
    const { data } = await world.ask(begin, { variables: { input } });
    expect(data?.beginLogin).toMatchObject({ code: 'BAD_USER_INPUT', field });
    expect(await world.calls()).toEqual([]);
  });

  test('an app of a broker with a login page is NOT_SUPPORTED, without a call', async () => {
    const input = { userId: 'SIM0001', password: 'x', apiKey: 'simulator' };
    const { data } = await world.ask(begin, { variables: { input } });
    expect(data?.beginLogin).toMatchObject({
      code: 'NOT_SUPPORTED',
      message: expect.stringMatching(/loginUrl/),
    });
    expect(await world.calls()).toEqual([]);
  });

  test('where neither a token nor a cookie can be given, nothing is sent to the broker', async () => {
    const { data } = await closed.ask(begin, { variables: given('SIMK01') });
    expect(data?.beginLogin).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(/EXPOSE_TOKENS.*Origin header/s),
    });
    expect(await closed.calls()).toEqual([]);
  });
});

describe('a page of a trusted origin', () => {
  const origin = new URL(closed.url).origin;

  test('gets no token, and its challenge serves no other browser and no caller without a cookie', async () => {
    const visitor = new Visitor(origin, gateway);
    const { data } = await visitor.ask(begin, given('SIMK01'));
    if (data?.beginLogin?.__typename !== 'LoginChallenge') throw new Error(JSON.stringify(data));
    const input = { challengeId: data.beginLogin.id, accessCode: await codeOf(closed, 'SIMK01') };
    const cookies = [...visitor.cookies.keys()];
    expect(cookies).toEqual([expect.stringMatching(/^kite_graphql-login-/)]);
    expect(visitor.setCookies[0]).toMatch(/HttpOnly/);
    await closed.calls();

    const elsewhere = await new Visitor(origin, gateway).ask(complete, { input });
    expect(elsewhere.data?.completeLogin).toMatchObject({ field: 'challengeId' });
    expect(await closed.calls()).toEqual([]);

    const own = await visitor.ask(complete, { input });
    expect(own.data?.completeLogin).toMatchObject({
      __typename: 'Session',
      accessToken: null,
      broker: 'KOTAK',
      user: { userId: 'SIMK01', userName: 'Ishita Wangchuk' },
    });
    expect([...visitor.cookies.keys()]).toEqual(['kite_graphql']);
    // The same request again, as a page that runs twice sends it.
    await closed.calls();
    const again = await visitor.ask(complete, { input });
    expect(again.data?.completeLogin).toMatchObject({ __typename: 'Session' });
    expect(await closed.calls()).toEqual([]);
  });

  test('an origin that is not allowed begins nothing', async () => {
    const visitor = new Visitor(origin, 'https://elsewhere.example');
    const { data } = await visitor.ask(begin, given('SIMK01'));
    expect(data?.beginLogin).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await closed.calls()).toEqual([]);
  });
});

describe('a password and a code', () => {
  const password = 'correct-horse-battery-staple';

  test.each([
    [
      'in the document',
      `mutation { beginLogin(input: { userId: "SIMK01", password: "${password}" }) { __typename } }`,
    ],
    [
      'as the default of a variable',
      `mutation A($p: String! = "${password}") { beginLogin(input: { userId: "SIMK01", password: $p }) { __typename } }`,
    ],
    [
      'in the default of an input',
      `mutation A($i: BeginLoginInput! = { userId: "SIMK01", password: "${password}" }) { beginLogin(input: $i) { __typename } }`,
    ],
    [
      'in a fragment',
      `mutation { ...F } fragment F on Mutation { beginLogin(input: { userId: "SIMK01", password: "${password}" }) { __typename } }`,
    ],
    [
      'as a code',
      `mutation { completeLogin(input: { challengeId: "x", accessCode: "${password}" }) { __typename } }`,
    ],
    [
      'as a block of text',
      `mutation { beginLogin(input: { userId: "SIMK01", password: """${password}""" }) { __typename } }`,
    ],
  ])('are refused %s, which is not kept, and nothing is sent', async (_where, document) => {
    const { status, errors, text } = await world.askRaw(document);
    expect(status).toBe(400);
    expect(errors[0]?.message).toMatch(/as a variable without a default/);
    expect(text).not.toContain(password);
    expect(lines.join('')).not.toContain(password);
    expect(await world.calls()).toEqual([]);
  });

  test('a null code may be written in the document', async () => {
    const document =
      'mutation { completeLogin(input: { challengeId: "x", accessCode: null }) { ... on ApiError { code } } }';
    const { data } = await world.askRaw(document);
    expect(data.completeLogin).toEqual({ code: 'BAD_USER_INPUT' });
  });

  test.each([
    ['a list', { input: { userId: 'SIMK01', password: [password] } }],
    ['an object', { input: { userId: 'SIMK01', password: { value: password } } }],
    ['a field that does not exist', { input: { userId: 'SIMK01', passwort: password } }],
    ['a user id that is missing', { input: { password } }],
    ['the input itself', { input: password }],
    ['a text that is too long', { input: { userId: 'SIMK01', password: password.repeat(100) } }],
  ])('are not echoed: %s', async (_what, variables) => {
    const { errors, text } = await world.askRaw(begin.toString(), { variables });
    expect(errors.map(({ extensions }) => extensions.code)).toContain('BAD_USER_INPUT');
    expect(text).not.toContain(password);
    expect(lines.join('')).not.toContain(password);
  });

  test('are in no answer and no line of the log, also where the broker repeats them or breaks', async () => {
    const challenge = await challengeOf('SIMK01');
    const accessCode = await codeOf(world, 'SIMK01');
    const secrets = [passwordOf('SIMK01')];
    const texts: string[] = [];
    const path = '/kotak/apim/session/1.0/session/login/userid';
    const repeated = `Password ${secrets[0]} is wrong`;
    for (const fault of [
      { kind: 'error-envelope', code: 400002, status: 400, message: repeated },
      { kind: 'error-envelope', code: 1, status: 500, message: repeated },
      { kind: 'broken-json' },
      { kind: 'html' },
      { kind: 'reset' },
    ]) {
      await world.clearFaults();
      await world.fault({ ...fault, path });
      const { data, text } = await world.ask(begin, { variables: given('SIMK01') });
      expect(data?.beginLogin).toMatchObject({ retryable: false });
      texts.push(text);
    }
    await world.clearFaults();
    const { text } = await world.ask(complete, {
      variables: { input: { challengeId: challenge.id, accessCode: wrong(accessCode) } },
    });
    texts.push(text);
    const everything = [...texts, ...lines].join('\n');
    for (const secret of secrets) expect(everything).not.toContain(secret);
    expect(text).not.toContain(wrong(accessCode));
  });

  test('are in no row of the store; the one-time token is, encrypted', async () => {
    const store = createMemoryStore(() => now);
    const written: string[] = [];
    const recording = new Proxy(store, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...words: unknown[]) => {
          written.push(JSON.stringify(words));
          return Reflect.apply(value, target, words);
        };
      },
    });
    const other = await startWorld({ ...options, keyringStore: recording, limits: manyTries });
    const { id: challengeId } = await challengeOf('SIMK01', other.ask);
    const accessCode = await codeOf(other, 'SIMK01');
    await other.ask(complete, { variables: { input: { challengeId, accessCode } } });
    const all = written.join('\n');
    expect(all).toContain('login-challenge.');
    for (const text of [passwordOf('SIMK01'), 'SIMK01', challengeId, `"${accessCode}"`]) {
      expect(all).not.toContain(text);
    }
  });
});

describe('tries are bounded before any call', () => {
  const tried = async (ask: World['ask'], userId: string) =>
    (await ask(begin, { variables: given(userId, 'not-the-password') })).data?.beginLogin;
  const refused = {
    __typename: 'UpstreamError',
    code: 'RATE_LIMITED',
    retryable: true,
    retryAfterSeconds: 60,
    message: expect.stringMatching(/wrong tries lock the account/),
  };
  const clock = { milliseconds: () => 0, wait: async () => {} };

  test('five of an address', async () => {
    const other = await startWorld({ ...options, clock });
    for (let count = 0; count < 5; count += 1) {
      expect(await tried(other.ask, `SIMK9${count}`)).toMatchObject({ code: 'BAD_USER_INPUT' });
    }
    await other.calls();
    expect(await tried(other.ask, 'SIMK01')).toMatchObject(refused);
    expect(await other.calls()).toEqual([]);
  });

  test('five for a user id in either case, from whatever addresses', async () => {
    const other = await startWorld({ ...options, clock, trustProxy: true });
    const from = (address: string, userId: string) =>
      other.ask(begin, {
        variables: given(userId, 'not-the-password'),
        headers: { 'x-forwarded-for': address },
      });
    for (let count = 0; count < 5; count += 1) {
      const userId = count % 2 === 0 ? 'SIMK01' : 'simk01';
      await from(`192.0.2.${count}`, userId);
    }
    await other.calls();
    expect((await from('192.0.2.9', 'SIMK01')).data?.beginLogin).toMatchObject(refused);
    expect(await other.calls()).toEqual([]);
    expect((await from('192.0.2.9', 'SIMK03')).data?.beginLogin).toMatchObject({
      code: 'TOKEN_REJECTED',
    });
  });

  test('and as many codes, of which a refused one spends no challenge', async () => {
    let milliseconds = 0;
    const ownClock = { milliseconds: () => milliseconds, wait: async () => {} };
    const other = await startWorld({
      ...options,
      clock: ownClock,
      limits: { passwordTries: 2, passwordTriesPerUser: 5 },
    });
    const challenges = [
      await challengeOf('SIMK01', other.ask),
      await challengeOf('SIMK01', other.ask),
    ];
    milliseconds = 60_000;
    challenges.push(await challengeOf('SIMK01', other.ask));
    const accessCode = await codeOf(other, 'SIMK01');
    const send = async (index: number, code: string) =>
      (
        await other.ask(complete, {
          variables: { input: { challengeId: challenges[index]?.id ?? '', accessCode: code } },
        })
      ).data?.completeLogin;
    await send(0, wrong(accessCode));
    await send(1, wrong(accessCode));
    await other.calls();
    expect(await send(2, accessCode)).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterSeconds: 60,
    });
    expect(await other.calls()).toEqual([]);
    milliseconds = 120_000;
    expect(await send(2, accessCode)).toMatchObject({ __typename: 'Session' });
  });
});
