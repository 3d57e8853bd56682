// Session.signedToken: what others may rely on, and who gets none.
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { createEncrypter } from '../../src/keyring/crypto/encrypter.ts';
import { generateKey } from '../../src/keyring/crypto/keys.ts';
import { createKeyrings } from '../../src/keyring/keyrings.ts';
import { createMemoryStore } from '../../src/keyring/stores/memory-store.ts';
import { withDefaultLimits } from '../../src/limits.ts';
import { SessionTokens } from '../../src/session-tokens/session-tokens.ts';
import { sessionsOf } from '../keyring/fixtures.ts';
import { signingKey } from '../support/values/signing-keys.ts';
import { Visitor } from '../support/visitor.ts';
import { apps, tokens as headerOf, startOfTime, startWorld } from '../support/world.ts';

const publicUrl = 'http://localhost:4000/kite/';
const issuer = 'http://localhost:4000/kite';
const home = 'http://localhost:4000';
const templates = {
  default: { audience: 'orders' },
  reports: {
    audience: ['reports', 'archive'],
    ttlSeconds: 3_600,
    claims: {
      user: { path: 'user.userId' },
      name: { path: 'user.userName' },
      account: { path: 'account.id' },
      app: { path: 'apiKey' },
      broker: { path: 'broker' },
      since: { path: 'loginTime' },
      stored: { path: 'issuedAt' },
      label: { path: 'account.label' },
      proved: { path: 'authenticatedAt' },
      methods: { path: 'authenticationMethods' },
      level: { path: 'assuranceLevel' },
      role: 'trader',
      'https://hasura.io/jwt/claims': { 'x-hasura-user-id': { path: 'user.userId' } },
      constructor: { value: { path: 'a text' } },
    },
  },
};
const lines: string[] = [];
let time = startOfTime;
const now = () => time;
const logger = pino({ level: 'trace' }, { write: (line) => void lines.push(line) });
const options = { publicUrl, exposeTokens: false, now, logger, apps };
const keys = { EdDSA: signingKey('EdDSA', 'ed'), ES256: signingKey('ES256', 'ec') };
const withTokens = (first: 'EdDSA' | 'ES256', others: readonly ('EdDSA' | 'ES256')[] = []) =>
  new SessionTokens({ keys: [first, ...others].map((name) => keys[name]), templates });
const world = await startWorld({ ...options, sessionTokens: withTokens('EdDSA', ['ES256']) });

async function loggedIn({ url }: { readonly url: string } = world, userId = 'SIM0001') {
  const { origin } = new URL(url);
  const visitor = new Visitor(origin, home);
  await visitor.logIn(`${origin}/login?app=simulator`, userId);
  return visitor;
}

const query = (...names: readonly string[]) =>
  `{ sessions { id account { id } ${names.map((name, index) => `t${index}: signedToken(template: "${name}")`).join(' ')} } }`;

const ask = (visitor: Visitor, text: string): ReturnType<typeof world.askRaw> =>
  visitor.askRaw(text);

beforeEach(async () => {
  time = startOfTime;
  lines.length = 0;
  await world.reset();
});

test.each(['EdDSA', 'ES256'] as const)(
  'a token of %s is verified by another library',
  async (algorithm) => {
    const sessionTokens = withTokens(algorithm);
    const other = await startWorld({ ...options, sessionTokens });
    const visitor = await loggedIn(other);
    const { data, errors } = await ask(visitor, '{ sessions { id account { id } signedToken } }');
    expect(errors).toEqual([]);
    const [{ id, account, signedToken }] = data.sessions;
    const { payload, protectedHeader } = await jwtVerify(
      signedToken,
      createLocalJWKSet(JSON.parse(sessionTokens.keySet.body)),
      {
        issuer,
        audience: 'orders',
        currentDate: time,
        algorithms: [algorithm],
        requiredClaims: ['jti', 'exp', 'iat'],
      },
    );
    expect(protectedHeader).toEqual({ alg: algorithm, kid: keys[algorithm].kid, typ: 'JWT' });
    const iat = startOfTime.getTime() / 1_000;
    expect(payload).toEqual({
      iss: issuer,
      sub: account.id,
      aud: 'orders',
      iat,
      exp: iat + 60,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      sid: id,
    });
  },
);

