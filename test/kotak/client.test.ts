// Kotak's client: the way in, hosts and redirects, the app's access token, and what is read of each answer.
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Deadline } from '../../src/brokers/upstream/operation.ts';
import { control } from '../simulator/helper.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { serveHttp } from '../upstream/raw-server.ts';
import { appWithSecret, errorOf, startKotak } from './client.ts';

describe('a login', () => {
  test('is init, the password, the code; the answer tells who the user is', async () => {
    const world = await startKotak();
    const begun = await world.begin('SIMK01');
    expect(begun).toMatchObject({ userId: 'SIMK01', sentTo: ['XXXXXXX801', expect.any(String)] });
    const session = await world.complete(begun, await world.codeOf('SIMK01'));
    expect(session).toMatchObject({
      userId: 'SIMK01',
      publicToken: null,
      refreshToken: null,
      authenticationMethods: [
        { method: 'PASSWORD', assuranceLevel: 'SINGLE_FACTOR', provider: 'KOTAK' },
        { method: 'ACCESS_CODE', assuranceLevel: 'TWO_FACTOR', provider: 'KOTAK' },
      ],
      profile: {
        brokerName: 'KOTAK',
        userId: 'SIMK01',
        userName: 'Ishita Wangchuk',
        exchanges: ['NSE', 'BSE'],
        products: ['NORMAL', 'SUPERMULTIPLE', 'MTF', 'MIS'],
        email: null,
        broker: null,
        orderTypes: null,
      },
    });
    // Month first, in India, whatever the zone of this machine.
    expect(String((session.loginTime as Date).toISOString())).toMatch(/^2026-01-05T04:30:/);
    expect(await world.calls()).toEqual([
      'GET /kotak/init',
      'POST /kotak/login/userid',
      'POST /kotak/2FA/accesscode',
    ]);
  });

  test('without a code uses the one-time token, and reads an answer in lower case', async () => {
    const world = await startKotak();
    const session = await world.complete(await world.begin('SIMK03'), null);
    expect(session.profile).toMatchObject({ userId: 'SIMK03', exchanges: ['NSE', 'BSE'] });
    expect((await world.calls()).at(-1)).toBe('POST /kotak/2FA/oneTimeToken');
  });

  test('shows neither password, code nor token in anything that is printed', async () => {
    const world = await startKotak();
    const begun = await world.begin('SIMK01');
    const code = await world.codeOf('SIMK01');
    const session = await world.complete(begun, code);
    const secrets = [begun.oneTimeToken, session.accessToken].map((secret) => secret.reveal());
    const echo = { kind: 'error-envelope', status: 400, path: undefined };
    const words = ['SIMK01-password', 'simulator-kotak-app-token', ...secrets].join(' and ');
    await world.fault({ ...echo, message: words, description: words });
    const errors = [
      await errorOf(world.begin('SIMK01')),
      await errorOf(world.complete(begun, code)),
      await errorOf(world.margins('SIMK01', session.accessToken.reveal())),
    ];
    const printed = inspect([begun, session, errors, world.failures], { depth: 12 });
    for (const secret of [...secrets, 'simulator-kotak-app-token']) {
      expect(printed).not.toContain(secret);
    }
    expect(JSON.stringify([begun, session])).not.toContain(begun.oneTimeToken.reveal());
    const own = inspect(await errorOf(world.begin('SIMK01', 'a-long-password')), { depth: 12 });
    expect(own).not.toContain('a-long-password');
  });

  test('is refused where the account is closed, or the password would have to be encrypted', async () => {
    for (const [fields, code] of [
      [{ status: 'Closed' }, 'permission'],
      [{ status: 'Inactive' }, 'permission'],
      [{ 'encryption.type': 'RSA' }, 'not-supported'],
    ] as const) {
      const world = await startKotak();
      await world.fault({ kind: 'wrong-types', fields });
      const error = await errorOf(world.begin('SIMK01'));
      expect([fields, error.code]).toEqual([fields, code]);
      expect((await world.calls()).filter((call) => call.startsWith('POST'))).toEqual([]);
    }
  });
});

