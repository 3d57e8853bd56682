// Every status of the tables in the documentation of Kotak's session API, and the faults that were seen, at each step.
import { describe, expect, test } from 'vitest';
import type { BrokerErrorCode } from '../../src/brokers/error.ts';
import { errorOf, startKotak } from './client.ts';

type World = Awaited<ReturnType<typeof startKotak>>;

/** A step, once everything that it needs has been done. */
type Step = (world: World) => Promise<() => Promise<unknown>>;

const steps = {
  session_init: async (world) => () => world.begin('SIMK01'),
  login: async (world) => () => world.begin('SIMK01'),
  session_2fa: async (world) => {
    const begun = await world.begin('SIMK01');
    const code = await world.codeOf('SIMK01');
    return () => world.complete(begun, code);
  },
  logout: async (world) => () => world.logOut('SIMK01'),
  margin: async (world) => () => world.margins('SIMK01'),
} satisfies Record<string, Step>;

const paths: Readonly<Record<keyof typeof steps, string>> = {
  session_init: '/session/1.0/session/init',
  login: '/session/1.0/session/login/userid',
  session_2fa: '/session/1.0/session/2FA/accesscode',
  logout: '/session/1.0/session/logout',
  margin: '/margin/1.0/margin',
};

/** Makes a step fail at both hosts, and gives what it rejects with. */
async function failing(step: keyof typeof steps, fault: object) {
  const world = await startKotak();
  const take = await steps[step](world);
  const kind = 'error-envelope';
  for (const host of ['kotak', 'kotak-c']) {
    await world.fault({ kind, path: `/${host}/apim${paths[step]}`, ...fault });
  }
  return { error: await errorOf(take()), calls: await world.calls() };
}

type Row = readonly [status: number, words: string, code: BrokerErrorCode];

/** What the tables of all steps have. */
const everywhere: readonly Row[] = [
  [429, 'Too many requests to the API', 'rate-limited'],
  [500, 'Unexpected error', 'other'],
  [503, 'Trade API service is unavailable', 'unavailable'],
  [504, 'Gateway timeout, trade API is unreachable', 'unavailable'],
];
/** What those of each step of a login have. */
const inLogin: readonly Row[] = [
  [401, 'Verify resource and path of the request', 'permission'],
  ...everywhere,
];

const tables: Readonly<Record<keyof typeof steps, readonly Row[]>> = {
  session_init: [[400, 'Invalid or missing input parameters', 'input'], ...inLogin],
  login: [[400, 'Invalid or missing input parameters', 'token'], ...inLogin],
  session_2fa: [[400, 'Invalid or missing input parameters', 'token'], ...inLogin],
  logout: [[400, 'Invalid or missing input parameters', 'other'], ...everywhere],
  // Not in the tables of sessions: the documentation of margins.
  margin: [
    [400, 'Invalid or missing input parameters', 'other'],
    [403, 'Invalid session, please re-login to continue', 'token'],
    [502, 'Not able to communicate with OMS', 'unavailable'],
    ...everywhere,
  ],
};

describe.each(Object.keys(tables) as (keyof typeof steps)[])('%s', (step) => {
  test('200 is a success', async () => {
    const world = await startKotak();
    await (await steps[step](world))();
    expect(world.failures).toEqual([]);
  });

  test.each(tables[step])('%i (%s) is %s', async (status, message, code) => {
    const { error } = await failing(step, { status, message });
    expect(error).toMatchObject({ code, status });
  });
});

describe('statuses that the tables do not list', () => {
  test.each<[keyof typeof steps, number, BrokerErrorCode]>([
    ['session_init', 403, 'permission'],
    ['login', 403, 'permission'],
    ['session_2fa', 403, 'permission'],
    ['session_2fa', 424, 'token'],
    ['session_init', 424, 'unavailable'],
    ['login', 424, 'unavailable'],
    ['margin', 424, 'unavailable'],
    ['logout', 403, 'token'],
    ['margin', 401, 'permission'],
    ['margin', 418, 'other'],
  ])('at %s, %i is %s', async (step, status, code) => {
    const { error } = await failing(step, { status });
    expect(error).toMatchObject({ code, status });
  });
});