test('a template maps what the session has, and no token of the broker', async () => {
  const visitor = await loggedIn();
  const { data } = await ask(visitor, query('reports'));
  const [{ account, t0 }] = data.sessions;
  const claims = decodeJwt(t0);
  expect(claims).toMatchObject({
    sub: account.id,
    aud: ['reports', 'archive'],
    exp: startOfTime.getTime() / 1_000 + 3_600,
    user: 'SIM0001',
    name: expect.any(String),
    account: account.id,
    app: 'simulator',
    broker: 'KITE',
    since: expect.stringMatching(/\+05:30$/),
    stored: '2026-01-05T15:30:00+05:30',
    proved: expect.stringMatching(/\+05:30$/),
    methods: ['BROKER_LOGIN'],
    role: 'trader',
    'https://hasura.io/jwt/claims': { 'x-hasura-user-id': 'SIM0001' },
    constructor: { path: 'a text' },
  });
  // What the session does not have is left out.
  expect(Object.keys(claims)).not.toEqual(expect.arrayContaining(['level']));
  expect(Object.keys(claims)).not.toEqual(expect.arrayContaining(['label']));
});

test('a claim without a value is left out', async () => {
  const sessionTokens = new SessionTokens({
    keys: [keys.EdDSA],
    templates: { default: { claims: { since: { path: 'loginTime' }, role: 'trader' } } },
  });
  const other = await startWorld({ ...options, sessionTokens });
  await other.fault({ kind: 'missing-fields', fields: ['login_time'] });
  const visitor = await loggedIn(other);
  const { data } = await ask(visitor, '{ sessions { loginTime signedToken } }');
  const [{ loginTime, signedToken }] = data.sessions;
  const claims = decodeJwt(signedToken);
  expect(loginTime).toBeNull();
  expect('since' in claims).toBe(false);
  expect(claims.role).toBe('trader');
  expect('aud' in claims).toBe(false);
});

test('every operation gets another token, and one operation one for each template', async () => {
  const visitor = await loggedIn();
  const first = (await ask(visitor, query('default', 'default', 'reports'))).data.sessions[0];
  const second = (await ask(visitor, query('default'))).data.sessions[0];
  expect(first.t0).toBe(first.t1);
  const ids = [first.t0, first.t2, second.t0].map((token) => decodeJwt(token).jti);
  expect(new Set(ids).size).toBe(3);
});

test('a token lives no longer than its session is expected to', async () => {
  const visitor = await loggedIn();
  const expiresAt = new Date('2026-01-06T06:00:00+05:30');
  time = new Date(expiresAt.getTime() - 30_500);
  const [{ t0, t1 }] = (await ask(visitor, query('default', 'reports'))).data.sessions;
  expect([t0, t1].map((token) => decodeJwt(token).exp)).toEqual(
    [expiresAt, expiresAt].map((end) => end.getTime() / 1_000),
  );
  for (const late of [0, 1_000]) {
    time = new Date(expiresAt.getTime() + late);
    expect((await ask(visitor, query('default'))).data.sessions[0].t0).toBeNull();
  }
});