describe('hosts', () => {
  test('init’s redirect is followed, and the login goes on there', async () => {
    const world = await startKotak();
    const begun = await world.begin('SIMK02');
    await world.complete(begun, await world.codeOf('SIMK02'));
    expect(await world.calls()).toEqual([
      'GET /kotak/init',
      'GET /kotak-c/init',
      'POST /kotak-c/login/userid',
      'POST /kotak-c/2FA/accesscode',
    ]);
  });

  test('at most two redirects are followed', async () => {
    const world = await startKotak();
    const { url } = world.simulator;
    const redirect = (from: string, to: string) =>
      world.fault({
        kind: 'wrong-types',
        path: `/${from}/apim/session/1.0/session/init`,
        fields: { 'redirect.host': `${url}/${to}/apim` },
      });
    await redirect('kotak', 'kotak-c');
    await redirect('kotak-c', 'kotak');
    const error = await errorOf(world.begin('SIMK01'));
    expect([error.code, error.advice]).toEqual(['other', expect.stringMatching(/redirect/)]);
    // From each of the two hosts: the host, and two redirects.
    expect((await world.calls()).length).toBe(6);
  });

  test.each(['https://evil.example/apim', 'http://127.0.0.1:1/kotak/apim', 'x', '//evil.example'])(
    'a redirect to %s is not followed',
    async (host) => {
      const world = await startKotak();
      await world.fault({ kind: 'wrong-types', fields: { 'redirect.host': host } });
      expect((await errorOf(world.begin('SIMK01'))).code).toBe('app-secret');
      expect(await world.calls()).toEqual(['GET /kotak/init']);
    },
  );

  test('the fault 999024 at init is a redirect too', async () => {
    const world = await startKotak();
    await world.fault({
      kind: 'error-envelope',
      code: 999024,
      description: `Please use ${world.simulator.url}/kotak-c/apim.`,
      path: '/kotak/apim/session/1.0/session/init',
      status: 403,
    });
    await world.begin('SIMK02');
    expect((await world.calls()).slice(0, 2)).toEqual(['GET /kotak/init', 'GET /kotak-c/init']);
  });

  test('where a host does not answer init the next one is asked, and the first failure is told', async () => {
    const world = await startKotak();
    const path = '/kotak/apim/session/1.0/session/init';
    await world.fault({ kind: 'internal-error', path });
    await world.begin('SIMK02');
    await world.fault({ kind: 'bad-gateway-html', path: path.replace('kotak', 'kotak-c') });
    expect(await errorOf(world.begin('SIMK02'))).toMatchObject({ code: 'other', status: 500 });
  });

  test('a session of another host is found there, and remembered', async () => {
    const world = await startKotak();
    await world.margins('SIMK02');
    await world.margins('SIMK02');
    await world.logOut('SIMK02');
    expect(await world.calls()).toEqual([
      'GET /kotak/apim/margin/1.0/margin',
      'GET /kotak-c/apim/margin/1.0/margin',
      'GET /kotak-c/apim/margin/1.0/margin',
      'DELETE /kotak-c/logout',
    ]);
  });
});