describe('faults are told by their number, whatever the status', () => {
  test.each<[keyof typeof steps, number, BrokerErrorCode]>([
    ['session_init', 900901, 'permission'],
    ['session_init', 70009, 'permission'],
    ['login', 70009, 'permission'],
    ['session_2fa', 70009, 'permission'],
    ['session_init', 999003, 'permission'],
    ['margin', 99999, 'token'],
    ['logout', 99999, 'token'],
  ])('at %s, %i is %s', async (step, code, expected) => {
    for (const status of [200, 400]) {
      const { error } = await failing(step, { status, code, message: 'Words' });
      expect(error).toMatchObject({
        code: expected,
        status,
        errorType: String(code),
        brokerMessage: 'Words',
      });
    }
  });

  test('a fault that is not known is an error of the broker, also with HTTP 200', async () => {
    const { error } = await failing('login', { status: 200, code: 123456, message: 'New' });
    expect(error).toMatchObject({ code: 'other', errorType: '123456', brokerMessage: 'New' });
  });
});

describe('what the user, or the operator, has to do is said', () => {
  test('a wrong password', async () => {
    const world = await startKotak();
    const error = await errorOf(world.begin('SIMK01', 'wrong'));
    expect(error).toMatchObject({
      code: 'token',
      advice: expect.stringMatching(/password.*Check/),
    });
  });

  test('an unknown user id', async () => {
    const world = await startKotak();
    const error = await errorOf(world.begin('NOBODY'));
    expect(error).toMatchObject({ code: 'input', advice: expect.stringContaining('user id') });
  });

  test('a wrong access code', async () => {
    const world = await startKotak();
    const error = await errorOf(world.complete(await world.begin('SIMK01'), '0000'));
    expect(error).toMatchObject({
      code: 'token',
      advice: expect.stringMatching(/access code.*code of today/),
    });
  });

  test('a second step without the code that the user needs', async () => {
    const world = await startKotak();
    const error = await errorOf(world.complete(await world.begin('SIMK01'), null));
    expect(error).toMatchObject({
      code: 'token',
      advice: expect.stringContaining('give the code'),
    });
  });

  test('a one-time token that is no longer good', async () => {
    const world = await startKotak();
    const begun = await world.begin('SIMK01');
    const code = await world.codeOf('SIMK01');
    await world.complete(begun, code);
    expect(await errorOf(world.complete(begun, code))).toMatchObject({
      code: 'token',
      status: 424,
      advice: expect.stringMatching(/Start it again/),
    });
  });

  test('an account that is locked after wrong tries', async () => {
    const world = await startKotak();
    for (const _try of [1, 2, 3]) await errorOf(world.begin('SIMK02', 'wrong'));
    expect(await errorOf(world.begin('SIMK02'))).toMatchObject({
      code: 'permission',
      errorType: '70009',
      advice: expect.stringMatching(/locked.*Unlock/),
    });
  });

  test('a host that the operator has not allowed', async () => {
    const world = await startKotak({ hosts: ([first]) => [first] });
    for (const call of [world.begin('SIMK02'), world.margins('SIMK02'), world.logOut('SIMK02')]) {
      expect(await errorOf(call)).toMatchObject({
        code: 'app-secret',
        advice: expect.stringContaining('KOTAK_BASE_URLS'),
      });
    }
    expect((await world.calls()).filter((call) => call.includes('kotak-c'))).toEqual([]);
  });

  test('an access token of the app that is refused', async () => {
    const { error } = await failing('session_init', { status: 401, code: 900901 });
    expect(error.advice).toMatch(/access token of the app/);
  });
});

test('no step is sent twice but init', async () => {
  for (const [step, times] of [
    ['session_init', 4],
    ['login', 1],
    ['session_2fa', 1],
    ['logout', 1],
  ] as const) {
    const { calls } = await failing(step, { status: 503 });
    const name = paths[step].replace('/session/1.0/session', '');
    // init: once more at each of the two hosts.
    expect([step, calls.filter((call) => call.endsWith(name)).length]).toEqual([step, times]);
  }
});

describe('an answer that is no envelope', () => {
  test.each([
    ['html', {}, 'invalid-response'],
    ['broken-json', {}, 'invalid-response'],
    ['empty', {}, 'invalid-response'],
    ['bad-gateway-html', {}, 'unavailable'],
    ['missing-error-type', {}, 'token'],
    ['missing-fields', { fields: ['sessionToken'] }, 'invalid-response'],
    ['wrong-types', { fields: { sessionToken: 5 } }, 'invalid-response'],
    ['reset', {}, 'unavailable'],
  ] as const)('%s %j at the second step is %s', async (kind, fault, code) => {
    const world = await startKotak();
    const begun = await world.begin('SIMK01');
    const accessCode = await world.codeOf('SIMK01');
    await world.fault({ kind, path: '/kotak/apim/session/1.0/session/2FA/accesscode', ...fault });
    expect((await errorOf(world.complete(begun, accessCode))).code).toBe(code);
  });
});