describe('no token', () => {
  test('for a session that the broker has ended, also in the answer that finds it', async () => {
    const visitor = await loggedIn();
    await world.advance(86_400);
    const { data } = await ask(visitor, '{ sessions { signedToken account { user { email } } } }');
    expect(data.sessions[0].signedToken).toBeNull();
    expect((await ask(visitor, query('default'))).data.sessions[0].t0).toBeNull();
  });

  test('for a session of another browser of the same user, nor any token of the broker', async () => {
    const keyringKeys = [generateKey()];
    const keyringStore = createMemoryStore(now);
    const other = await startWorld({
      ...options,
      exposeTokens: true,
      keyringKeys,
      keyringStore,
      sessionTokens: withTokens('EdDSA'),
    });
    const theirs = (await ask(await loggedIn(other), '{ sessions { id } }')).data.sessions[0];
    const visitor = await loggedIn(other);
    const session = 'id current signedToken accessToken publicToken refreshToken';
    const { data, text } = await ask(
      visitor,
      `{ sessions(scope: USER) { ${session} account { session { ${session} } } } }`,
    );
    const [own, elsewhere] = [true, false].map((isOwn) =>
      data.sessions.find(({ current }: { current: boolean }) => current === isOwn),
    );
    expect(elsewhere).toMatchObject({ id: theirs.id, signedToken: null, accessToken: null });
    expect(decodeJwt(own.signedToken).sid).toBe(own.id);
    // Its account is this browser's own, and so is the session that is reached by it.
    expect(decodeJwt(elsewhere.account.session.signedToken).sid).toBe(own.id);
    const keyrings = createKeyrings({
      store: keyringStore,
      encrypter: createEncrypter(keyringKeys),
      now,
      limits: withDefaultLimits(),
    });
    const placed = await sessionsOf(keyrings, { broker: 'KITE', userId: 'SIM0001' });
    const secrets = placed.flatMap(({ record }) =>
      [record.accessToken, record.publicToken, record.refreshToken].flatMap((token) =>
        token === null ? [] : [token.reveal()],
      ),
    );
    expect(secrets.length).toBeGreaterThanOrEqual(4);
    for (const secret of secrets) expect([text, ...lines].join('')).not.toContain(secret);
  });

  test('after a logout, by a login of header credentials, or without keys', async () => {
    const visitor = await loggedIn();
    await loggedIn(world, 'SIM0002');
    await ask(visitor, 'mutation { logout { loggedOut } }');
    for (const session of (await ask(visitor, query('default'))).data.sessions ?? []) {
      expect(session.t0).toBeNull();
    }
    const header = await world.askRaw('{ account { session { signedToken } } }', {
      authorization: headerOf('SIM0001'),
    });
    expect(header.data.account.session).toBeNull();
    const bare = await startWorld(options);
    const { data, errors } = await ask(await loggedIn(bare), query('default', 'unknown'));
    expect(errors).toEqual([]);
    expect(data.sessions[0]).toMatchObject({ t0: null, t1: null });
  });
});

test.each(['unknown', '', '__proto__', 'constructor', 'toString', 'x'.repeat(500)])(
  'the template %j is BAD_USER_INPUT, and takes no other answer along',
  async (name) => {
    const visitor = await loggedIn();
    const { data, errors } = await ask(visitor, query(name, 'default'));
    expect(errors).toMatchObject([
      {
        path: ['sessions', 0, 't0'],
        extensions: { code: 'BAD_USER_INPUT', field: 'template', retryable: false },
      },
    ]);
    if (name.length > 8) expect(errors[0]?.message).not.toContain(name);
    expect(data.sessions[0]).toMatchObject({ t0: null, t1: expect.any(String) });
  },
);

test('a template of null is the default one', async () => {
  const visitor = await loggedIn();
  const { data } = await ask(visitor, '{ sessions { signedToken(template: null) } }');
  expect(decodeJwt(data.sessions[0].signedToken).aud).toBe('orders');
});

test('one operation gets as many different tokens as its limit says', async () => {
  const other = await startWorld({
    ...options,
    sessionTokens: withTokens('ES256'),
    limits: { signedTokens: 1 },
  });
  const { data, errors } = await ask(await loggedIn(other), query('default', 'default', 'reports'));
  expect(data.sessions[0]).toMatchObject({
    t0: expect.any(String),
    t1: expect.any(String),
    t2: null,
  });
  expect(errors).toMatchObject([
    { path: ['sessions', 0, 't2'], extensions: { code: 'TOO_LARGE' } },
  ]);
});

test('a token makes no call to the broker, and stands in no line of the log', async () => {
  const visitor = await loggedIn();
  await world.calls();
  const { data } = await ask(visitor, query('default', 'nothing'));
  expect(await world.calls()).toEqual([]);
  const token = data.sessions[0].t0;
  expect(lines.length).toBeGreaterThan(0);
  for (const part of token.split('.')) expect(lines.join('')).not.toContain(part);
  expect(lines.join('')).not.toContain(keys.EdDSA.d);
});

test('the header of a token names the key that signs now', async () => {
  const sessionTokens = withTokens('EdDSA', ['ES256']);
  const other = await startWorld({ ...options, sessionTokens });
  const visitor = await loggedIn(other);
  const kidOf = async () =>
    decodeProtectedHeader((await ask(visitor, query('default'))).data.sessions[0].t0).kid;
  expect(await kidOf()).toBe('ed');
  sessionTokens.replace({ keys: [keys.ES256, keys.EdDSA], templates });
  expect(await kidOf()).toBe('ec');
});