describe('the access token of an app', () => {
  const atTheTime = (clock: TestClock) => ({ now: () => new Date(clock.milliseconds()) });

  test('is made once for all calls that wait for it', async () => {
    const world = await startKotak({ app: appWithSecret });
    await Promise.all(['SIMK01', 'SIMK03', 'SIMK01'].map((userId) => world.margins(userId)));
    const calls = await world.calls();
    expect(calls.filter((call) => call === 'POST /kotak/apim/token')).toHaveLength(1);
    expect(calls).toHaveLength(4);
  });

  test('is replaced before it ends', async () => {
    const clock = new TestClock();
    const world = await startKotak({ app: appWithSecret, ...atTheTime(clock) });
    const made = async () => (await world.calls()).filter((call) => call.endsWith('token')).length;
    await world.margins('SIMK01');
    clock.advance(3_539);
    await control(world.simulator, '/clock', { advanceSeconds: 3_539 });
    await world.margins('SIMK01');
    expect(await made()).toBe(1);
    clock.advance(2);
    await world.margins('SIMK01');
    expect(await made()).toBe(2);
  });

  test('is made again after the broker has refused it', async () => {
    const world = await startKotak({ app: appWithSecret });
    await world.margins('SIMK01');
    await control(world.simulator, '/clock', { advanceSeconds: 3_601 });
    expect((await errorOf(world.margins('SIMK01'))).code).toBe('permission');
    await world.margins('SIMK01');
  });

  test('a caller that leaves while it is made does not take the others along', async () => {
    const world = await startKotak({ app: appWithSecret });
    await world.fault({ kind: 'delay', delayMilliseconds: 50, path: '/kotak/apim/token' });
    const leaving = new Deadline(10_000);
    const first = errorOf(world.broker.kotakMargins(world.credentialOf('SIMK01'), leaving));
    const second = world.margins('SIMK01');
    leaving.abandon();
    expect((await first).code).toBe('aborted');
    await second;
  });

  test('is not made for an operation that is over', async () => {
    const world = await startKotak({ app: appWithSecret });
    const over = new Deadline(10_000);
    over.abandon();
    const call = world.broker.kotakMargins(world.credentialOf('SIMK01'), over);
    expect((await errorOf(call)).code).toBe('aborted');
    expect(await world.calls()).toEqual([]);
  });

  test('a failure to make it, after all that waited have left, is no unhandled rejection', async () => {
    const world = await startKotak({ app: appWithSecret });
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    onTestFinished(() => void process.off('unhandledRejection', note));
    const path = '/kotak/apim/token';
    await world.fault({ kind: 'service-unavailable', path });
    const leaving = new Deadline(10_000);
    const left = errorOf(world.broker.kotakMargins(world.credentialOf('SIMK01'), leaving));
    leaving.abandon();
    expect((await left).code).toBe('aborted');
    // The next one is told once that attempt is over.
    const error = await errorOf(world.margins('SIMK01'));
    expect(error.code).toBe('unavailable');
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });

  test('a broker that is down while it is made says nothing of the secret', async () => {
    const down = await serveHttp((_request, response) => void response.writeHead(503).end('{}'));
    const world = await startKotak({ app: appWithSecret, hosts: () => [down.url.href] });
    const error = await errorOf(world.margins('SIMK01'));
    expect(error).toMatchObject({ code: 'unavailable', advice: null });
  });

  test('a wrong secret is the operator’s to correct', async () => {
    const { Secret } = await import('../../src/brokers/upstream/secret.ts');
    const app = { ...appWithSecret, apiSecret: new Secret('wrong-secret') };
    const world = await startKotak({ app });
    const error = await errorOf(world.margins('SIMK01'));
    expect(error).toMatchObject({ code: 'app-secret', advice: expect.stringMatching(/secret/) });
    expect(inspect([error, world.failures], { depth: 12 })).not.toContain('wrong-secret');
  });
});

describe('margins and logout', () => {
  test('margins keep the broker’s names and structure', async () => {
    const world = await startKotak();
    expect(await world.margins('SIMK01')).toMatchObject({
      commodities: [],
      currency: [{ exchange: 'NSE', futures: { totalMargin: expect.any(Number) } }],
      equity: [{ exchange: 'NSE,BSE', mis: { misCutOff: 0, misPnl: 0, refreshTime: 15 } }],
    });
  });

  test('a logout is confirmed, and repeated it finds the session ended', async () => {
    const world = await startKotak();
    await world.logOut('SIMK01');
    expect((await errorOf(world.logOut('SIMK01'))).code).toBe('token');
    expect((await errorOf(world.margins('SIMK01'))).code).toBe('token');
  });

  test('what Kotak does not have is refused without a call', async () => {
    const { broker, operation, credentialOf, calls } = await startKotak();
    const credential = credentialOf('SIMK01');
    for (const call of [
      broker.margins(credential, operation()),
      broker.segmentMargins(credential, 'equity', operation()),
      broker.exchangeToken(
        'a',
        credential.accessToken,
        { checksum: credential.accessToken },
        operation(),
      ),
      broker.renewSession(
        'a',
        credential.accessToken,
        { checksum: credential.accessToken },
        operation(),
      ),
    ]) {
      expect(await errorOf(call)).toMatchObject({
        code: 'not-supported',
        mayHaveReachedBroker: false,
        mayPass: false,
      });
    }
    expect(await calls()).toEqual([]);
  });
});
